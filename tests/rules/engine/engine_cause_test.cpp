// Causes: which alerts become evidence, and of what.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/engine/engine_world.h"

namespace highwater::rules {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using End = std::pair<Cells, Cells>;

AlertRule rule(std::string name, const Measure& measure, double threshold = 1) {
  return make_rule(std::move(name), measure, Comparison::equal, threshold);
}

AlertRule ticket(std::string name, const Measure& measure) {
  AlertRule made = rule(std::move(name), measure);
  made.severity = Severity::ticket;
  return made;
}

std::vector<AlertRule> kafka_rules() {
  return {ground_rule("BrokerDown", kFailed, Fault::broker, {CauseKind::cluster}),
          ground_rule("Leaderless", kLeaderless, Fault::offline,
                      {CauseKind::cluster, CauseKind::broker}),
          ticket("UnderReplicated", kUnder),
          make_rule("Lag", kLag, Comparison::greater, 100),
          make_rule("LateGroup", kLagSeconds, Comparison::greater, 60),
          ticket("SlowBroker", kSlow),
          ground_rule("QuorumLost", kQuorumLost, Fault::quorum,
                      {CauseKind::cluster, CauseKind::broker}),
          ground_rule("ClusterUnreachable", kReachable, Fault::cluster, {CauseKind::broker}, 0)};
}

// Brokers 1 to 3; broker 1 leads orders-0 and orders-1 and coordinates billing, which reads
// orders-0; broker 2 leads stock-0, which nobody reads.
class EngineCause : public ::testing::Test {
 protected:
  EngineCause() {
    for (const char* broker : {"1", "2", "3"}) {
      cluster().set(kFailed, {broker}, 0);
      cluster().set(kSlow, {broker}, 0);
    }
    for (const Cells& partition :
         {Cells{"orders", "0"}, Cells{"orders", "1"}, Cells{"stock", "0"}}) {
      cluster().set(kUnder, partition, 0);
      cluster().set(kLeaderless, partition, 0);
    }
    cluster().set(kLag, {"billing", "orders", "0"}, 0);
    cluster().set(kReachable, {}, 1);
    cluster().set(kQuorumLost, {}, 0);
    led_by("1");
    cluster().relate("coordinates groups", {"group"}, {"broker"}, {End{{"billing"}, {"1"}}});
    cluster().relate("are read by", {"group"}, {"topic", "partition"},
                     {End{{"billing"}, {"orders", "0"}}});
    (void)world_.poll();
  }

  void led_by(const std::string& broker) {
    cluster().relate("leads partitions", {"topic", "partition"}, {"broker"},
                     {End{{"orders", "0"}, {broker}}, End{{"orders", "1"}, {broker}},
                      End{{"stock", "0"}, {"2"}}});
  }

  FakeCluster& cluster() { return world_.cluster(); }
  Report poll_after(Duration duration) { return world_.poll_after(duration); }
  Report tick_after(Duration duration) { return world_.tick_after(duration); }

