#include "collectors/cluster/monitor.h"

#include <fmt/format.h>

#include <algorithm>

#include "collectors/cluster/monitor_blindness.h"
#include "collectors/tables/column.h"

namespace highwater::collectors {
namespace {

const Measure kUnknownRows{"collector_unknown_rows",
                           "How many rows of the collector are unknown for the reason; all rows "
                           "count as not_asked when its newest observation is too old.",
                           Unit::count,
                           MeasureType::gauge,
                           {"cluster", "collector", "reason"}};
const Measure kStale{"collector_stale",
                     "Whether the collector's newest observation is too old to be used.",
                     Unit::boolean,
                     MeasureType::gauge,
                     {"cluster", "collector"}};
const Measure kAge{"collector_age_seconds",
                   "Age of the collector's newest observation.",
                   Unit::seconds,
                   MeasureType::gauge,
                   {"cluster", "collector"}};

const Measure kUnread{
    "collector_unread_rows",
    "How many rows of the collector cannot be read although no broker is down, no "
    "right is missing and nothing else explains it, whatever the reasons; all "
    "rows when its newest observation is too old.",
    Unit::count,
    MeasureType::gauge,
    {"cluster", "collector"}};

constexpr std::array<const Measure*, 4> kMeasures{&kUnknownRows, &kStale, &kAge, &kUnread};

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
  add_blindness(observation, snapshot, cluster, now);
  return observation;
}

void MonitorInterpreter::count_unknown(const Snapshot& snapshot, const Symbol& cluster, Now now) {
  std::erase_if(unknown_rows_, [&](const auto& entry) {
    return !snapshot.observations.contains({cluster, entry.first.first});
  });
  for (auto& [key, rows] : unknown_rows_) rows = 0;
  for_each_part(snapshot, cluster, [&](std::string_view part, const Observation& seen) {
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

// The notes of alerts about this part say why its rows are unknown.
void MonitorInterpreter::add_blindness(Observation& observation, const Snapshot& snapshot,
                                       const Symbol& cluster, Now now) {
  static const std::vector<std::string_view> kPartOfCluster{"cluster", "collector"};
  const MonitorBlindness blindness(snapshot, cluster, now);
  Column rows(kUnread, part_keys_.expected_rows());
  for_each_part(snapshot, cluster, [&](std::string_view part, const Observation& seen) {
    MonitorBlindness::Unread unread = blindness.judge(seen);
    part_keys_.add(cluster, part_symbol(part));
    rows.add(static_cast<double>(unread.rows));
    // Other alerts about this part, such as missing rights, show the errors as well.
    if (unread.rows == 0 && !seen.problems.empty() && !is_stale(seen, now.steady)) {
      unread.why = seen.problems.front().what;
      if (seen.problems.size() > 1)
        unread.why += fmt::format(" (and {} more)", seen.problems.size() - 1);
    }
    if (unread.why.empty()) return;
    observation.notes.push_back(
        {Entity(kPartOfCluster, std::array{cluster, part_symbol(part)}), std::move(unread.why)});
  });
  observation.tables.push_back(std::move(rows).build(part_keys_.finish()));
}

const Symbol& MonitorInterpreter::part_symbol(std::string_view part) {
  const auto [found, added] = parts_.try_emplace(part);
  if (added) found->second = Symbol(part);
  return found->second;
}

}  // namespace highwater::collectors
