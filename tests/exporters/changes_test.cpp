#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "exporters/changes/ledger.h"
#include "report_support.h"

namespace highwater::changes {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const Measure kPartitions{
    "topic_partitions", "Help.", Unit::count, MeasureType::gauge, {"cluster", "topic"}};
const Measure kBrokerUp{
    "broker_up", "Help.", Unit::boolean, MeasureType::gauge, {"cluster", "broker"}};
const Measure kRetention{
    "topic_retention_seconds", "Help.", Unit::seconds, MeasureType::gauge, {"cluster", "topic"}};
const Measure kMembers{
    "group_members", "Help.", Unit::count, MeasureType::gauge, {"cluster", "group"}};
const Measure kJoined{
    "group_members_joined_total", "Help.", Unit::count, MeasureType::counter, {"cluster", "group"}};

const Measure kReplaced{"group_members_replaced_total",
                        "Help.",
                        Unit::count,
                        MeasureType::counter,
                        {"cluster", "group"}};
const Measure kInfo{"group_info",
                    "Help.",
                    Unit::info,
                    MeasureType::gauge,
                    {"cluster", "group", "state", "protocol", "type", "assignor"}};

class Changes : public testing::Test {
 protected:
  void poll(std::vector<Table> tables, Duration later = seconds(10)) {
    now_.steady += later;
    now_.wall += later;
    Observation observation = make_observation("prod", "topics", std::move(tables));
    observation.at = now_;
    Report report;
    report.at = now_;
    report.snapshot = make_snapshot({std::move(observation)});
    ledger_.add(report);
  }
  [[nodiscard]] std::vector<std::string> seen() const {
    std::vector<std::string> lines;
    for (const Change& change : ledger_.between({}, now_.wall + seconds(1)))
      lines.push_back(change.about.text() + ": " + change.text);
    return lines;
  }

