// Causes: which of several an incident is named after, also when one is seen later.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/engine/engine_cause_fixture.h"

namespace highwater::rules {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The cause was looked at 10 s earlier for the last time: it may have been so before the effect.
TEST_F(EngineCause, ACauseSeenAfterItsEffectTakesTheNameOfItsIncident) {
  cluster().set(kLeaderless, {"orders", "0"}, 1);
  const Report first = poll_after(seconds(1));
  EXPECT_THAT(told(first), ElementsAre("opened Leaderless"));
  cluster().set(kFailed, {"1"}, 1);
  EXPECT_THAT(told(poll_after(seconds(15))), IsEmpty());
  const Report report = tick_after(seconds(2));
  EXPECT_THAT(told(report), ElementsAre("updated Leaderless"));
  ASSERT_EQ(report.incidents.size(), 1U);
  EXPECT_EQ(report.incidents[0].id, first.incidents[0].id);
  EXPECT_EQ(report.incidents[0].headline.rule, "BrokerDown");
  EXPECT_EQ(alert_of(report, "BrokerDown").incident, first.incidents[0].id);
}

TEST_F(EngineCause, ACauseThatFiresLongAfterItsEffectLeavesTheIncidentAlone) {
  cluster().set(kLeaderless, {"orders", "0"}, 1);
  (void)poll_after(seconds(1));
  cluster().set(kFailed, {"1"}, 1);
  const Report report = poll_after(seconds(16));
  EXPECT_THAT(told(report), ElementsAre("opened BrokerDown"));
  EXPECT_EQ(report.incidents.size(), 2U);
}

// All brokers die: that is told at once, and only after its `for` the cluster counts as
// unreachable.
TEST_F(EngineCause, AClusterThatDiesIsOnePageThatSaysSoInTheEnd) {
  std::vector<AlertRule> rules = kafka_rules();
  rules.back().hold = seconds(15);
  world_.engine().replace_rules(rules);
  cluster().set(kReachable, {}, 0);
  cluster().set(kFailed, {"1"}, 1);
  cluster().set(kFailed, {"2"}, 1);
  world_.advance(seconds(1));
  cluster().publish(world_.snapshot(), world_.now());
  world_.advance(milliseconds(5));
  EXPECT_THAT(told(world_.tick()), ElementsAre("opened BrokerDown"));
  (void)poll_after(seconds(16));
  const Report report = tick_after(seconds(2));
  EXPECT_THAT(told(report), ElementsAre("updated BrokerDown"));
  EXPECT_EQ(report.incidents.at(0).headline.rule, "ClusterUnreachable");
}

TEST_F(EngineCause, BrokersThatDieWithinAMinuteAreOneIncidentThatNamesThem) {
  cluster().set(kFailed, {"1"}, 1);
  EXPECT_THAT(told(poll_after(seconds(1))), ElementsAre("opened BrokerDown"));
  cluster().set(kFailed, {"2"}, 1);
  Report report = poll_after(seconds(50));
  ASSERT_EQ(report.incidents.size(), 1U);
  EXPECT_TRUE(report.incidents[0].evidence.at(0).cause);
  cluster().set(kFailed, {"3"}, 1);
  report = poll_after(seconds(50));
  ASSERT_EQ(report.incidents.size(), 1U);
  EXPECT_THAT(report.incidents[0].title, ::testing::HasSubstr("and 2 more like it"));
  cluster().set(kFailed, {"1"}, 0);
  cluster().set(kFailed, {"3"}, 0);
  EXPECT_EQ(poll_after(seconds(1)).incidents.at(0).headline.entity,
            cluster().entity({{"broker", "2"}}));
  cluster().set(kFailed, {"2"}, 0);
  EXPECT_THAT(told(poll_after(seconds(1))),
              ElementsAre("resolved BrokerDown: the condition ended"));
}

TEST_F(EngineCause, ANewCauseDoesNotAbsorbAnIncidentThatDoesNotDependOnIt) {
  cluster().set(kLeaderless, {"stock", "0"}, 1);
  (void)poll_after(seconds(1));
  cluster().set(kFailed, {"1"}, 1);
  EXPECT_THAT(told(poll_after(seconds(1))), ElementsAre("opened BrokerDown"));
}

// The group hangs on its coordinator directly, on the leader of what it reads by way of a
// partition.
TEST_F(EngineCause, TheNearestCauseWins) {
  cluster().relate("coordinates groups", {"group"}, {"broker"}, {End{{"billing"}, {"3"}}});
  cluster().set(kFailed, {"1"}, 1);
  (void)poll_after(seconds(1));
  cluster().set(kFailed, {"3"}, 1);
  (void)poll_after(seconds(61));
  cluster().set(kLagSeconds, {"billing"}, 70);
  const Report report = poll_after(seconds(60));
  ASSERT_EQ(report.incidents.size(), 2U);
  EXPECT_EQ(report.incidents[1].cause.entity, cluster().entity({{"broker", "3"}}));
  EXPECT_EQ(alert_of(report, "LateGroup").incident, report.incidents[1].id);
}

TEST_F(EngineCause, OfTwoCausesAtTheSameDistanceTheMoreSevereWinsThenTheOlder) {
  cluster().relate(
      "leads partitions", {"topic", "partition"}, {"broker"},
      {End{{"orders", "0"}, {"1"}}, End{{"orders", "0"}, {"2"}}, End{{"orders", "0"}, {"3"}}});
  cluster().set(kSlow, {"1"}, 1);
  (void)poll_after(seconds(1));
  cluster().set(kFailed, {"2"}, 1);
  (void)poll_after(seconds(1));
  cluster().set(kFailed, {"3"}, 1);
  (void)poll_after(seconds(61));
  cluster().set(kUnder, {"orders", "0"}, 1);
  const Report report = poll_after(seconds(1));
  ASSERT_EQ(report.incidents.size(), 3U);
  EXPECT_EQ(report.incidents[0].cause.entity, cluster().entity({{"broker", "2"}}));
  EXPECT_EQ(alert_of(report, "UnderReplicated").incident, report.incidents[0].id);
}

TEST_F(EngineCause, AQuorumLostWithItsBrokersIsOnePageThatSaysSo) {
  cluster().set(kFailed, {"1"}, 1);
  (void)poll_after(seconds(1));
  cluster().set(kQuorumLost, {}, 1);
  (void)poll_after(seconds(1));
  const Report report = tick_after(seconds(2));
  EXPECT_THAT(told(report), ElementsAre("updated BrokerDown"));
  EXPECT_EQ(report.incidents.at(0).headline.rule, "QuorumLost");
}

// Both are seen by one poll, also when another broker has been dead for longer.
TEST_F(EngineCause, AQuorumLostAtOneMomentWithItsBrokersIsOnePage) {
  cluster().set(kFailed, {"2"}, 1);
  (void)poll_after(seconds(1));
  (void)poll_after(seconds(80));
  cluster().set(kFailed, {"1"}, 1);
  cluster().set(kFailed, {"3"}, 1);
  cluster().set(kQuorumLost, {}, 1);
  const Report report = poll_after(seconds(1));
  EXPECT_THAT(told(report), ElementsAre("opened BrokerDown"));
  ASSERT_EQ(report.incidents.size(), 2U);
  EXPECT_EQ(report.incidents[1].headline.rule, "QuorumLost");
  EXPECT_EQ(report.incidents[1].evidence_count, 2U);
}

TEST_F(EngineCause, AQuorumLostExplainsNoBrokerThatDiesLater) {
  cluster().set(kQuorumLost, {}, 1);
  (void)poll_after(seconds(1));
  cluster().set(kFailed, {"1"}, 1);
  EXPECT_THAT(told(poll_after(minutes(2))), ElementsAre("opened BrokerDown"));
}

TEST_F(EngineCause, AnUnreachableClusterExplainsWhateverElseIsWrongWithIt) {
  cluster().set(kReachable, {}, 0);
  cluster().set(kFailed, {"1"}, 1);
  cluster().set(kQuorumLost, {}, 1);
  cluster().set(kUnder, {"stock", "0"}, 1);
  const Report report = poll_after(seconds(1));
  EXPECT_THAT(told(report), ElementsAre("opened ClusterUnreachable"));
  EXPECT_EQ(incident_of(report, "ClusterUnreachable").evidence_count, 3U);
}

TEST_F(EngineCause, AnUnreachableClusterExplainsNothingOfAnotherCluster) {
  world_.add_cluster("other").set(kFailed, {"1"}, 0);
  (void)world_.poll();
  cluster().set(kReachable, {}, 0);
  (void)poll_after(seconds(1));
  FakeCluster other("other");
  other.set(kFailed, {"1"}, 1);
  world_.advance(seconds(1));
  other.publish(world_.snapshot(), world_.now());
  EXPECT_THAT(told(world_.tick()), ElementsAre("opened BrokerDown"));
}

TEST_F(EngineCause, OfTwoAlertsOnOneEntityTheMoreSevereOpensTheIncident) {
  cluster().set(kUnder, {"stock", "0"}, 1);
  cluster().set(kLeaderless, {"stock", "0"}, 1);
  const Report report = poll_after(seconds(1));
  EXPECT_THAT(told(report), ElementsAre("opened Leaderless"));
  EXPECT_EQ(incident_of(report, "Leaderless").evidence.at(0).rule, "UnderReplicated");
}

}  // namespace
}  // namespace highwater::rules
