// Incidents: what people are told, and when.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/rules/engine/engine_world.h"

namespace highwater::rules {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

AlertRule ticket(std::string name, const Measure& measure) {
  AlertRule rule = make_rule(std::move(name), measure, Comparison::equal, 1);
  rule.severity = Severity::ticket;
  return rule;
}

AlertRule broker_down() {
  AlertRule rule = ground_rule("BrokerDown", kFailed, Fault::broker, {});
  rule.severity = Severity::ticket;
  return rule;
}

// Broker 1 leads forty partitions of orders.
class EngineIncident : public ::testing::Test {
 protected:
  explicit EngineIncident(std::vector<AlertRule> rules = {broker_down(), ticket("Under", kUnder),
                                                          make_rule("Leaderless", kLeaderless,
                                                                    Comparison::equal, 1)})
      : world_(std::move(rules)) {
    std::vector<FakeCluster::Ends> led;
    for (int i = 0; i < 40; ++i) led.emplace_back(partition(i), Cells{"1"});
    cluster().relate("leads partitions", {"topic", "partition"}, {"broker"}, led);
    set_all(kUnder, 0, 40, 0);
    set_all(kLeaderless, 0, 40, 0);
    for (const char* broker : {"1", "2"}) cluster().set(kFailed, {broker}, 0);
    (void)world_.poll();
  }

  static Cells partition(int number) { return {"orders", std::to_string(number)}; }
  void set_all(const Measure& measure, int from, int to, double value) {
    for (int i = from; i < to; ++i) cluster().set(measure, partition(i), value);
  }
  void fail(double value = 1) { cluster().set(kFailed, {"1"}, value); }
  FakeCluster& cluster() { return world_.cluster(); }
  Report poll_after(Duration duration) { return world_.poll_after(duration); }
  Report tick_after(Duration duration) { return world_.tick_after(duration); }

