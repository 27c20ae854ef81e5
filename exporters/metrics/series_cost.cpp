#include "exporters/metrics/series_cost.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

namespace highwater {
namespace {

// Of the canary's topic, of dead-letter topics, of what applications count, of what is held back or
// stands still.
constexpr std::string_view kFewRows[] = {"canary_", "dead_letter", "records_", "open_transaction_",
                                         "group_stalled_member_"};

bool has(const Measure& measure, std::string_view dimension) {
  return dimension_index(measure, dimension) >= 0;
}

}  // namespace

RowKind row_kind(const Measure& measure) {
  if (std::ranges::any_of(kFewRows, [&](auto prefix) { return measure.name.starts_with(prefix); }))
    return RowKind::other;
  const bool topic = has(measure, "topic");
  const bool partition = has(measure, "partition");
  if (has(measure, "group")) {
    if (partition) return RowKind::group_partition;
    return topic ? RowKind::group_topic : RowKind::group;
  }
  if (partition) return has(measure, "broker") ? RowKind::replica : RowKind::partition;
  if (topic) return RowKind::topic;
  const bool one_each = measure.dimensions.size() == 2 || measure.unit == Unit::info;
  return has(measure, "broker") && one_each ? RowKind::broker : RowKind::other;
}

std::string_view row_kind_name(RowKind kind) {
  switch (kind) {
    case RowKind::broker:
      return "broker";
    case RowKind::topic:
      return "topic";
    case RowKind::partition:
      return "partition";
    case RowKind::replica:
      return "replica";
    case RowKind::group:
      return "group";
    case RowKind::group_topic:
      return "topic of a group";
    case RowKind::group_partition:
      return "committed offset";
    case RowKind::other:
      return "other";
  }
  return {};
}

SeriesCost series_cost(const Catalogue& catalogue) {
  SeriesCost costs{};
  for (const Measure* measure : catalogue.measures()) {
    KindCost& cost = costs[static_cast<size_t>(row_kind(*measure))];
    switch (exported(*measure)) {
      case Exported::always:
        ++cost.always;
        break;
      case Exported::nonzero:
        ++cost.nonzero;
        break;
      case Exported::full:
        ++cost.full;
        break;
    }
  }
  return costs;
}

}  // namespace highwater
