#include "collectors/sources/interpreter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

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
const std::vector<std::string_view> kGroupTopic{"cluster", "group", "topic"};
const Measure kRecords{"records_total",
                       "How many records an application was to process; counted by the application "
                       "itself, the topic may be empty.",
                       Unit::records, MeasureType::counter, kGroupTopic};
const Measure kRecordsFailed{"records_failed_total",
                             "How many records an application failed to process; counted by the "
                             "application itself, the topic may be empty.",
                             Unit::records, MeasureType::counter, kGroupTopic};

constexpr std::array<const Measure*, 5> kMeasures{&kUp, &kScrapeSeconds, &kSeries, &kRecords,
                                                  &kRecordsFailed};

// An observation is made at least this often.
constexpr Duration kCadence = std::chrono::seconds(5);
constexpr int kPagesUntilGone = 2;
constexpr Duration kPatience = std::chrono::seconds(15);

double combined(Combine combine, double a, double b) {
  switch (combine) {
    case Combine::refuse:
    case Combine::max:
      return std::max(a, b);
    case Combine::min:
      return std::min(a, b);
    case Combine::sum:
      return a + b;
  }
  return a;
}

}  // namespace

std::span<const Measure* const> source_measures() {
  return kMeasures;
}

std::span<const Measure* const> fillable_measures() {
  return std::span(kMeasures).last<2>();
}

SourcesInterpreter::SourcesInterpreter(const SourcePlan& plan, std::vector<Symbol> clusters)
    : plan_(plan), clusters_(std::move(clusters)), sources_(plan.sources.size()) {}

void SourcesInterpreter::take(Scrape scrape) {
  Source& source = sources_[scrape.source];
  ++scrapes_;
  strangers_ = 0;
  for (const Reading& reading : scrape.readings.rows) take_reading(source, reading);
  if (!scrape.failure) {
    drop_missing(source, scrapes_);
    source.ever_good = true;
  } else {
    for (auto& [key, series] : source.series) {
      if (series.seen != scrapes_) series.reason = scrape.failure->reason;
    }
  }
  if (strangers_ > 0)
    scrape.readings.remarks.emplace_back("series are left out: their cluster is not watched here");
  source.tried = true;
  source.last = std::move(scrape);
  source.last.readings.rows = {};
}

void SourcesInterpreter::take_reading(Source& source, const Reading& reading) {
  Series* const series = find_or_make(source, reading);
  if (series == nullptr) return;
  series->seen = scrapes_;
  series->missed = 0;
  series->reason = reading.reason;
  if (reading.reason != Unknown::known) return;
  if (series->counter) grow(source, *series, reading.value);
  series->last = reading.value;
  series->ever_known = true;
}

SourcesInterpreter::Series* SourcesInterpreter::find_or_make(Source& source,
                                                             const Reading& reading) {
  const auto found = source.series.find(reading.series);
  if (found != source.series.end()) return &found->second;
  const Mapping& mapping = plan_.mappings[reading.mapping];
  const Symbol& cluster = reading.cells.front();
  if (std::ranges::find(clusters_, cluster) == clusters_.end()) {
    ++strangers_;
    return nullptr;
  }
  MeasureRows& table = tables_[{cluster, mapping.measure}];
  table.combine = mapping.combine;
  const auto [row, added] = table.rows.try_emplace(reading.cells);
  if (added) {
    row->second.born = scrapes_;
    table.keys = nullptr;
  }
  ++row->second.series;
  Series series;
  series.place = {&table, row};
  series.counter = mapping.measure->type == MeasureType::counter;
  return &source.series.emplace(reading.series, std::move(series)).first->second;
}

// What a series counted before anybody looked is no growth of a row that was there already. What
// turns up on a page that was read before has been counted since.
void SourcesInterpreter::grow(const Source& source, Series& series, double value) const {
  Row& row = series.place.row->second;
  if (series.ever_known)
    row.total += value >= series.last ? value - series.last : value;
  else if (source.ever_good || row.born == scrapes_)
    row.total += value;
}