  EngineWorld world_;
};

TEST_F(EngineIncident, IdsAndSequenceNumbersGrowAndTheCorrelationStays) {
  fail();
  const Report first = poll_after(seconds(1));
  fail(0);
  const Report second = poll_after(seconds(1));
  fail();
  const Report third = poll_after(seconds(1));
  EXPECT_EQ(first.transitions.at(0).incident.id, 1U);
  EXPECT_EQ(second.transitions.at(0).incident.correlation,
            first.transitions.at(0).incident.correlation);
  EXPECT_EQ(third.transitions.at(0).incident.id, 2U);
  EXPECT_NE(third.transitions.at(0).incident.correlation,
            first.transitions.at(0).incident.correlation);
  EXPECT_EQ(third.transitions.at(0).sequence, 3U);
}

TEST_F(EngineIncident, CorrelationsComeFromTheGeneratorGiven) {
  TraceId id;
  id.bytes.fill(7);
  Engine engine({ticket("BrokerDown", kFailed)}, [&] { return id; });
  fail();
  (void)poll_after(seconds(1));
  const Report report =
      engine.evaluate(std::make_shared<const Snapshot>(world_.snapshot()), world_.now());
  EXPECT_EQ(report.incidents.at(0).correlation, id);
}

TEST_F(EngineIncident, TheIncidentNamesThePollThatRevealedIt) {
  Span root;
  root.trace = TraceId::random();
  root.id = SpanId::random();
  cluster().set_spans({root});
  fail();
  const Report report = poll_after(seconds(1));
  EXPECT_EQ(report.incidents.at(0).revealed_by.trace, root.trace);
  EXPECT_EQ(report.incidents.at(0).revealed_by.span, root.id);
  ASSERT_NE(report.transitions.at(0).revealed_by, nullptr);
  EXPECT_EQ(report.transitions.at(0).revealed_by->spans.at(0).id, root.id);
  set_all(kUnder, 0, 1, 1);
  (void)poll_after(seconds(1));
  fail(0);
  (void)poll_after(seconds(1));
  cluster().set_spans({});
  EXPECT_EQ(incident_of(poll_after(seconds(60)), "Under").revealed_by.trace, root.trace);
}

TEST_F(EngineIncident, TheWorstIncidentComesFirst) {
  cluster().set(kFailed, {"2"}, 1);
  (void)poll_after(seconds(1));
  fail();
  (void)poll_after(seconds(61));
  cluster().set(kLeaderless, {"stock", "0"}, 1);
  const Report report = poll_after(seconds(1));
  std::vector<uint64_t> ids;
  for (const Incident& incident : report.incidents) ids.push_back(incident.id);
  EXPECT_THAT(ids, ElementsAre(3U, 1U, 2U));
}

TEST_F(EngineIncident, TheFirstEvidenceIsTellingTwoSecondsAfterItBegan) {
  fail();
  (void)poll_after(seconds(1));
  set_all(kUnder, 0, 3, 1);
  EXPECT_THAT(told(poll_after(seconds(10))), IsEmpty());
  EXPECT_EQ(world_.engine().next_deadline(), world_.now().steady + seconds(2));
  set_all(kUnder, 0, 12, 1);
  EXPECT_THAT(told(poll_after(seconds(1))), IsEmpty());
  const Report report = tick_after(seconds(1));
  EXPECT_THAT(told(report), ElementsAre("updated BrokerDown"));
  EXPECT_EQ(report.transitions.at(0).incident.evidence_count, 12U);
}

TEST_F(EngineIncident, EvidenceThatWasThereWhenItOpenedIsNoNews) {
  fail();
  set_all(kUnder, 0, 3, 1);
  const Report report = poll_after(seconds(1));
  EXPECT_EQ(report.transitions.at(0).incident.evidence_count, 3U);
  EXPECT_THAT(told(tick_after(seconds(2))), IsEmpty());
  EXPECT_THAT(told(poll_after(seconds(60))), IsEmpty());
}

TEST_F(EngineIncident, EvidenceMustDoubleAndGrowByFiveToBeNews) {
  fail();
  set_all(kUnder, 0, 2, 1);
  (void)poll_after(seconds(1));
  set_all(kUnder, 0, 6, 1);
  (void)poll_after(seconds(40));
  EXPECT_THAT(told(poll_after(seconds(40))), IsEmpty());
  set_all(kUnder, 0, 7, 1);
  (void)poll_after(seconds(40));
  EXPECT_THAT(told(poll_after(seconds(2))), ElementsAre("updated BrokerDown"));
  set_all(kUnder, 0, 13, 1);
  EXPECT_THAT(told(poll_after(seconds(40))), IsEmpty());
  EXPECT_THAT(told(poll_after(seconds(40))), IsEmpty());
}

TEST_F(EngineIncident, UpdatesAreHalfAMinuteApart) {
  fail();
  (void)poll_after(seconds(1));
  set_all(kUnder, 0, 5, 1);
  (void)poll_after(seconds(1));
  EXPECT_THAT(told(tick_after(seconds(2))), ElementsAre("updated BrokerDown"));
  set_all(kUnder, 0, 20, 1);
  EXPECT_THAT(told(poll_after(seconds(5))), IsEmpty());
  EXPECT_EQ(world_.engine().next_deadline(), world_.now().steady + seconds(25));
  EXPECT_THAT(told(tick_after(seconds(24))), IsEmpty());
  EXPECT_THAT(told(tick_after(seconds(1))), ElementsAre("updated BrokerDown"));
}

TEST_F(EngineIncident, AHigherSeverityDoesNotWaitForTheNextUpdate) {
  fail();
  (void)poll_after(seconds(1));
  set_all(kUnder, 0, 5, 1);
  (void)poll_after(seconds(1));
  (void)tick_after(seconds(2));
  set_all(kLeaderless, 0, 1, 1);
  (void)poll_after(seconds(1));
  const Report report = tick_after(seconds(2));
  EXPECT_THAT(told(report), ElementsAre("updated BrokerDown"));
  EXPECT_EQ(report.transitions.at(0).incident.severity, Severity::page);
}

// Partitions whose broker is down: its title counts them.
class EngineNews : public EngineIncident {
 protected:
  EngineNews() : EngineIncident(rules()) {}
  static std::vector<AlertRule> rules() {
    AlertRule broker = broker_down();
    broker.severity = Severity::page;
    AlertRule offline = ground_rule("Leaderless", kLeaderless, Fault::offline, {CauseKind::broker});
    offline.fault_keys.consequence = "{count} offline";
    AlertRule lost = ground_rule("Lost", kUnder, Fault::loss, {CauseKind::broker});
    lost.fault_keys.consequence = "{count} lost";
    return {broker, offline, lost};
  }
};

TEST_F(EngineNews, WhatTheTitleCountsAlreadyIsNoNews) {
  fail();
  (void)poll_after(seconds(1));
  (void)tick_after(seconds(20));
  set_all(kLeaderless, 0, 3, 1);
  EXPECT_THAT(told(poll_after(seconds(1))), IsEmpty());
  EXPECT_THAT(told(tick_after(seconds(40))), IsEmpty());
}

TEST_F(EngineNews, AnotherKindOfFaultThatFollowsIsNewsOnce) {
  fail();
  (void)poll_after(seconds(1));
  (void)tick_after(seconds(20));
  set_all(kUnder, 0, 1, 1);
  (void)poll_after(seconds(1));
  const Report report = tick_after(seconds(2));
  EXPECT_THAT(told(report), ElementsAre("updated BrokerDown"));
  EXPECT_THAT(report.incidents.at(0).title, ::testing::HasSubstr("1 lost"));
  set_all(kUnder, 1, 2, 1);
  EXPECT_THAT(told(poll_after(seconds(40))), IsEmpty());
}

TEST_F(EngineIncident, EvidenceIsCappedWorstFirstWithTheTrueCountBeside) {
  fail();
  set_all(kUnder, 0, 30, 1);
  set_all(kLeaderless, 30, 32, 1);
  const Report report = poll_after(seconds(1));
  const Incident& incident = incident_of(report, "BrokerDown");
  EXPECT_EQ(incident.evidence_count, 32U);
  ASSERT_EQ(incident.evidence.size(), kMaxEvidence);
  EXPECT_EQ(incident.evidence[0].rule, "Leaderless");
  EXPECT_EQ(incident.evidence[1].rule, "Leaderless");
  EXPECT_EQ(incident.evidence[2].rule, "Under");
}

TEST_F(EngineIncident, EvidenceThatEndedIsStillListedAndCountsOnceWhenItReturns) {
  fail();
  set_all(kUnder, 0, 2, 1);
  (void)poll_after(seconds(1));
  set_all(kUnder, 0, 1, 0);
  Report report = poll_after(seconds(1));
  EXPECT_EQ(report.incidents.at(0).evidence_count, 2U);
  EXPECT_FALSE(report.incidents.at(0).evidence.at(0).ended);
  EXPECT_TRUE(report.incidents.at(0).evidence.at(1).ended);
  set_all(kUnder, 0, 1, 1);
  report = poll_after(seconds(1));
  EXPECT_EQ(report.incidents.at(0).evidence_count, 2U);
  EXPECT_FALSE(report.incidents.at(0).evidence.at(1).ended);
}

TEST_F(EngineIncident, WithTheCauseTheIncidentEndsWhenNoEvidenceStands) {
  fail();
  set_all(kUnder, 0, 2, 1);
  (void)poll_after(seconds(1));
  set_all(kUnder, 0, 2, 0);
  fail(0);
  EXPECT_THAT(told(poll_after(seconds(1))),
              ElementsAre("resolved BrokerDown: the condition ended"));
}

TEST_F(EngineIncident, AfterTheCauseTheIncidentWaitsForItsEvidence) {
  fail();
  set_all(kUnder, 0, 2, 1);
  (void)poll_after(seconds(1));
  fail(0);
  const Report report = poll_after(seconds(1));
  EXPECT_THAT(told(report), IsEmpty());
  EXPECT_EQ(report.incidents.size(), 1U);
  set_all(kUnder, 0, 2, 0);
  EXPECT_THAT(told(poll_after(seconds(59))),
              ElementsAre("resolved BrokerDown: the condition ended"));
}

TEST_F(EngineIncident, EvidenceThatOutlivesTheCauseBecomesOneIncidentForEachRule) {
  cluster().set_cadence(minutes(5));
  fail();
  set_all(kUnder, 0, 3, 1);
  set_all(kLeaderless, 5, 7, 1);
  const Report opened = poll_after(seconds(1));
  fail(0);
  (void)poll_after(seconds(1));
  EXPECT_EQ(world_.engine().next_deadline(), world_.now().steady + seconds(60));
  const Report report = tick_after(seconds(60));
  EXPECT_THAT(told(report), ElementsAre("resolved BrokerDown: the cause ended", "opened Leaderless",
                                        "opened Under"));
  const Incident& under = incident_of(report, "Under");
  EXPECT_EQ(under.former, opened.incidents.at(0).id);
  EXPECT_EQ(under.former_correlation, opened.incidents.at(0).correlation);
  EXPECT_EQ(under.cause.entity, cluster().entity({{"topic", "orders"}, {"partition", "0"}}));
  EXPECT_EQ(under.evidence_count, 2U);
  EXPECT_EQ(incident_of(report, "Leaderless").evidence_count, 1U);
  EXPECT_EQ(alert_of(report, "Under").incident, under.id);
}

TEST_F(EngineIncident, ACauseThatReturnsInTimeContinuesItsIncident) {
  fail();
  set_all(kUnder, 0, 2, 1);
  const Report opened = poll_after(seconds(1));
  fail(0);
  (void)poll_after(seconds(1));
  fail();
  Report report = poll_after(seconds(50));
  EXPECT_THAT(told(report), IsEmpty());
  EXPECT_EQ(alert_of(report, "BrokerDown").incident, opened.incidents.at(0).id);
  report = poll_after(seconds(50));
  EXPECT_EQ(report.incidents.size(), 1U);
}

TEST_F(EngineIncident, EvidenceThatIsUnknownOpensNothingUntilItIsKnownAgain) {
  fail();
  set_all(kUnder, 0, 1, 1);
  (void)poll_after(seconds(1));
  fail(0);
  (void)poll_after(seconds(1));
  cluster().set_unknown(kUnder, partition(0));
  EXPECT_THAT(told(poll_after(seconds(59))), IsEmpty());
  EXPECT_THAT(told(poll_after(seconds(20))), IsEmpty());
  set_all(kUnder, 0, 1, 1);
  EXPECT_THAT(told(poll_after(seconds(1))),
              ElementsAre("resolved BrokerDown: the cause ended", "opened Under"));
}

TEST_F(EngineIncident, ALongListOfAlertsOfOneRuleIsOneIncident) {
  cluster().relate("leads partitions", {"topic", "partition"}, {"broker"}, {});
  set_all(kLeaderless, 0, 11, 1);
  const Report report = poll_after(seconds(1));
  EXPECT_THAT(told(report), ElementsAre("opened Leaderless"));
  EXPECT_EQ(report.incidents.at(0).evidence_count, 10U);
  EXPECT_EQ(report.incidents.at(0).cause.entity,
            cluster().entity({{"topic", "orders"}, {"partition", "0"}}));
}

TEST_F(EngineIncident, TenAlertsOfOneRuleAreTenIncidents) {
  set_all(kLeaderless, 0, 10, 1);
  EXPECT_EQ(poll_after(seconds(1)).incidents.size(), 10U);
}

TEST_F(EngineIncident, FurtherAlertsJoinTheOneIncidentForAMinute) {
  set_all(kLeaderless, 0, 11, 1);
  (void)poll_after(seconds(1));
  set_all(kLeaderless, 11, 13, 1);
  Report report = poll_after(seconds(60));
  EXPECT_EQ(report.incidents.size(), 1U);
  EXPECT_EQ(report.incidents.at(0).evidence_count, 12U);
  set_all(kLeaderless, 13, 14, 1);
  report = poll_after(seconds(1));
  EXPECT_EQ(report.incidents.size(), 2U);
}

TEST_F(EngineIncident, AnIncidentOfPeersStandsAsLongAsOneOfThem) {
  set_all(kLeaderless, 0, 11, 1);
  (void)poll_after(seconds(1));
  set_all(kLeaderless, 0, 10, 0);
  EXPECT_THAT(told(poll_after(seconds(1))), IsEmpty());
  EXPECT_THAT(told(poll_after(minutes(10))), IsEmpty());
  set_all(kLeaderless, 10, 11, 0);
  EXPECT_THAT(told(poll_after(seconds(1))),
              ElementsAre("resolved Leaderless: the condition ended"));
}

TEST_F(EngineIncident, ACauseOfSeveralIncidentsMakesThemOne) {
  set_all(kLeaderless, 0, 3, 1);
  ASSERT_EQ(poll_after(seconds(1)).incidents.size(), 3U);
  fail();
  const Report report = poll_after(seconds(1));
  EXPECT_THAT(told(report),
              ElementsAre("resolved Leaderless: it is part of incident 1 now: BrokerDown 1",
                          "resolved Leaderless: it is part of incident 1 now: BrokerDown 1"));
  EXPECT_EQ(incident_of(report, "Leaderless").headline.rule, "BrokerDown");
  ASSERT_EQ(report.incidents.size(), 1U);
  EXPECT_EQ(report.incidents[0].evidence_count, 3U);
}

TEST_F(EngineIncident, SubjectsOfARuleWithPerAreNeverLumpedTogether) {
  AlertRule rule = make_rule("Topic", kUnder, Comparison::equal, 1);
  rule.aggregated = true;
  rule.per = {0, 1};
  EngineWorld world({rule});
  for (int i = 0; i < 12; ++i) world.cluster().set(kUnder, {std::to_string(i), "0"}, 1);
  EXPECT_EQ(world.poll().incidents.size(), 12U);
}

}  // namespace
}  // namespace highwater::rules
