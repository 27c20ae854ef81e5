// A cluster "prod" as far as a remedy looks at it: rows of measures and relations, set one by one.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "exporters/remedies/remedy.h"
#include "tests/exporters/report_support.h"

namespace highwater::testing_support {

class World {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  // The row of these cells, the cluster aside.
  World& set(const std::string& measure, std::vector<std::string> cells, double value,
             Unknown reason = Unknown::known) {
    cells.insert(cells.begin(), "prod");
    for (Row& row : tables_[measure]) {
      if (row.cells != cells) continue;
      row = {std::move(cells), value, reason};
      return *this;
    }
    tables_[measure].push_back({std::move(cells), value, reason});
    return *this;
  }
  // The row depends on that broker.
  World& relate(const std::string& name, std::vector<std::string_view> dimensions,
                const std::vector<std::string>& from, const std::string& broker) {
    dimensions.insert(dimensions.begin(), "cluster");
    std::vector<Symbol> cells{Symbol("prod")};
    for (const std::string& cell : from) cells.emplace_back(cell);
    Relation relation;
    relation.name = kept(name);
    relation.from = std::make_shared<const KeySet>(dimensions, std::move(cells));
    relation.to =
        std::make_shared<const KeySet>(std::vector<std::string_view>{"cluster", "broker"},
                                       std::vector<Symbol>{Symbol("prod"), Symbol(broker)});
    relation.pairs = {{0, 0}};
    relations_.push_back(std::move(relation));
    return *this;
  }

  [[nodiscard]] static Alert alert(const std::string& rule, const Labels& labels) {
    Alert alert;
    alert.rule = rule;
    std::vector<std::pair<std::string_view, std::string>> all{{"cluster", "prod"}};
    for (const auto& [name, value] : labels) all.emplace_back(name, value);
    alert.entity = make_entity(all);
    alert.state = AlertState::firing;
    return alert;
  }
  [[nodiscard]] Remedy remedy(const std::string& rule, const Labels& labels) const {
    return remedy(alert(rule, labels));
  }
  [[nodiscard]] Remedy remedy(const Alert& headline, std::vector<Evidence> evidence = {}) const {
    Incident incident;
    incident.id = 7;
    incident.cause = incident.headline = headline;
    incident.evidence = std::move(evidence);
    return remedy_of(incident, report(), access);
  }
  [[nodiscard]] Report report() const {
    static std::map<std::string, Measure> measures;
    std::vector<Table> tables;
    for (const auto& [name, rows] : tables_) {
      constexpr std::string_view kDimensions[] = {"cluster", "a", "b", "c", "d", "e"};
      const size_t dimensions = rows.front().cells.size();
      Measure& measure = measures[name];
      measure.name = kept(name);
      measure.dimensions.assign(kDimensions, kDimensions + dimensions);
      tables.push_back(make_table(measure, rows));
    }
    Observation observation = make_observation("prod", "partitions", std::move(tables), age);
    observation.relations = relations_;
    Report report;
    report.at = test_now();
    report.snapshot = make_snapshot({std::move(observation)});
    return report;
  }

  ToolAccess access{"kafka-1:9092", false};
  Duration age = std::chrono::seconds(1);

 private:
  // As a literal, which lives for ever.
  static std::string_view kept(const std::string& name) {
    static std::deque<std::string> names;
    for (const std::string& one : names) {
      if (one == name) return one;
    }
    return names.emplace_back(name);
  }

  std::map<std::string, std::vector<Row>> tables_;
  std::vector<Relation> relations_;
};

// Broker 3 is down, and 1 and 2 are up.
inline World one_down(const std::string& status = "crashed") {
  World world;
  for (const char* broker : {"1", "2", "3"}) {
    const bool down = *broker == '3';
    world.set("broker_up", {broker}, down ? 0 : 1)
        .set("broker_failed", {broker}, down ? 1 : 0)
        .set("broker_stopped", {broker}, 0)
        .set("broker_status", {broker, down ? status : "up"}, 1)
        .set("broker_info", {broker, std::string("10.0.0.") + broker + ":9092", ""}, 1);
  }
  return world;
}

inline void expect_none(const Remedy& remedy, const std::string& why) {
  EXPECT_EQ(remedy.action, "");
  EXPECT_THAT(remedy.commands, testing::IsEmpty());
  EXPECT_THAT(remedy.check, testing::HasSubstr(why));
}

// Partitions of "orders" that broker 1 should lead and 2 leads.
inline World displaced(int partitions) {
  World world = one_down();
  for (int i = 0; i < partitions; ++i) {
    const std::string partition = std::to_string(i);
    world.set("partition_preferred_leader", {"orders", partition}, 0)
        .set("partition_preferred_broker", {"orders", partition}, 1)
        .set("partition_replica_in_sync", {"orders", partition, "1"}, 1)
        .set("partition_replica_in_sync", {"orders", partition, "2"}, 1);
  }
  return world;
}

}  // namespace highwater::testing_support
