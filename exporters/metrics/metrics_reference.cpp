#include "exporters/metrics/metrics_reference.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "exporters/metrics/own_families.h"
#include "exporters/metrics/series_cost.h"

namespace highwater {
namespace {

constexpr std::string_view kHead = R"(# Metrics

What `/metrics` says. This page is written by `highwater generate metrics`; a measure `x` of the
[rules](rules.md) is `highwater_x` here.

* **A series that is missing is unknown, or 0 where "exported" says so.** What cannot be read is never 0 and
  never NaN: it has no sample. `highwater_collector_unknown_rows{cluster,collector,reason}` counts such rows, and
  `highwater_collector_up` is 0 where a collector sees nothing at all. When an observation is too old, all of its
  rows are unknown.
* **Exported** is `always`; `not 0`: a row is missing while it is 0 (write `highwater_x > 0`, not `== 0`); or `full`:
  only with `metrics: {detail: full}`, by which rows that are 0 are exported as well. Counters are never `not 0`:
  `rate()` would lose their first increase. Rules, SLOs, the API and recordings see every row whatever is exported.
* Of partitions a series exists where a state holds. How many there are in each state is always there, by topic:
  `highwater_topic_under_replicated_partitions` and the like. Rates are exported by topic and by group and topic:
  `rate(highwater_topic_records_total[5m])`, `highwater_group_consumed_records_per_second`.
* In OpenMetrics, families that end in `_info` have the type info; in the text format they are gauges.

)";

constexpr std::string_view kPrefix = "highwater_";

std::string_view exported_text(Exported rows) {
  switch (rows) {
    case Exported::always:
      return "always";
    case Exported::nonzero:
      return "not 0";
    case Exported::full:
      return "full";
  }
  return {};
}

std::string_view type_text(FamilyType type) {
  switch (type) {
    case FamilyType::gauge:
      return "gauge";
    case FamilyType::counter:
      return "counter";
    case FamilyType::histogram:
      return "histogram";
    case FamilyType::info:
      return "info";
    case FamilyType::untyped:
      return "untyped";
  }
  return {};
}

std::string_view type_text(const Measure& measure) {
  if (measure.unit == Unit::info && measure.name.ends_with("_info")) return "info";
  return measure.type == MeasureType::counter ? "counter" : "gauge";
}

std::string_view unit_text(Unit unit) {
  return unit == Unit::none || unit == Unit::info ? std::string_view("") : unit_name(unit);
}

// In a table a bar would end the cell.
std::string cell_text(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

// Budgets have the labels of what they belong to.
std::string labels_text(const Measure& measure) {
  std::string text;
  for (const std::string_view dimension : measure.dimensions) {
    const bool own = dimension == "entity" && dimension_index(measure, "slo") >= 0;
    text += fmt::format("{}{}", text.empty() ? "" : ", ",
                        own ? "those of what the budget belongs to" : dimension);
  }
  return text;
}

void add_costs(const Catalogue& catalogue, std::string& text) {
  const SeriesCost costs = series_cost(catalogue);
  std::string formula;
  std::string table;
  for (size_t i = 0; i + 1 < kRowKinds; ++i) {
    const KindCost& cost = costs[i];
    const auto name = row_kind_name(static_cast<RowKind>(i));
    if (cost.always > 0)
      formula += fmt::format("{}{} × {}s", formula.empty() ? "" : " + ", cost.always, name);
    table += fmt::format("| {} | {} | {} | {} |\n", name, cost.always, cost.nonzero,
                         cost.always + cost.nonzero + cost.full);
  }
  const size_t topics_of_groups = formula.find("topic of a groups");
  if (topics_of_groups != std::string::npos)
    formula.replace(topics_of_groups, 17, "topics of groups");
  text += fmt::format(
      "## What a cluster costs\n\n"
      "At rest, at most\n\n"
      "    {}\n\n"
      "series, about 300 for the agent itself and its requests to three brokers, and for each SLO, "
      "of each "
      "thing that has a budget, four and one for each window. A topic of a group is a topic in "
      "which the group "
      "committed offsets. What is `not 0` comes on top while it holds: six partitions "
      "under-replicated are six "
      "series more. A test compares this with the page.\n\n"
      "| for each | always | while not 0 | with full detail |\n|---|---|---|---|\n{}\n"
      "`scripts/bench micro` prints the series and bytes of 2,000 partitions with 510 groups.\n",
      formula, table);
}

struct Section {
  std::string_view title;
  std::vector<std::string_view> prefixes;
};

const std::array<Section, 9>& sections() {
  static const std::array<Section, 9> all{{
      {"Clusters and brokers", {"cluster_", "broker_", "quorum_", "controller_", "log_dir_"}},
      {"Nodes", {"node_"}},
      {"Topics", {"topic_", "dead_letter"}},
      {"Partitions", {"partition_"}},
      {"Consumer groups", {"group_"}},
      {"SLOs", {"slo_"}},
      {"Canary", {"canary_"}},
      {"Sources", {"source_", "records_"}},
      {"The agent's view", {""}},  // the rest
  }};
  return all;
}

size_t section_of(std::string_view name) {
  const auto found = std::ranges::find_if(sections(), [&](const Section& section) {
    return std::ranges::any_of(section.prefixes,
                               [&](std::string_view prefix) { return name.starts_with(prefix); });
  });
  return static_cast<size_t>(found - sections().begin());
}

void add_measures(const Catalogue& catalogue, size_t section, const RulesOfMeasures& rules,
                  std::string& text) {
  text += fmt::format(
      "\n## {}\n\n| family | type | unit | labels | exported | used by | "
      "|\n|---|---|---|---|---|---|---|\n",
      sections()[section].title);
  for (const Measure* measure : catalogue.measures()) {
    if (section_of(measure->name) != section) continue;
    const auto used = rules.find(measure->name);
    text += fmt::format("| `highwater_{}` | {} | {} | {} | {} | {} | {} |\n", measure->name,
                        type_text(*measure), unit_text(measure->unit), labels_text(*measure),
                        exported_text(exported(*measure)),
                        used == rules.end() ? "" : fmt::format("{}", fmt::join(used->second, ", ")),
                        cell_text(measure->help));
  }
  for (const HistogramMeasure* histogram : catalogue.histograms()) {
    if (section_of(histogram->name) != section) continue;
    text += fmt::format("| `highwater_{}` | histogram | {} | {} | always | | {} |\n",
                        histogram->name, unit_text(histogram->unit),
                        fmt::join(histogram->dimensions, ", "), cell_text(histogram->help));
  }
}

}  // namespace

std::string metrics_reference(const Catalogue& catalogue, const RulesOfMeasures& rules) {
  std::string text(kHead);
  add_costs(catalogue, text);
  for (size_t section = 0; section < sections().size(); ++section)
    add_measures(catalogue, section, rules, text);
  text +=
      "\n## Alerts, collectors and the agent itself\n\nNo rule can name these.\n\n"
      "| family | type | unit | labels | exported | |\n|---|---|---|---|---|---|\n";
  for (const OwnFamily* family : own_families()) {
    const bool measure = family->name.starts_with(kPrefix) &&
                         catalogue.find(family->name.substr(kPrefix.size())) != nullptr;
    if (measure) continue;  // listed above
    text += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", family->name,
                        type_text(family->type), family->unit, family->labels,
                        family->when.empty() ? "always" : family->when, cell_text(family->help));
  }
  return text;
}

}  // namespace highwater
