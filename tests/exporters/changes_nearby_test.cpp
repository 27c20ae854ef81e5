// Which changes are near an incident: by what its things depend on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <utility>

#include "agent/core/entity_text.h"
#include "exporters/changes/ledger.h"
#include "report_support.h"

namespace highwater::changes {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string kCluster = "cluster=prod";

Entity of(const std::string& labels) {
  const auto parsed = parse_entity_text(labels.empty() ? kCluster : kCluster + " " + labels);
  Entity entity;
  for (const auto& [name, value] : parsed.value())
    entity.labels.emplace_back(Symbol(name), Symbol(value));
  std::ranges::sort(entity.labels);
  return entity;
}

using Cells = std::vector<std::string>;  // without the cluster

Relation relation(std::vector<std::string_view> from, std::vector<std::string_view> to,
                  const std::vector<std::pair<Cells, Cells>>& rows) {
  std::vector<Symbol> left;
  std::vector<Symbol> right;
  Relation made{"made up", nullptr, nullptr, {}};
  for (const auto& [from_cells, to_cells] : rows) {
    made.pairs.emplace_back(made.pairs.size(), made.pairs.size());
    left.emplace_back("prod");
    for (const std::string& cell : from_cells) left.emplace_back(cell);
    right.emplace_back("prod");
    for (const std::string& cell : to_cells) right.emplace_back(cell);
  }
  made.from = std::make_shared<const KeySet>(std::move(from), std::move(left));
  made.to = std::make_shared<const KeySet>(std::move(to), std::move(right));
  return made;
}

// payments and audit read orders; billing reads refunds. orders-0 is led by broker 1, and on 2 as
// well; refunds-0 is on 3; the dead letters of orders are in orders.dlq.
SnapshotPtr world() {
  static const Measure kReplicas{"partition_replica_in_sync",
                                 "Help.",
                                 Unit::boolean,
                                 MeasureType::gauge,
                                 {"cluster", "topic", "partition", "broker"}};
  Observation observation =
      make_observation("prod", "partitions",
                       {make_table(kReplicas, {{{"prod", "orders", "0", "1"}, 1},
                                               {{"prod", "orders", "0", "2"}, 1},
                                               {{"prod", "refunds", "0", "3"}, 1}})});
  observation.relations = {
      relation({"cluster", "topic", "partition"}, {"cluster", "broker"},
               {{{"orders", "0"}, {"1"}}, {{"refunds", "0"}, {"3"}}}),
      relation({"cluster", "group"}, {"cluster", "topic", "partition"},
               {{{"payments"}, {"orders", "0"}},
                {{"audit"}, {"orders", "0"}},
                {{"billing"}, {"refunds", "0"}},
                {{"payments"}, {"clicks", "0"}}}),
      relation({"cluster", "group"}, {"cluster", "broker"}, {{{"payments"}, {"4"}}}),
      relation({"cluster", "topic"}, {"cluster", "topic"}, {{{"orders.dlq"}, {"orders"}}})};
  return make_snapshot({std::move(observation)});
}

const Measure kPartitions{
    "topic_partitions", "Help.", Unit::count, MeasureType::gauge, {"cluster", "topic"}};
const Measure kRetention{
    "topic_retention_seconds", "Help.", Unit::seconds, MeasureType::gauge, {"cluster", "topic"}};

class NearbyChanges : public testing::Test {
 protected:
  NearbyChanges() { incident_.cause.active_since = incident_.opened = began_; }

  void set_about(const std::string& labels) {
    incident_.cause.entity = of(labels);
    incident_.headline = incident_.cause;
  }
  // Something is done to the topic: it was 6, and is 12.
  void set(const Measure& measure, const std::string& topic, Duration before) {
    see(measure, before);
    values_[{&measure, topic}] = 12;
    see(measure, before);
  }
  // "orders: partitions 6 -> 12"; those that are not likely in brackets.
  [[nodiscard]] std::vector<std::string> found(const SnapshotPtr& snapshot = world()) const {
    std::vector<std::string> lines;
    for (const Related& one : changes_before(ledger_, incident_, snapshot.get(), 9)) {
      const std::string line = entity_text(one.change.about) + ": " + one.change.text;
      lines.push_back(one.likely ? line : "[" + line + "]");
    }
    return lines;
  }