  EngineWorld world_{kafka_rules()};
};

TEST_F(EngineCause, AnAlertAboutWhatDependsOnAFailedBrokerIsEvidence) {
  cluster().set(kFailed, {"1"}, 1);
  cluster().set(kLeaderless, {"orders", "0"}, 1);
  const Report report = poll_after(seconds(1));
  EXPECT_THAT(told(report), ElementsAre("opened BrokerDown"));
  const Incident& incident = incident_of(report, "BrokerDown");
  ASSERT_EQ(incident.evidence.size(), 1U);
  EXPECT_EQ(incident.evidence[0].rule, "Leaderless");
  EXPECT_EQ(incident.evidence_count, 1U);
  EXPECT_EQ(alert_of(report, "Leaderless").incident, incident.id);
}

TEST_F(EngineCause, TheImpactSaysWhatHangsOnTheBroker) {
  cluster().set(kFailed, {"1"}, 1);
  const Report report = poll_after(seconds(1));
  const Incident& incident = incident_of(report, "BrokerDown");
  EXPECT_THAT(incident.impact,
              ElementsAre(Impact{"partitions", "offline", 2, {"orders-0", "orders-1"}, true},
                          Impact{"group", "without a coordinator", 1, {"billing"}, true}));
  EXPECT_EQ(incident.title,
            "BrokerDown 1: partitions orders-0 and orders-1 offline, group billing without a "
            "coordinator");
}

TEST_F(EngineCause, AGroupsLagIsExplainedThroughThePartitionItReads) {
  cluster().relate("coordinates groups", {"group"}, {"broker"}, {End{{"billing"}, {"2"}}});
  cluster().set(kFailed, {"1"}, 1);
  cluster().set(kLag, {"billing", "orders", "0"}, 500);
  const Report report = poll_after(seconds(1));
  EXPECT_THAT(told(report), ElementsAre("opened BrokerDown"));
  EXPECT_EQ(incident_of(report, "BrokerDown").evidence.at(0).rule, "Lag");
}

// A measure of a source, in a part of its own: its dimensions alone say what it is about.
const Measure kAppErrors{
    "app_errors_ratio", "Help.", Unit::ratio, MeasureType::gauge, {"cluster", "instance", "group"}};
const Measure kDiskErrors{
    "disk_errors", "Help.", Unit::count, MeasureType::gauge, {"cluster", "disk", "broker"}};

TEST_F(EngineCause, WhatASourceSaysOfAGroupOrABrokerIsEvidenceOfTheirIncident) {
  std::vector<AlertRule> rules = kafka_rules();
  rules.push_back(make_rule("AppErrors", kAppErrors, Comparison::greater, 0.1));
  rules.push_back(make_rule("DiskErrors", kDiskErrors, Comparison::greater, 0));
  world_.engine().replace_rules(rules);
  cluster().put_in_part(kAppErrors, "source billing");
  cluster().put_in_part(kDiskErrors, "source node-1");
  cluster().set(kAppErrors, {"host-7", "billing"}, 0.9);
  cluster().set(kAppErrors, {"host-8", "accounts"}, 0.9);
  cluster().set(kDiskErrors, {"sda", "1"}, 3);
  cluster().set(kFailed, {"1"}, 1);
  const Report report = poll_after(seconds(1));
  EXPECT_THAT(told(report),
              ::testing::UnorderedElementsAre("opened BrokerDown", "opened AppErrors"));
  std::vector<std::string> evidence;
  for (const Evidence& alert : incident_of(report, "BrokerDown").evidence)
    evidence.push_back(alert.rule + " " + alert.entity.text());
  EXPECT_THAT(evidence, ::testing::UnorderedElementsAre(::testing::HasSubstr("AppErrors"),
                                                        ::testing::HasSubstr("DiskErrors")));
  EXPECT_EQ(incident_of(report, "AppErrors").cause.entity.label("group").text(), "accounts");
}

TEST_F(EngineCause, WhatASourceSaysOfAGroupIsEvidenceOfWhatIsWrongWithTheGroupItself) {
  std::vector<AlertRule> rules = kafka_rules();
  rules.push_back(make_rule("AppErrors", kAppErrors, Comparison::greater, 0.1));
  world_.engine().replace_rules(rules);
  cluster().put_in_part(kAppErrors, "source billing");
  cluster().set(kLagSeconds, {"billing"}, 400);
  (void)poll_after(seconds(1));
  cluster().set(kAppErrors, {"host-7", "billing"}, 0.9);
  const Report report = poll_after(minutes(5));
  EXPECT_EQ(incident_of(report, "LateGroup").evidence.at(0).rule, "AppErrors");
}

TEST_F(EngineCause, WhatHangsOnAnotherBrokerIsAnIncidentOfItsOwn) {
  cluster().set(kFailed, {"1"}, 1);
  cluster().set(kLeaderless, {"stock", "0"}, 1);
  EXPECT_THAT(told(poll_after(seconds(1))), ElementsAre("opened BrokerDown", "opened Leaderless"));
}

TEST_F(EngineCause, EvidenceMayComeLaterThanItsCause) {
  cluster().set(kFailed, {"1"}, 1);
  (void)poll_after(seconds(1));
  cluster().set(kLeaderless, {"orders", "1"}, 1);
  const Report report = poll_after(seconds(30));
  EXPECT_EQ(incident_of(report, "BrokerDown").evidence_count, 1U);
  EXPECT_EQ(report.incidents.size(), 1U);
}

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

TEST_F(EngineCause, WhatDependedOnTheBrokerBeforeItsPartitionsMovedIsStillEvidence) {
  cluster().set(kFailed, {"1"}, 1);
  (void)poll_after(seconds(1));
  led_by("3");
  cluster().relate("coordinates groups", {"group"}, {"broker"}, {End{{"billing"}, {"3"}}});
  (void)poll_after(seconds(10));
  cluster().set(kUnder, {"orders", "1"}, 1);
  cluster().set(kLag, {"billing", "orders", "0"}, 500);
  const Report report = poll_after(seconds(10));
  EXPECT_THAT(report.incidents.size(), 1U);
  EXPECT_EQ(incident_of(report, "BrokerDown").evidence_count, 2U);
}

TEST_F(EngineCause, WhatBeginsToDependOnTheBrokerWhileItIsDownIsRememberedToo) {
  cluster().set(kFailed, {"3"}, 1);
  (void)poll_after(seconds(1));
  led_by("3");
  (void)poll_after(seconds(10));
  led_by("2");
  (void)poll_after(seconds(10));
  cluster().set(kUnder, {"orders", "1"}, 1);
  EXPECT_EQ(incident_of(poll_after(seconds(10)), "BrokerDown").evidence_count, 1U);
}

TEST_F(EngineCause, WhatDependedOnTheBrokerIsEvidenceUntilAMinuteAfterItsReturn) {
  cluster().set(kFailed, {"1"}, 1);
  cluster().set(kUnder, {"orders", "0"}, 1);
  (void)poll_after(seconds(1));
  led_by("3");
  cluster().set(kFailed, {"1"}, 0);
  (void)poll_after(seconds(10));
  cluster().set(kUnder, {"orders", "1"}, 1);
  const Report report = poll_after(seconds(50));
  EXPECT_EQ(incident_of(report, "BrokerDown").evidence_count, 2U);
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

TEST_F(EngineCause, AnAlertIsAboutEveryPartOfItsEntity) {
  cluster().set(kLeaderless, {"orders", "0"}, 1);
  cluster().set(kLag, {"billing", "orders", "0"}, 500);
  const Report report = poll_after(seconds(1));
  EXPECT_THAT(told(report), ElementsAre("opened Leaderless"));
}

TEST_F(EngineCause, EvidenceExplainsWhatDependsOnIt) {
  cluster().relate("coordinates groups", {"group"}, {"broker"}, {End{{"billing"}, {"2"}}});
  cluster().set(kFailed, {"1"}, 1);
  (void)poll_after(seconds(1));
  cluster().set(kUnder, {"orders", "0"}, 1);
  (void)poll_after(seconds(1));
  led_by("2");
  cluster().set(kLag, {"billing", "orders", "0"}, 500);
  EXPECT_EQ(poll_after(seconds(1)).incidents.size(), 1U);
}

TEST_F(EngineCause, RelationsThatGoInACircleEndTheSearch) {
  cluster().relate("copies", {"topic", "partition"}, {"topic", "partition"},
                   {End{{"orders", "0"}, {"stock", "0"}}, End{{"stock", "0"}, {"orders", "0"}}});
  cluster().set(kLeaderless, {"orders", "0"}, 1);
  cluster().set(kLeaderless, {"stock", "0"}, 1);
  const Report report = poll_after(seconds(1));
  EXPECT_EQ(report.incidents.size(), 1U);
  EXPECT_EQ(report.incidents[0].evidence_count, 1U);
}

TEST_F(EngineCause, TheOrderOfRowsAndRulesDecidesNothing) {
  std::vector<AlertRule> reversed = kafka_rules();
  std::reverse(reversed.begin(), reversed.end());
  EngineWorld other(reversed);
  for (EngineWorld* world : {&world_, &other}) {
    FakeCluster& cluster = world->cluster();
    cluster.set(kFailed, {"1"}, 1);
    cluster.set(kLeaderless, {"orders", "0"}, 1);
    cluster.set(kUnder, {"orders", "1"}, 1);
    cluster.set(kLag, {"billing", "orders", "0"}, 500);
    cluster.relate("leads partitions", {"topic", "partition"}, {"broker"},
                   {End{{"orders", "0"}, {"1"}}, End{{"orders", "1"}, {"1"}}});
    if (world == &other) cluster.reverse_rows();
    const Report report = world->poll_after(seconds(1));
    EXPECT_THAT(told(report), ElementsAre("opened BrokerDown"));
    EXPECT_EQ(report.incidents.at(0).evidence_count, 3U);
  }
}

TEST_F(EngineCause, TheSeverityIsTheHighestOfTheMembersAndNeverSinks) {
  std::vector<AlertRule> rules = kafka_rules();
  rules[0].severity = Severity::ticket;
  world_.engine().replace_rules(rules);
  cluster().set(kFailed, {"1"}, 1);
  Report report = poll_after(seconds(1));
  EXPECT_EQ(incident_of(report, "BrokerDown").severity, Severity::ticket);
  cluster().set(kLeaderless, {"orders", "0"}, 1);
  report = poll_after(seconds(1));
  EXPECT_EQ(incident_of(report, "BrokerDown").severity, Severity::page);
  cluster().set(kLeaderless, {"orders", "0"}, 0);
  report = poll_after(seconds(1));
  EXPECT_EQ(incident_of(report, "BrokerDown").severity, Severity::page);
  EXPECT_EQ(incident_of(report, "BrokerDown").cause.severity, Severity::ticket);
}

TEST_F(EngineCause, PendingAlertsExplainNothingAndAreNoEvidence) {
  std::vector<AlertRule> rules = kafka_rules();
  rules[0].hold = minutes(1);
  world_.engine().replace_rules(rules);
  cluster().set(kFailed, {"1"}, 1);
  cluster().set(kLeaderless, {"orders", "0"}, 1);
  EXPECT_THAT(told(poll_after(seconds(1))), ElementsAre("opened Leaderless"));
}

}  // namespace
}  // namespace highwater::rules
