#include "collectors/monitor.h"

#include <fmt/format.h>

#include <algorithm>

#include "collectors/canary/interpreter.h"
#include "collectors/column.h"
#include "collectors/sources/interpreter.h"

namespace highwater::collectors {
namespace {

const Measure kUnknownRows{"monitor_unknown_rows",
                           "How many rows of the part are unknown for the reason; all rows of a "
                           "part that is too old count as not_asked.",
                           Unit::count,
                           MeasureType::gauge,
                           {"cluster", "collector", "reason"}};
const Measure kStale{"monitor_stale",
                     "Whether the part's newest observation is too old to speak for the present.",
                     Unit::boolean,
                     MeasureType::gauge,
                     {"cluster", "collector"}};
const Measure kAge{"monitor_part_age_seconds",
                   "Age of the part's newest observation.",
                   Unit::seconds,
                   MeasureType::gauge,
                   {"cluster", "collector"}};

constexpr std::array<const Measure*, 3> kMeasures{&kUnknownRows, &kStale, &kAge};

constexpr std::string_view kPart = "monitor";
// It is made anew with every observation; this only says when its silence would be odd.
constexpr Duration kCadence = std::chrono::seconds(5);

template <class Visit>
void for_each_part(const Snapshot& snapshot, const Symbol& cluster, Visit visit) {
  auto entry = snapshot.observations.lower_bound({cluster, std::string_view{}});
  for (; entry != snapshot.observations.end() && entry->first.first == cluster; ++entry) {
    if (entry->first.second != kPart && entry->second) visit(entry->first.second, *entry->second);
  }
}

}  // namespace

std::span<const Measure* const> MonitorInterpreter::measures() {
  return kMeasures;
}

Observation MonitorInterpreter::interpret(const Snapshot& snapshot, const Symbol& cluster,
                                          Now now) {
  Observation observation;
  observation.cluster = cluster;
  observation.part = kPart;
  observation.at = now;
  observation.cadence = kCadence;
  count_unknown(snapshot, cluster, now);
  add_unknown(observation, cluster);
  add_ages(observation, snapshot, cluster, now);
  add_notes(observation, snapshot, cluster, now);
  return observation;
}

void MonitorInterpreter::count_unknown(const Snapshot& snapshot, const Symbol& cluster, Now now) {
  std::erase_if(unknown_rows_, [&](const auto& entry) {
    return !snapshot.observations.contains({cluster, entry.first.first});
  });
  for (auto& [key, rows] : unknown_rows_) rows = 0;
  for_each_part(snapshot, cluster, [&](std::string_view part, const Observation& seen) {
    // What others measure is not the cluster, and says by itself whether it can be read.
    if (part == sources::kSourcesPart || part == canary::kCanaryPart) return;
    const bool stale = is_stale(seen, now.steady);
    std::array<size_t, kUnknownReasons> rows{};
    for (const Table& table : seen.tables) {
      if (stale) rows[static_cast<size_t>(Unknown::not_asked)] += table.rows();
      if (stale) continue;
      for (const Unknown reason : table.unknown) ++rows[static_cast<size_t>(reason)];
    }
    rows[static_cast<size_t>(Unknown::known)] = 0;
    for (size_t reason = 0; reason < rows.size(); ++reason) {
      if (rows[reason] > 0) unknown_rows_[{part, static_cast<Unknown>(reason)}] = rows[reason];
    }
  });
}

void MonitorInterpreter::add_unknown(Observation& observation, const Symbol& cluster) {
  Column column(kUnknownRows, unknown_rows_.size());
  for (const auto& [key, rows] : unknown_rows_) {
    Symbol& reason = reasons_[static_cast<size_t>(key.second)];
    if (reason.empty()) reason = Symbol(unknown_name(key.second));
    unknown_keys_.add(cluster, part_symbol(key.first), reason);
    column.add(static_cast<double>(rows));
  }
  observation.tables.push_back(std::move(column).build(unknown_keys_.finish()));
}

void MonitorInterpreter::add_ages(Observation& observation, const Snapshot& snapshot,
                                  const Symbol& cluster, Now now) {
  Column stale(kStale, part_keys_.expected_rows());
  Column age(kAge, part_keys_.expected_rows());
  for_each_part(snapshot, cluster, [&](std::string_view part, const Observation& seen) {
    part_keys_.add(cluster, part_symbol(part));
    stale.add(is_stale(seen, now.steady) ? 1 : 0);
    age.add(std::max(0.0, to_seconds(now.steady - seen.at.steady)));
  });
  const auto keys = part_keys_.finish();
  observation.tables.push_back(std::move(stale).build(keys));
  observation.tables.push_back(std::move(age).build(keys));
}

// An alert that says how much cannot be read says by these why.
void MonitorInterpreter::add_notes(Observation& observation, const Snapshot& snapshot,
                                   const Symbol& cluster, Now now) {
  static const std::vector<std::string_view> kPartOfCluster{"cluster", "collector"};
  for_each_part(snapshot, cluster, [&](std::string_view part, const Observation& seen) {
    if (seen.problems.empty() || is_stale(seen, now.steady)) return;
    const size_t others = seen.problems.size() - 1;
    std::string text = seen.problems.front().what;
    if (others > 0) text += fmt::format(" (and {} more)", others);
    observation.notes.push_back(
        {Entity(kPartOfCluster, std::array{cluster, part_symbol(part)}), std::move(text)});
  });
}

const Symbol& MonitorInterpreter::part_symbol(std::string_view part) {
  const auto [found, added] = parts_.try_emplace(part);
  if (added) found->second = Symbol(part);
  return found->second;
}

}  // namespace highwater::collectors
