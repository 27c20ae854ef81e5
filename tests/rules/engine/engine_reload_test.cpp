// What becomes of alerts when the rules are loaded anew.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/engine/engine_world.h"

namespace highwater::rules {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

AlertRule lag(double threshold = 100) {
  return make_rule("Lag", kLag, Comparison::greater, threshold);
}

class EngineReload : public ::testing::Test {
 protected:
  EngineReload() {
    world_.cluster().set(kLag, {"billing", "orders", "0"}, 500);
    world_.cluster().set(kLag, {"stock", "orders", "0"}, 0);
    (void)world_.poll();
  }
  EngineWorld world_{{lag()}};
};

TEST_F(EngineReload, AlertsOfARuleThatKeptItsNameStayAsTheyAre) {
  const Report before = world_.tick();
  world_.engine().replace_rules({make_rule("Other", kFailed, Comparison::equal, 1), lag()});
  const Report report = world_.tick_after(seconds(1));
  EXPECT_THAT(told(report), IsEmpty());
  EXPECT_EQ(alert_of(report, "Lag").firing_since, alert_of(before, "Lag").firing_since);
  EXPECT_EQ(alert_of(report, "Lag").incident, alert_of(before, "Lag").incident);
}

TEST_F(EngineReload, AlertsOfARuleThatWasRemovedEnd) {
  world_.engine().replace_rules({});
  EXPECT_TRUE(world_.engine().next_deadline().has_value());
  const Report report = world_.tick_after(seconds(1));
  EXPECT_THAT(told(report), ElementsAre("resolved Lag: the rule was removed"));
  EXPECT_THAT(report.alerts, IsEmpty());
  EXPECT_THAT(world_.tick_after(seconds(1)).transitions, IsEmpty());
}

TEST_F(EngineReload, AChangedThresholdIsJudgedWithoutANewObservation) {
  world_.engine().replace_rules({lag(1000)});
  EXPECT_THAT(told(world_.tick_after(seconds(1))),
              ElementsAre("resolved Lag: the condition ended"));
}

TEST_F(EngineReload, ANewRuleIsJudgedWithoutANewObservation) {
  AlertRule zero = make_rule("NoLag", kLag, Comparison::equal, 0);
  world_.engine().replace_rules({lag(), zero});
  EXPECT_THAT(told(world_.tick_after(seconds(1))), ElementsAre("opened NoLag"));
}

TEST_F(EngineReload, WhatTheRuleDoesNotCoverAnyMoreEnds) {
  AlertRule narrower = lag();
  narrower.exclude = {{1, {pattern("billing")}}};
  world_.engine().replace_rules({narrower});
  EXPECT_THAT(told(world_.tick_after(seconds(1))),
              ElementsAre("resolved Lag: the rule does not cover it any more"));
}

TEST_F(EngineReload, AChangedSeverityAndRunbookHoldAtOnce) {
  AlertRule changed = lag();
  changed.severity = Severity::ticket;
  changed.runbook = "lag";
  changed.summary = "late";
  world_.engine().replace_rules({changed});
  const Report report = world_.tick_after(seconds(1));
  EXPECT_EQ(alert_of(report, "Lag").severity, Severity::ticket);
  EXPECT_EQ(alert_of(report, "Lag").runbook, "lag");
  EXPECT_EQ(alert_of(report, "Lag").summary, "late");
  EXPECT_EQ(incident_of(report, "Lag").severity, Severity::page);
}

TEST_F(EngineReload, ARuleThatIsAboutOtherThingsNowStartsAnew) {
  AlertRule per_group = lag();
  per_group.aggregated = true;
  per_group.per = {0, 1};
  world_.engine().replace_rules({per_group});
  EXPECT_THAT(told(world_.tick_after(seconds(1))),
              ElementsAre("resolved Lag: the rule was removed", "opened Lag"));
}

TEST_F(EngineReload, AlertsOfAClusterThatIsNotWatchedAnyMoreEnd) {
  world_.snapshot().observations.clear();
  world_.engine().forget_cluster(Symbol("prod"));
  const Report report = world_.tick_after(seconds(1));
  EXPECT_THAT(told(report), ElementsAre("resolved Lag: its cluster is not watched any more"));
  EXPECT_THAT(report.alerts, IsEmpty());
}

TEST_F(EngineReload, ARuleThatIsRemovedAndPutBackBetweenTwoEvaluationsKeepsItsIncident) {
  world_.engine().replace_rules({});
  world_.engine().replace_rules({lag()});
  const Report report = world_.tick_after(seconds(1));
  EXPECT_THAT(told(report), IsEmpty());
  EXPECT_EQ(alert_of(report, "Lag").incident, 1U);
}

}  // namespace
}  // namespace highwater::rules
