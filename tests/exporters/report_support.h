// A small world for the tests of what is scraped: two clusters, a few measures, one incident.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/report.h"

namespace highwater {

inline const Measure kBrokerUp{"broker_up",
                               "Whether the broker answers.",
                               Unit::boolean,
                               MeasureType::gauge,
                               {"cluster", "broker"}};
inline const Measure kBrokerResponse{"broker_response_seconds",
                                     "How long it took to answer.",
                                     Unit::seconds,
                                     MeasureType::gauge,
                                     {"cluster", "broker"}};
inline const Measure kBrokerStatus{"broker_status",
                                   "The broker's status.",
                                   Unit::info,
                                   MeasureType::gauge,
                                   {"cluster", "broker", "status"}};
inline const Measure kBrokerStatusSince{"broker_status_timestamp_seconds",
                                        "Since when.",
                                        Unit::seconds,
                                        MeasureType::gauge,
                                        {"cluster", "broker"}};
inline const Measure kBrokerInfo{
    "broker_info", "Its rack.", Unit::info, MeasureType::gauge, {"cluster", "broker", "rack"}};
inline const Measure kLeaderless{"partition_leaderless",
                                 "Whether nobody leads it.",
                                 Unit::boolean,
                                 MeasureType::gauge,
                                 {"cluster", "topic", "partition"}};
inline const Measure kCoverage{"slo_coverage_ratio",
                               "How much is known.",
                               Unit::ratio,
                               MeasureType::gauge,
                               {"cluster", "slo", "entity"}};
inline const Measure kLag{"group_lag_records",
                          "Records not read yet.",
                          Unit::records,
                          MeasureType::gauge,
                          {"cluster", "group", "topic", "partition"}};
inline const Measure kLagSum{"group_topic_lag_records",
                             "The same by topic.",
                             Unit::records,
                             MeasureType::gauge,
                             {"cluster", "group", "topic"}};
inline const Measure kLagSeconds{"group_lag_seconds_max",
                                 "The same in seconds, of the worst partition.",
                                 Unit::seconds,
                                 MeasureType::gauge,
                                 {"cluster", "group", "topic"}};
inline const Measure kElections{"broker_elections_total",
                                "Elections seen.",
                                Unit::count,
                                MeasureType::counter,
                                {"cluster", "broker"}};

inline const HistogramMeasure kWay{"record_way_seconds",
                                   "How long a record was on its way.",
                                   Unit::seconds,
                                   {"cluster"},
                                   {0.5, 1, 10}};

[[nodiscard]] inline Catalogue small_catalogue() {
  return Catalogue({&kBrokerUp, &kBrokerResponse, &kBrokerStatus, &kBrokerInfo, &kBrokerStatusSince,
                    &kLeaderless, &kCoverage, &kLag, &kLagSum, &kLagSeconds, &kElections},
                   {&kWay});
}

// A row of a table: its cells, and a value or a reason.
struct Row {
  std::vector<std::string> cells;
  double value = 0;
  Unknown unknown = Unknown::known;
};

[[nodiscard]] inline std::shared_ptr<const KeySet> keys_of(const Measure& measure,
                                                           const std::vector<Row>& rows) {
  std::vector<Symbol> cells;
  for (const Row& row : rows) {
    for (const std::string& cell : row.cells) cells.emplace_back(cell);
  }
  return std::make_shared<const KeySet>(measure.dimensions, std::move(cells));
}

[[nodiscard]] inline Table make_table(const Measure& measure, const std::vector<Row>& rows) {
  TableBuilder builder(measure, keys_of(measure, rows));
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].unknown == Unknown::known) {
      builder.set(i, rows[i].value);
    } else {
      builder.set_unknown(i, rows[i].unknown, rows[i].value);
    }
  }
  return std::move(builder).build();
}

// Ten minutes after some beginning; observations are made one second before, unless said otherwise.
[[nodiscard]] inline Now test_now() {
  const Duration since = std::chrono::minutes(10);
  return {SteadyTime(since), WallTime(std::chrono::seconds(1'700'000'000) + since)};
}

[[nodiscard]] inline Now before(Duration age) {
  return {test_now().steady - age, test_now().wall - age};
}

[[nodiscard]] inline Observation make_observation(std::string_view cluster, std::string_view part,
                                                  std::vector<Table> tables,
                                                  Duration age = std::chrono::seconds(1)) {
  Observation observation;
  observation.cluster = Symbol(cluster);
  observation.part = part;
  observation.at = before(age);
  observation.took = std::chrono::milliseconds(20);
  observation.cadence = std::chrono::seconds(5);
  observation.tables = std::move(tables);
  return observation;
}

[[nodiscard]] inline SnapshotPtr make_snapshot(std::vector<Observation> observations) {
  auto snapshot = std::make_shared<Snapshot>();
  for (Observation& observation : observations) {
    const std::pair<Symbol, std::string_view> key{observation.cluster, observation.part};
    snapshot->observations[key] = std::make_shared<const Observation>(std::move(observation));
  }
  return snapshot;
}

[[nodiscard]] inline Entity make_entity(
    const std::vector<std::pair<std::string_view, std::string>>& labels) {
  std::vector<std::string_view> dimensions;
  std::vector<Symbol> cells;
  for (const auto& [name, value] : labels) {
    dimensions.push_back(name);
    cells.emplace_back(value);
  }
  return {dimensions, cells};
}

[[nodiscard]] inline Alert broker_down_alert(const std::string& broker = "3") {
  Alert alert;
  alert.rule = "BrokerDown";
  alert.entity = make_entity({{"cluster", "prod"}, {"broker", broker}});
  alert.severity = Severity::page;
  alert.state = AlertState::firing;
  alert.summary = "broker " + broker + " of prod is down: it crashed";
  alert.description = "It refuses connections.";
  alert.note = "refuses connections since 12:03:10";
  alert.runbook = "broker-down";
  alert.active_since = before(std::chrono::seconds(90)).wall;
  alert.firing_since = before(std::chrono::seconds(90)).wall;
  alert.incident = 7;
  return alert;
}

[[nodiscard]] inline Incident broker_down_incident(const std::string& broker = "3") {
  Incident incident;
  incident.id = 7;
  incident.correlation.bytes = {0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd,
                                0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c};
  incident.cause = broker_down_alert(broker);
  incident.headline = incident.cause;
  incident.title = incident.cause.summary;
  incident.severity = Severity::page;
  incident.opened = incident.cause.firing_since;
  incident.updated = incident.opened;
  Evidence evidence;
  evidence.rule = "LeaderlessPartitions";
  evidence.entity = make_entity({{"cluster", "prod"}, {"topic", "orders"}, {"partition", "0"}});
  evidence.summary = "orders-0 has no leader";
  evidence.since = incident.opened;
  incident.evidence = {evidence};
  incident.evidence_count = 412;
  incident.impact = {{"partitions", "offline", 412, {}, true},
                     {"groups", "got another coordinator", 37, {"billing"}, true}};
  return incident;
}

}  // namespace highwater