void SourcesInterpreter::drop_missing(Source& source, size_t scrape) {
  for (auto entry = source.series.begin(); entry != source.series.end();) {
    Series& series = entry->second;
    if (series.seen == scrape) {
      ++entry;
    } else if (++series.missed < kPagesUntilGone) {
      series.reason = Unknown::not_asked;
      ++entry;
    } else {
      drop(series.place);
      entry = source.series.erase(entry);
    }
  }
}

void SourcesInterpreter::drop(const Place& place) {
  if (--place.row->second.series > 0) return;
  place.table->rows.erase(place.row);
  place.table->keys = nullptr;
}

std::vector<Observation> SourcesInterpreter::observe(Now now) {
  std::set<Symbol> clusters;
  for (auto& [key, table] : tables_) {
    clusters.insert(key.first);
    for (auto& [cells, row] : table.rows) {
      row.known = 0;
      row.value = row.total;
      row.reason = Unknown::known;
      row.ambiguous = false;
    }
  }
  for (size_t i = 0; i < sources_.size(); ++i) {
    clusters.insert(plan_.sources[i].cluster);
    fold(sources_[i], outdated(i, now));
  }
  std::vector<Observation> observations;
  for (const Symbol& cluster : clusters) {
    Observation observation;
    observation.cluster = cluster;
    observation.part = kSourcesPart;
    observation.at = now;
    observation.cadence = kCadence;
    for (auto& [key, table] : tables_) {
      if (key.first == cluster) add_table(*key.second, table, observation);
    }
    add_sources(cluster, now, observation);
    observations.push_back(std::move(observation));
  }
  return observations;
}

void SourcesInterpreter::fold(const Source& source, Unknown outdated) {
  for (const auto& [key, series] : source.series) {
    Row& row = series.place.row->second;
    const Unknown reason = outdated != Unknown::known ? outdated : series.reason;
    if (reason != Unknown::known) {
      if (row.reason == Unknown::known) row.reason = reason;
      continue;
    }
    ++row.known;
    if (series.counter) continue;
    if (row.known > 1 && series.place.table->combine == Combine::refuse) {
      row.reason = Unknown::contradicted;
      row.ambiguous = true;
    }
    row.value = row.known == 1 ? series.last
                               : combined(series.place.table->combine, row.value, series.last);
  }
}

void SourcesInterpreter::add_table(const Measure& measure, MeasureRows& table,
                                   Observation& observation) {
  if (table.keys == nullptr) {
    std::vector<Symbol> cells;
    for (const auto& [key, row] : table.rows) cells.insert(cells.end(), key.begin(), key.end());
    table.keys = std::make_shared<const KeySet>(measure.dimensions, std::move(cells));
  }
  TableBuilder builder(measure, table.keys);
  size_t number = 0;
  bool ambiguous = false;
  for (const auto& [key, row] : table.rows) {
    ambiguous = ambiguous || row.ambiguous;
    if (row.reason == Unknown::known) {
      builder.set(number, row.value);
    } else {
      builder.set_unknown(number, row.reason, row.known > 0 ? row.value : std::nan(""));
    }
    ++number;
  }
  observation.tables.push_back(std::move(builder).build());
  if (!ambiguous) return;
  const Entity cluster(std::span(measure.dimensions).first(1), std::span(&observation.cluster, 1));
  observation.problems.push_back(
      {fmt::format("several series are one row of '{}': say 'combine', or add a dimension",
                   measure.name),
       cluster});
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

Unknown SourcesInterpreter::outdated(size_t number, Now now) const {
  const Source& source = sources_[number];
  const SourceSettings& settings = plan_.sources[number];
  if (!source.tried) return Unknown::not_asked;
  const Duration limit = std::max(kStaleCadences * settings.every, kPatience) + settings.timeout;
  return now.steady - source.last.at.steady > limit ? Unknown::not_asked : Unknown::known;
}

}  // namespace highwater::sources
