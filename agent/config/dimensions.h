// `dimensions:` of an entry of `measures:`, and the paths into JSON that it shares with the other
// keys. Main's thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/yaml.h"
#include "collectors/sources/mapping.h"

namespace highwater::agent {

struct MeasureDimensions {
  std::vector<std::string> names;  // `cluster` first
  std::vector<sources::CellRule> cells;
};

// What the entry's other keys say.
struct DimensionContext {
  sources::PageFormat format = sources::PageFormat::prometheus;
  size_t wildcards = 0;  // of its path
  const std::vector<std::string>& clusters;
};
[[nodiscard]] MeasureDimensions read_dimensions(YamlMap& map, const DimensionContext& context);

// Nothing after a mistake in the path itself.
[[nodiscard]] std::optional<sources::JsonPath> read_path(YamlMap& map, const YamlNode& node,
                                                         std::string_view text,
                                                         std::optional<size_t> most_wildcards = {});
// Whether it can be the name of a measure or a dimension.
[[nodiscard]] bool is_snake_case(std::string_view name);

}  // namespace highwater::agent
