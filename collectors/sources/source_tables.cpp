// What is said of the sources themselves: whether they can be read, and what their pages lack.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "collectors/sources/interpreter.h"

namespace highwater::sources {
namespace {

const std::vector<std::string_view> kSource{"cluster", "source"};

const Measure kUp{"source_up",
                  "Whether all of the source could be read when it was last tried; unknown until "
                  "then.",
                  Unit::boolean, MeasureType::gauge, kSource};
const Measure kScrapeSeconds{"source_scrape_seconds",
                             "How long the last try to read the source took, whether it succeeded "
                             "or not.",
                             Unit::seconds, MeasureType::gauge, kSource};
const Measure kSeries{"source_series",
                      "How many series of the source are read, those that are unknown at the "
                      "moment included.",
                      Unit::count, MeasureType::gauge, kSource};
const Measure kMetricMissing{"source_metric_missing",
                             "Whether the source's page has nothing of what a mapping names; "
                             "unknown while it cannot be read.",
                             Unit::boolean,
                             MeasureType::gauge,
                             {"cluster", "source", "metric"}};
const std::vector<std::string_view> kGroupTopic{"cluster", "group", "topic"};
const Measure kRecords{"records_total",
                       "How many records an application was to process; counted by the application "
                       "itself, the topic may be empty.",
                       Unit::records, MeasureType::counter, kGroupTopic};
const Measure kRecordsFailed{"records_failed_total",
                             "How many records an application failed to process; counted by the "
                             "application itself, the topic may be empty.",
                             Unit::records, MeasureType::counter, kGroupTopic};

constexpr std::array<const Measure*, 6> kMeasures{
    &kUp, &kScrapeSeconds, &kSeries, &kMetricMissing, &kRecords, &kRecordsFailed};

}  // namespace

std::span<const Measure* const> source_measures() {
  return kMeasures;
}

std::span<const Measure* const> fillable_measures() {
  return std::span(kMeasures).last<2>();
}

void SourcesInterpreter::add_sources(const Symbol& cluster, Now now, Observation& observation) {
  std::vector<size_t> own;
  for (size_t i = 0; i < sources_.size(); ++i) {
    if (plan_.sources[i].cluster == cluster) own.push_back(i);
  }
  if (own.empty()) return;
  auto& keys = source_keys_[cluster];
  if (keys == nullptr) {
    std::vector<Symbol> cells;
    for (const size_t i : own) cells.insert(cells.end(), {cluster, plan_.sources[i].name});
    keys = std::make_shared<const KeySet>(kSource, std::move(cells));
  }
  TableBuilder up(kUp, keys), seconds(kScrapeSeconds, keys), series(kSeries, keys);
  for (size_t row = 0; row < own.size(); ++row) {
    const Source& source = sources_[own[row]];
    const Unknown reason = outdated(own[row], now);
    series.set(row, static_cast<double>(source.series.size()));
    if (reason != Unknown::known) {
      for (TableBuilder* table : {&up, &seconds, &series}) table->set_unknown(row, reason);
      continue;
    }
    up.set(row, source.last.failure ? 0 : 1);
    seconds.set(row, to_seconds(source.last.took));
    observation.took = std::max(observation.took, source.last.took);
    const Entity entity(kSource, keys->row(row));
    const std::string& name = plan_.sources[own[row]].name.text();
    for (const std::string& remark : source.last.readings.remarks)
      observation.problems.push_back({fmt::format("source {}: {}", name, remark), entity});
    if (!source.last.failure) continue;
    observation.notes.push_back({entity, source.last.failure->what});
    observation.problems.push_back(
        {fmt::format("source {}: {}", name, source.last.failure->what), entity});
  }
  for (TableBuilder* table : {&up, &seconds, &series})
    observation.tables.push_back(std::move(*table).build());
}

void SourcesInterpreter::add_missing(const Symbol& cluster, Now now, Observation& observation) {
  struct Missing {
    Unknown reason = Unknown::known;
    const Finding* lacking = nullptr;
  };
  std::map<std::pair<Symbol, Symbol>, Missing> rows;  // by source and metric
  for (size_t i = 0; i < plan_.mappings.size(); ++i) {
    const Mapping& mapping = plan_.mappings[i];
    for (const size_t number : mapping.sources) {
      if (mapping.may_be_absent || !(plan_.sources[number].cluster == cluster)) continue;
      const Source& source = sources_[number];
      Missing& row = rows[{plan_.sources[number].name, Symbol(sought(mapping))}];
      const Unknown old = outdated(number, now);
      const auto& findings = source.last.readings.findings;
      const auto finding = std::ranges::find(findings, i, &Finding::mapping);
      const bool lacking = finding != findings.end() && finding->found == Found::lacking;
      if (old != Unknown::known) {
        row.reason = old;
      } else if (source.last.failure && (finding == findings.end() || lacking)) {
        row.reason = source.last.failure->reason;
      } else if (lacking && row.lacking == nullptr) {
        row.lacking = &*finding;
      }
    }
  }
  if (rows.empty()) return;
  auto& keys = missing_keys_[cluster];
  if (keys == nullptr) {
    std::vector<Symbol> cells;
    for (const auto& [names, row] : rows)
      cells.insert(cells.end(), {cluster, names.first, names.second});
    keys = std::make_shared<const KeySet>(kMetricMissing.dimensions, std::move(cells));
  }
  TableBuilder missing(kMetricMissing, keys);
  size_t number = 0;
  for (const auto& [names, row] : rows) {
    const size_t place = number++;
    if (row.reason != Unknown::known) {
      missing.set_unknown(place, row.reason);
      continue;
    }
    missing.set(place, row.lacking != nullptr ? 1 : 0);
    if (row.lacking == nullptr) continue;
    const Mapping& mapping = plan_.mappings[row.lacking->mapping];
    const Entity entity(kMetricMissing.dimensions, keys->row(place));
    const std::string why =
        fmt::format("{}; '{}' has no rows of it", row.lacking->why, mapping.measure->name);
    observation.notes.push_back({entity, why});
    observation.problems.push_back({fmt::format("source {}: {}", names.first.text(), why), entity});
  }
  observation.tables.push_back(std::move(missing).build());
}

}  // namespace highwater::sources