  Ledger ledger_;
  Now now_ = test_now();
};

TEST_F(Changes, WhatIsSeenFirstIsNoChange) {
  poll({make_table(kPartitions, {{{"prod", "orders"}, 6}})});
  EXPECT_THAT(seen(), IsEmpty());
}

TEST_F(Changes, AreValuesThatDifferAndRowsThatComeAndGo) {
  poll({make_table(kPartitions, {{{"prod", "orders"}, 6}, {{"prod", "old"}, 1}}),
        make_table(kRetention, {{{"prod", "orders"}, 604'800}})});
  poll({make_table(kPartitions, {{{"prod", "orders"}, 12}, {{"prod", "fresh"}, 3}}),
        make_table(kRetention, {{{"prod", "orders"}, 86'400}})});
  EXPECT_THAT(seen(), ElementsAre("cluster=prod topic=orders: partitions 6 -> 12",
                                  "cluster=prod topic=fresh: topic created",
                                  "cluster=prod topic=old: topic deleted",
                                  "cluster=prod topic=orders: retention 7 d -> 1 d"));
}

TEST_F(Changes, WhoIsMetFirstDidNotJoin) {
  poll({make_table(kBrokerUp, {})});
  poll({make_table(kBrokerUp, {{{"prod", "1"}, 1}, {{"prod", "2"}, 1}})});
  EXPECT_THAT(seen(), IsEmpty());
  poll({make_table(kBrokerUp, {{{"prod", "1"}, 1}, {{"prod", "2"}, 1}, {{"prod", "3"}, 1}})});
  EXPECT_THAT(seen(), ElementsAre("broker=3 cluster=prod: broker joined"));
}

TEST_F(Changes, WhatWasUnknownMeanwhileIsComparedWithWhatWasKnown) {
  poll({make_table(kPartitions, {{{"prod", "orders"}, 6}})});
  poll({make_table(kPartitions, {{{"prod", "orders"}, 0, Unknown::denied}})});
  poll({make_table(kPartitions, {{{"prod", "orders"}, 6}})});
  EXPECT_THAT(seen(), IsEmpty());
  poll({make_table(kPartitions, {{{"prod", "orders"}, 0, Unknown::denied}})});
  poll({make_table(kPartitions, {{{"prod", "orders"}, 8}})});
  EXPECT_THAT(seen(), ElementsAre("cluster=prod topic=orders: partitions 6 -> 8"));
}

TEST_F(Changes, ACounterSaysByHowMuchAndNothingWhenItBeginsAnew) {
  poll({make_table(kJoined, {{{"prod", "billing"}, 40}})});
  poll({make_table(kJoined, {{{"prod", "billing"}, 52}})});
  poll({make_table(kJoined, {{{"prod", "billing"}, 1}})});
  EXPECT_THAT(seen(), ElementsAre("cluster=prod group=billing: members joined (12)"));
}

// A fault takes members away and adds none, and no fault changes a configuration.
TEST_F(Changes, SayWhetherSomebodyDidThem) {
  const auto kinds = [&](const Measure& measure, double before, double after) {
    poll({make_table(measure, {{{"prod", "x"}, before}})});
    poll({make_table(measure, {{{"prod", "x"}, after}})});
    return ledger_.between({}, now_.wall + seconds(1)).back().kind;
  };
  EXPECT_EQ(kinds(kMembers, 3, 2), ChangeKind::seen);
  EXPECT_EQ(kinds(kMembers, 2, 3), ChangeKind::deed);
  EXPECT_EQ(kinds(kRetention, 600, 300), ChangeKind::deed);
  EXPECT_EQ(kinds(kRetention, 300, INFINITY), ChangeKind::growth);
}

TEST_F(Changes, ADeploymentIsOneLineInPlaceOfItsMembers) {
  const auto see = [&](double joined, double replaced) {
    poll({make_table(kJoined, {{{"prod", "billing"}, joined}, {{"prod", "audit"}, joined}}),
          make_table(kReplaced, {{{"prod", "billing"}, replaced}, {{"prod", "audit"}, 0}})});
  };
  see(0, 0);
  see(5, 0);
  see(12, 12);
  EXPECT_THAT(seen(),
              ElementsAre("cluster=prod group=audit: members joined (5)",
                          "cluster=prod group=audit: members joined (7)",
                          "cluster=prod group=billing: all 12 members replaced (a deployment)"));
  see(12, 13);
  EXPECT_EQ(seen().back(), "cluster=prod group=billing: its only member replaced (a deployment)");
}

TEST_F(Changes, AreAnotherAssignorAndAnotherProtocol) {
  const auto see = [&](const char* state, const char* type, const char* assignor) {
    poll({make_table(kInfo, {{{"prod", "billing", state, "consumer", type, assignor}, 1}})});
  };
  see("Stable", "classic", "range");
  see("Empty", "classic", "");
  see("Stable", "classic", "range");
  EXPECT_THAT(seen(), IsEmpty()) << "nothing was said of it meanwhile";
  see("Stable", "classic", "cooperative-sticky");
  see("Stable", "consumer", "uniform");
  EXPECT_THAT(seen(),
              ElementsAre("cluster=prod group=billing: assignor range -> cooperative-sticky",
                          "cluster=prod group=billing: type of group classic -> consumer",
                          "cluster=prod group=billing: assignor cooperative-sticky -> uniform"));
}

TEST_F(Changes, ManyOfAKindAreOneLine) {
  std::vector<Row> before;
  std::vector<Row> after;
  for (int i = 10; i < 60; ++i) {
    before.push_back({{"prod", "t" + std::to_string(i)}, 604'800});
    after.push_back({{"prod", "t" + std::to_string(i)}, 3600});
  }
  poll({make_table(kRetention, before)});
  poll({make_table(kRetention, after)});
  EXPECT_THAT(seen(),
              ElementsAre("cluster=prod: retention 7 d -> 1 h of t10, t11, t12 and 47 more"));
}

TEST_F(Changes, AreKeptThirtyDaysAndAtMostSoMany) {
  ledger_.begin(now_.wall);
  for (int i = 0; i < 10; ++i) poll({make_table(kJoined, {{{"prod", "billing"}, 1.0 * i}})});
  EXPECT_EQ(ledger_.size(), 10U);
  poll({make_table(kJoined, {{{"prod", "billing"}, 99}})}, hours(24 * 31));
  EXPECT_EQ(ledger_.size(), 1U);
  for (size_t i = 0; i < kMaxChanges + 10; ++i) ledger_.note(now_.wall, {}, "again");
  EXPECT_EQ(ledger_.size(), kMaxChanges);
}

Entity entity(std::string_view dimension, std::string_view value) {
  const std::vector<std::string_view> dimensions{"cluster", dimension};
  const std::vector<Symbol> cells{Symbol("prod"), Symbol(value)};
  return {dimensions, cells};
}

// Before a broker went down: what was about it, and nothing of what it carries, or of others.
TEST_F(Changes, AnIncidentHasThoseThatAreNearBeforeItBegan) {
  const Incident incident = broker_down_incident();
  const WallTime began = incident.cause.active_since;
  ledger_.note(began - minutes(31), entity("broker", "3"), "too early");
  ledger_.note(began - minutes(20), entity("broker", "3"), "answers again");
  ledger_.note(began - minutes(10), entity("topic", "elsewhere"), "partitions 1 -> 2");
  ledger_.note(began - minutes(5), entity("broker", "1"), "stopped answering");
  ledger_.mark(began - minutes(15), entity("broker", "3"), "new disks");
  ledger_.note(began - minutes(4), entity("topic", "orders"), "partitions 6 -> 12");
  ledger_.note(began, entity("broker", "3"), "stopped answering");
  ledger_.begin(began - minutes(29));
  std::vector<std::string> found;
  for (const Related& related : changes_before(ledger_, incident, nullptr, 5))
    found.push_back(related.change.text + ", " + describe_duration(related.before));
  EXPECT_THAT(found, ElementsAre("new disks, 15 min", "answers again, 20 min"));
  EXPECT_EQ(changes_before(ledger_, incident, nullptr, 1).size(), 1U);
}

// The wall time of one moment differs by what passes between the readings of two clocks.
TEST_F(Changes, ASlipBetweenTwoClocksSeparatesNoMoment) {
  const Incident incident = broker_down_incident();
  const WallTime began = incident.cause.active_since;
  for (const Duration slip : {Duration(-12), Duration(12)}) {
    ledger_.mark(began + slip, entity("broker", "3"), "new disks");
    ledger_.note(began + slip, entity("broker", "3"), "stopped answering");
  }
  const std::vector<Related> found = changes_before(ledger_, incident, nullptr, 5);
  ASSERT_EQ(found.size(), 2U);
  for (const Related& related : found) {
    EXPECT_EQ(related.change.text, "new disks");
    EXPECT_EQ(related.before, Duration{});
  }
}

// A lag of 60 s began 60 s ago, when the group's members left; that they had is seen a poll later.
TEST_F(Changes, ALagIsCausedByWhatIsSeenAPollAfterItBegan) {
  Incident incident = broker_down_incident();
  incident.cause.entity = entity("group", "billing");
  incident.headline = incident.cause;
  incident.cause.onset = incident.cause.active_since - seconds(60);
  const WallTime onset = incident.cause.onset;
  ledger_.note(onset + seconds(2), entity("group", "billing"), "members 3 -> 0");
  ledger_.note(onset + seconds(40), entity("group", "billing"), "coordinator 1 -> 2");
  const std::vector<Related> found = changes_before(ledger_, incident, nullptr, 5);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].change.text, "members 3 -> 0");
  EXPECT_EQ(found[0].before, Duration{});
}

TEST_F(Changes, ComeBackFromTheirBytes) {
  ledger_.begin(now_.wall);
  poll({make_table(kPartitions, {{{"prod", "orders"}, 6}})});
  poll({make_table(kPartitions, {{{"prod", "orders"}, 12}})});
  ArchiveWriter out;
  ledger_.write(out);
  const std::string bytes = out.take();
  const auto before = seen();
  Ledger again;
  ArchiveReader in(bytes);
  again.read(in, now_.wall);
  EXPECT_TRUE(in.ok());
  const std::vector<Change> changes = again.between({}, now_.wall + seconds(1));
  ASSERT_EQ(changes.size(), before.size());
  EXPECT_EQ(changes.front().kind, ChangeKind::began_watching);
  EXPECT_EQ(changes.back().kind, ChangeKind::deed) << "somebody added partitions";
  EXPECT_EQ(changes.back().about.text() + ": " + changes.back().text, before.back());
  Ledger before_it;
  ArchiveReader early(bytes);
  before_it.read(early, now_.wall - hours(1));
  EXPECT_EQ(before_it.size(), 0U) << "a clock was wrong";
  Ledger half;
  ArchiveReader cut(std::string_view(bytes).substr(0, bytes.size() - 3));
  half.read(cut, now_.wall);
  EXPECT_FALSE(cut.ok());
  EXPECT_EQ(half.size(), 1U) << "what was read before the mistake stays";
}

}  // namespace
}  // namespace highwater::changes
