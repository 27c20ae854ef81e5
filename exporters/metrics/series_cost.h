// How many series a cluster costs: for each kind of row, how many measures are exported for each of
// its rows. docs/metrics.md says it as a formula, and a test compares it with the metrics page.
// Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/core/exported.h"
#include "agent/core/measure.h"

namespace highwater {

// What a cluster has many of. A measure whose rows are of another kind, or of some topics only, is
// `other`.
enum class RowKind : uint8_t {
  broker,
  topic,
  partition,
  replica,
  group,
  group_topic,      // a topic in which a group committed an offset
  group_partition,  // a committed offset
  other,
};
constexpr size_t kRowKinds = 8;

[[nodiscard]] RowKind row_kind(const Measure& measure);
[[nodiscard]] std::string_view row_kind_name(RowKind kind);  // "topic of a group"

// How many measures there are for each row of a kind.
struct KindCost {
  size_t always = 0;
  size_t nonzero = 0;
  size_t full = 0;
};
using SeriesCost = std::array<KindCost, kRowKinds>;
[[nodiscard]] SeriesCost series_cost(const Catalogue& catalogue);

}  // namespace highwater