  const WallTime began_{500'000h};
  Ledger ledger_;
  Incident incident_;

 private:
  void see(const Measure& measure, Duration before) {
    std::vector<Row> rows;
    for (const char* const topic : {"orders", "refunds"}) {
      const auto found = values_.find({&measure, topic});
      rows.push_back({{"prod", topic}, found == values_.end() ? 6 : found->second});
    }
    Observation observation = make_observation("prod", "topics", {make_table(measure, rows)});
    Report report;
    report.at = {SteadyTime(began_.time_since_epoch() - before), began_ - before};
    observation.at = report.at;
    report.snapshot = make_snapshot({std::move(observation)});
    ledger_.add(report);
  }

  std::map<std::pair<const Measure*, std::string>, double> values_;
};

TEST_F(NearbyChanges, AreOfWhatAGroupReadsAndOfTheBrokersUnderIt) {
  set_about("group=payments");
  ledger_.note(began_ - 1min, of("topic=orders"), "a relation away");
  ledger_.note(began_ - 1min, of("broker=4"), "its coordinator");
  ledger_.note(began_ - 1min, of("broker=2"), "two relations away");
  ledger_.note(began_ - 1min, of("group=payments"), "its own");
  ledger_.note(began_ - 1min, of("broker=3"), "of others");
  ledger_.note(began_ - 1min, of("topic=refunds"), "of others");
  ledger_.note(began_ - 1min, of("group=audit"), "reads the same");
  ledger_.note(began_ - 1min, of("group=audit topic=orders"), "reads the same");
  EXPECT_THAT(found(), ElementsAre("group=payments: its own", "topic=orders: a relation away",
                                   "broker=4: its coordinator", "broker=2: two relations away"));
  EXPECT_THAT(found(nullptr), ElementsAre("group=payments: its own"));
}

TEST_F(NearbyChanges, AreOfTheTopicThatAnIncidentNamesAndNotOfAllThatTheGroupReads) {
  set_about("group=payments topic=orders");
  ledger_.note(began_ - 1min, of("topic=clicks"), "another topic of the group");
  ledger_.note(began_ - 1min, of("group=payments topic=clicks"), "another topic of the group");
  ledger_.note(began_ - 1min, of("group=payments topic=orders"), "its own");
  EXPECT_THAT(found(), ElementsAre("group=payments topic=orders: its own"));
}

TEST_F(NearbyChanges, AreNotOfWhatDependsOnTheIncident) {
  set_about("broker=2");
  ledger_.note(began_ - 1min, of("topic=orders"), "on the broker");
  ledger_.note(began_ - 1min, of("group=payments"), "reads from the broker");
  ledger_.note(began_ - 1min, of("broker=1"), "beside it");
  set(kPartitions, "orders", 1min);
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(NearbyChanges, FillALogDirectoryWhenTheyKeepMoreOfWhatItHas) {
  set_about("broker=2 log_dir=/kafka");
  ledger_.note(began_ - 1min, of("topic=orders"), "leaders moved");
  set(kPartitions, "orders", 2min);
  set(kRetention, "refunds", 2min);
  EXPECT_THAT(found(), IsEmpty());
  set(kRetention, "orders", 2min);
  EXPECT_THAT(found(), ElementsAre("topic=orders: retention 6 s -> 12 s"));
}

TEST_F(NearbyChanges, OfDeadLettersAreThoseOfWhoReadsTheirTopic) {
  set_about("topic=orders.dlq");
  ledger_.note(began_ - 2min, of("topic=orders"), "where they come from");
  ledger_.note(began_ - 1min, of("group=payments"), "who writes them");
  ledger_.note(began_ - 1min, of("group=billing"), "of others");
  EXPECT_THAT(found(),
              ElementsAre("topic=orders: where they come from", "group=payments: who writes them"));
}

TEST_F(NearbyChanges, ARelationCountsAsMuchAsTenMinutes) {
  set_about("group=payments");
  ledger_.note(began_ - 25min, of("group=payments"), "long before");
  ledger_.note(began_ - 8min, of("topic=orders"), "a relation away");
  ledger_.note(began_ - 3min, of("broker=1"), "two relations away");
  EXPECT_THAT(found(), ElementsAre("topic=orders: a relation away", "broker=1: two relations away",
                                   "group=payments: long before"));
}

TEST_F(NearbyChanges, WhatHappenedElsewhereIsUnlikelyAfterTenMinutesAndWhatWasDoneIsNot) {
  set_about("group=payments");
  ledger_.note(began_ - 11min, of("broker=1"), "stopped answering");
  set(kPartitions, "orders", 29min);
  EXPECT_THAT(found(),
              ElementsAre("topic=orders: partitions 6 -> 12", "[broker=1: stopped answering]"));
}

// A configuration and what it breaks are read in one poll.
TEST_F(NearbyChanges, WhatIsDoneInTheSameMomentCountsAndWhatIsSeenOfTheSameThingIsTheFault) {
  set_about("topic=orders");
  ledger_.note(began_, of("topic=orders"), "leaders moved");
  ledger_.note(began_, of("broker=1"), "stopped answering");
  set(kPartitions, "orders", 0min);
  EXPECT_THAT(found(),
              ElementsAre("topic=orders: partitions 6 -> 12", "broker=1: stopped answering"));
}

TEST_F(NearbyChanges, AreCountedFromWhenTheFaultBeganAndNotFromWhenItWasFound) {
  set_about("group=payments topic=orders");
  incident_.cause.onset = began_ - 40min;
  ledger_.note(began_ - 45min, of("group=payments"), "before it");
  ledger_.note(began_ - 35min, of("group=payments"), "while it went on");
  EXPECT_THAT(found(), ElementsAre("group=payments: before it"));
}

TEST_F(NearbyChanges, OfARuleAboutAClusterAreThoseOfTheRowsThatMetIt) {
  set_about("");
  incident_.cause.rows = {of("topic=orders"), of("topic=gone")};
  ledger_.note(began_ - 1min, of("topic=orders"), "a row of it");
  ledger_.note(began_ - 1min, of("topic=refunds"), "of others");
  ledger_.note(began_ - 1min, of(""), "active controller 1 -> 2");
  EXPECT_THAT(found(), ElementsAre("topic=orders: a row of it"));
}

TEST_F(NearbyChanges, OfAWholeClusterAreThoseOfItsBrokers) {
  set_about("");
  ledger_.note(began_ - 2min, of("topic=orders"), "of others");
  ledger_.note(began_ - 2min, of("broker=1"), "stopped answering");
  ledger_.note(began_ - 1min, of(""), "active controller 1 -> 2");
  EXPECT_THAT(found(), ElementsAre(": active controller 1 -> 2", "broker=1: stopped answering"));
}

}  // namespace
}  // namespace highwater::changes
