// Reads the text formats of Prometheus: 0.0.4 and OpenMetrics 1.0. Used by the sources, on their
// threads; pure.
//
// Nothing is copied but label values with escapes. A page is right as a whole or refused as a
// whole, with the line that is wrong: half a page would look as if series had vanished.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "agent/core/result.h"

namespace highwater::sources {

struct TextLabel {
  std::string_view name;
  std::string value;
};

// One line. Valid while it is visited.
struct TextSample {
  std::string_view name;
  std::span<const TextLabel> labels;
  double value = 0;                  // may be NaN and infinite
  std::optional<int64_t> unix_ms{};  // the moment it speaks of, when it says one
};

struct TextLimits {
  size_t samples = 1'000'000;
  size_t line = size_t{64} << 10;  // bytes
  size_t labels = 64;              // of one sample
};

// Whether the page is in OpenMetrics' format: the content type says so, or it ends like one.
[[nodiscard]] bool is_openmetrics(std::string_view text, std::string_view content_type);

// Which names are worth reading: the labels of others are skipped, if correctly formed.
using Wanted = std::function<bool(std::string_view name)>;
using Visit = std::function<void(const TextSample&)>;
// A `# TYPE` line: a family's name and type. It may have no samples yet.
using Declared = std::function<void(std::string_view name, std::string_view type)>;

// Visits the wanted samples in the page's order. After an error what was visited before it is void.
// How many samples the page has in all.
[[nodiscard]] Result<size_t> read_prometheus_text(std::string_view text, bool openmetrics,
                                                  const TextLimits& limits, const Wanted& wanted,
                                                  const Visit& visit,
                                                  const Declared& declared = {});

// Whether the bytes are valid UTF-8, without zeros.
[[nodiscard]] bool is_text(std::string_view bytes);

}  // namespace highwater::sources
