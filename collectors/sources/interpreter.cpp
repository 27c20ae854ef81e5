#include "collectors/sources/interpreter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "collectors/sources/shown.h"

namespace highwater::sources {
namespace {

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

SourcesInterpreter::SourcesInterpreter(const SourcePlan& plan, std::vector<Symbol> clusters)
    : plan_(plan), clusters_(std::move(clusters)), sources_(plan.sources.size()) {
  add_empty_tables();
}

void SourcesInterpreter::take(Scrape scrape) {
  Source& source = sources_[scrape.source];
  ++scrapes_;
  stranger_.clear();
  for (const Reading& reading : scrape.readings.rows)
    take_reading(source, reading, scrape.at.steady);
  if (!scrape.failure) {
    drop_missing(source, scrapes_, scrape.at.steady);
    source.ever_good = true;
  } else {
    for (auto& [key, series] : source.series) {
      if (series.seen != scrapes_) series.reason = scrape.failure->reason;
    }
  }
  if (!stranger_.empty())
    scrape.readings.remarks.push_back(fmt::format(
        "series are left out: their cluster '{}' is not watched here", shown(stranger_)));
  source.tried = true;
  source.last = std::move(scrape);
  source.last.readings.rows = {};
}

void SourcesInterpreter::take_reading(Source& source, const Reading& reading, SteadyTime now) {
  Series* const series = find_or_make(source, reading, now);
  if (series == nullptr) return;
  series->seen = scrapes_;
  series->missed = 0;
  series->reason = reading.reason;
  if (reading.reason != Unknown::known) return;
  if (series->counter) grow(source, *series, reading.value);
  series->last = reading.value;
  series->ever_known = true;
}

SourcesInterpreter::Series* SourcesInterpreter::find_or_make(Source& source, const Reading& reading,
                                                             SteadyTime now) {
  const auto found = source.series.find(reading.series);
  if (found != source.series.end()) return &found->second;
  const Mapping& mapping = plan_.mappings[reading.mapping];
  const Symbol& cluster = reading.cells.front();
  if (std::ranges::find(clusters_, cluster) == clusters_.end()) {
    stranger_ = cluster.text();
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
  if (series.counter) {
    if (const auto last = source.absent.take(reading.series, now)) {
      series.last = *last;
      series.ever_known = true;
    }
  }
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

void SourcesInterpreter::drop_missing(Source& source, size_t scrape, SteadyTime now) {
  for (auto entry = source.series.begin(); entry != source.series.end();) {
    Series& series = entry->second;
    if (series.seen == scrape) {
      ++entry;
    } else if (++series.missed < kPagesUntilGone) {
      series.reason = Unknown::not_asked;
      ++entry;
    } else {
      if (series.counter && series.ever_known) source.absent.add(entry->first, series.last, now);
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

// Once every source of a measure was read, its table is published, if only to say that it is empty.
void SourcesInterpreter::add_empty_tables() {
  for (const Mapping& mapping : plan_.mappings) {
    for (const size_t number : mapping.sources) {
      for (const Symbol& cluster : clusters_) {
        const bool certain = mapping.cells.front().from == CellRule::From::constant ||
                             plan_.sources[number].cluster == cluster;
        if (certain && speaks_of(mapping, number, cluster))
          tables_[{cluster, mapping.measure}].combine = mapping.combine;
      }
    }
  }
}

// Whether rows of the source can be the cluster's.
bool SourcesInterpreter::speaks_of(const Mapping& mapping, size_t number,
                                   const Symbol& cluster) const {
  const CellRule& cell = mapping.cells.front();
  switch (cell.from) {
    case CellRule::From::constant:
      return cell.text == cluster.text();
    case CellRule::From::cluster:
      return plan_.sources[number].cluster == cluster;
    case CellRule::From::source:
    case CellRule::From::label:
    case CellRule::From::path:
    case CellRule::From::wildcard:
      return true;
  }
  return true;
}

// Whether what would be in the empty table is unknown: a source was not read yet, or its page lacks
// what the mapping names.
bool SourcesInterpreter::is_blind(const Measure& measure, const Symbol& cluster) const {
  for (size_t i = 0; i < plan_.mappings.size(); ++i) {
    const Mapping& mapping = plan_.mappings[i];
    if (mapping.measure != &measure) continue;
    for (const size_t number : mapping.sources) {
      if (!speaks_of(mapping, number, cluster)) continue;
      const Source& source = sources_[number];
      if (!source.ever_good) return true;
      const auto& findings = source.last.readings.findings;
      const auto finding = std::ranges::find(findings, i, &Finding::mapping);
      if (finding != findings.end() && finding->found == Found::lacking && !mapping.may_be_absent)
        return true;
    }
  }
  return false;
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
      if (key.first != cluster) continue;
      if (table.rows.empty() && is_blind(*key.second, cluster)) continue;
      add_table(*key.second, table, observation);
    }
    add_sources(cluster, now, observation);
    add_missing(cluster, now, observation);
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

Unknown SourcesInterpreter::outdated(size_t number, Now now) const {
  const Source& source = sources_[number];
  const SourceSettings& settings = plan_.sources[number];
  if (!source.tried) return Unknown::not_asked;
  const Duration limit = std::max(kStaleCadences * settings.every, kPatience) + settings.timeout;
  // The steady clock stops while the machine sleeps.
  const Duration age = std::max(now.steady - source.last.at.steady, now.wall - source.last.at.wall);
  return age > limit ? Unknown::not_asked : Unknown::known;
}

}  // namespace highwater::sources
