// Causes: which alerts become evidence, and of what.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/engine/engine_cause_fixture.h"

namespace highwater::rules {
namespace {

using namespace testing;
using ::testing::ElementsAre;

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

TEST_F(EngineCause, WhatIsOfflineIsSaidBeforeWhatAnotherBrokerTookOver) {
  cluster().set(kFailed, {"1"}, 1);
  (void)poll_after(seconds(1));
  cluster().relate(
      "leads partitions", {"topic", "partition"}, {"broker"},
      {End{{"orders", "0"}, {"2"}}, End{{"orders", "1"}, {"1"}}, End{{"stock", "0"}, {"2"}}});
  const Report report = poll_after(seconds(1));
  EXPECT_THAT(incident_of(report, "BrokerDown").impact,
              ElementsAre(Impact{"partition", "offline", 1, {"orders-1"}, true},
                          Impact{"group", "without a coordinator", 1, {"billing"}, true},
                          Impact{"partition", "failed over", 1, {"orders-0"}, true}));
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
