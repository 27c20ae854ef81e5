// The life of an alert: firing, `for`, `keep_firing_for`, unknown, gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/engine/engine_world.h"

namespace highwater::rules {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

AlertRule broker_down() {
  return make_rule("BrokerDown", kFailed, Comparison::equal, 1);
}

AlertRule broker_down_for(Duration hold, Duration keep = {}) {
  AlertRule rule = broker_down();
  rule.hold = hold;
  rule.keep_firing_for = keep;
  return rule;
}

TEST(EngineState, ARowThatMeetsTheConditionFiresAtOnceAndOpensAnIncident) {
  EngineWorld world({broker_down()});
  world.cluster().set(kFailed, {"1"}, 0);
  world.cluster().set(kFailed, {"2"}, 1);
  const Report report = world.poll();
  ASSERT_EQ(report.alerts.size(), 1U);
  EXPECT_EQ(report.alerts[0].state, AlertState::firing);
  EXPECT_EQ(report.alerts[0].entity, world.cluster().entity({{"broker", "2"}}));
  EXPECT_EQ(report.alerts[0].incident, 1U);
  EXPECT_THAT(told(report), ElementsAre("opened BrokerDown"));
  EXPECT_TRUE(report.incidents.at(0).correlation.valid());
}

TEST(EngineState, NothingIsJudgedBeforeAnyObservation) {
  EngineWorld world({broker_down()});
  EXPECT_THAT(world.tick().alerts, IsEmpty());
}

TEST(EngineState, AnAlertIsPendingUntilItsTimeHasPassed) {
  EngineWorld world({broker_down_for(seconds(30))});
  world.cluster().set(kFailed, {"2"}, 1);
  Report report = world.poll();
  EXPECT_EQ(alert_of(report, "BrokerDown").state, AlertState::pending);
  EXPECT_EQ(alert_of(report, "BrokerDown").incident, 0U);
  EXPECT_THAT(told(report), IsEmpty());
  report = world.poll_after(seconds(29));
  EXPECT_EQ(alert_of(report, "BrokerDown").state, AlertState::pending);
  report = world.poll_after(seconds(1));
  EXPECT_EQ(alert_of(report, "BrokerDown").state, AlertState::firing);
  EXPECT_EQ(alert_of(report, "BrokerDown").active_since, world.now().wall - seconds(30));
  EXPECT_EQ(alert_of(report, "BrokerDown").firing_since, world.now().wall);
}

TEST(EngineState, APendingAlertFiresAtItsDeadlineWithoutANewObservation) {
  EngineWorld world({broker_down_for(seconds(5))});
  world.cluster().set(kFailed, {"2"}, 1);
  (void)world.poll();
  EXPECT_EQ(world.engine().next_deadline(), world.now().steady + seconds(5));
  EXPECT_THAT(told(world.tick_after(seconds(5))), ElementsAre("opened BrokerDown"));
}

TEST(EngineState, APendingAlertVanishesSilentlyWhenTheConditionEnds) {
  EngineWorld world({broker_down_for(seconds(30))});
  world.cluster().set(kFailed, {"2"}, 1);
  (void)world.poll();
  world.cluster().set(kFailed, {"2"}, 0);
  const Report report = world.poll_after(seconds(10));
  EXPECT_THAT(report.alerts, IsEmpty());
  EXPECT_THAT(told(report), IsEmpty());
}

TEST(EngineState, AFiringAlertResolvesWhenTheConditionEnds) {
  EngineWorld world({broker_down()});
  world.cluster().set(kFailed, {"2"}, 1);
  const Report opened = world.poll();
  world.cluster().set(kFailed, {"2"}, 0);
  const Report report = world.poll_after(seconds(10));
  EXPECT_THAT(told(report), ElementsAre("resolved BrokerDown: the condition ended"));
  EXPECT_EQ(report.transitions[0].incident.id, opened.incidents[0].id);
  EXPECT_EQ(report.transitions[0].incident.correlation, opened.incidents[0].correlation);
  EXPECT_THAT(report.incidents, IsEmpty());
  EXPECT_THAT(report.alerts, IsEmpty());
}

TEST(EngineState, AnUnknownRowNeitherResolvesNorFires) {
  EngineWorld world({broker_down()});
  world.cluster().set(kFailed, {"1"}, 0);
  world.cluster().set(kFailed, {"2"}, 1);
  (void)world.poll();
  world.cluster().set_unknown(kFailed, {"1"});
  world.cluster().set_unknown(kFailed, {"2"});
  const Report report = world.poll_after(seconds(10));
  EXPECT_THAT(told(report), IsEmpty());
  ASSERT_EQ(report.alerts.size(), 1U);
  EXPECT_TRUE(report.alerts[0].unknown);
}

TEST(EngineState, AFrozenAlertGoesOnWhenItsRowIsKnownAgain) {
  EngineWorld world({broker_down()});
  world.cluster().set(kFailed, {"2"}, 1);
  (void)world.poll();
  world.cluster().set_unknown(kFailed, {"2"});
  (void)world.poll_after(seconds(10));
  world.cluster().set(kFailed, {"2"}, 1);
  const Report report = world.poll_after(seconds(10));
  EXPECT_FALSE(alert_of(report, "BrokerDown").unknown);
  EXPECT_THAT(told(report), IsEmpty());
}

TEST(EngineState, APendingAlertKeepsItsStartWhileUnknownButFiresOnlyWhenASampleConfirms) {
  EngineWorld world({broker_down_for(seconds(30))});
  world.cluster().set(kFailed, {"2"}, 1);
  (void)world.poll();
  world.cluster().set_unknown(kFailed, {"2"});
  Report report = world.poll_after(seconds(10));
  EXPECT_TRUE(alert_of(report, "BrokerDown").unknown);
  report = world.poll_after(seconds(50));
  EXPECT_EQ(alert_of(report, "BrokerDown").state, AlertState::pending);
  EXPECT_THAT(told(report), IsEmpty());
  world.cluster().set(kFailed, {"2"}, 1);
  report = world.poll_after(seconds(5));
  EXPECT_THAT(told(report), ElementsAre("opened BrokerDown"));
  EXPECT_EQ(alert_of(report, "BrokerDown").active_since, world.now().wall - seconds(65));
}

TEST(EngineState, AStaleObservationFreezesItsAlertsAtTheDeadline) {
  EngineWorld world({broker_down_for(seconds(60))});
  world.cluster().set_cadence(seconds(10));
  world.cluster().set(kFailed, {"2"}, 1);
  (void)world.poll();
  const auto deadline = world.engine().next_deadline();
  ASSERT_EQ(deadline, world.now().steady + seconds(30) + Duration(1));
  EXPECT_TRUE(alert_of(world.tick_after(*deadline - world.now().steady), "BrokerDown").unknown);
  const Report report = world.tick_after(seconds(60));
  EXPECT_EQ(alert_of(report, "BrokerDown").state, AlertState::pending);
  EXPECT_EQ(world.engine().next_deadline(), std::nullopt);
}

TEST(EngineState, AMissingTableFreezes) {
  EngineWorld world({broker_down()});
  world.cluster().set(kFailed, {"2"}, 1);
  world.cluster().set(kUnder, {"orders", "0"}, 0);
  (void)world.poll();
  world.cluster().drop_table(kFailed);
  const Report report = world.poll_after(seconds(5));
  EXPECT_TRUE(alert_of(report, "BrokerDown").unknown);
  EXPECT_THAT(told(report), IsEmpty());
}

TEST(EngineState, AMissingObservationFreezes) {
  EngineWorld world({broker_down()});
  world.cluster().set(kFailed, {"2"}, 1);
  (void)world.poll();
  world.snapshot().observations.clear();
  const Report report = world.tick_after(seconds(5));
  EXPECT_TRUE(alert_of(report, "BrokerDown").unknown);
  EXPECT_THAT(told(report), IsEmpty());
}

TEST(EngineState, ARowThatLeftItsTableIsGoneAndResolves) {
  EngineWorld world({broker_down_for(seconds(0), minutes(5))});
  world.cluster().set(kFailed, {"1"}, 0);
  world.cluster().set(kFailed, {"2"}, 1);
  (void)world.poll();
  world.cluster().remove(kFailed, {"2"});
  const Report report = world.poll_after(seconds(5));
  EXPECT_THAT(told(report), ElementsAre("resolved BrokerDown: it is gone"));
  EXPECT_THAT(report.alerts, IsEmpty());
}

TEST(EngineState, APendingAlertWhoseRowIsGoneVanishesSilently) {
  EngineWorld world({broker_down_for(seconds(60))});
  world.cluster().set(kFailed, {"1"}, 0);
  world.cluster().set(kFailed, {"2"}, 1);
  (void)world.poll();
  world.cluster().remove(kFailed, {"2"});
  const Report report = world.poll_after(seconds(5));
  EXPECT_THAT(report.alerts, IsEmpty());
  EXPECT_THAT(told(report), IsEmpty());
}

TEST(EngineState, AnAlertKeepsFiringForAWhileAfterTheConditionEnded) {
  EngineWorld world({broker_down_for(seconds(0), seconds(20))});
  world.cluster().set(kFailed, {"2"}, 1);
  (void)world.poll();
  world.cluster().set(kFailed, {"2"}, 0);
  Report report = world.poll_after(seconds(5));
  EXPECT_EQ(alert_of(report, "BrokerDown").state, AlertState::firing);
  EXPECT_EQ(alert_of(report, "BrokerDown").value, 0);
  EXPECT_EQ(world.engine().next_deadline(), world.now().steady + seconds(20));
  report = world.tick_after(seconds(20));
  EXPECT_THAT(told(report), ElementsAre("resolved BrokerDown: the condition ended"));
}

TEST(EngineState, AConditionThatReturnsInTimeStartsKeepFiringAnew) {
  EngineWorld world({broker_down_for(seconds(0), seconds(20))});
  world.cluster().set(kFailed, {"2"}, 1);
  (void)world.poll();
  for (int flap = 0; flap < 5; ++flap) {
    world.cluster().set(kFailed, {"2"}, flap % 2);
    EXPECT_THAT(told(world.poll_after(seconds(12))), IsEmpty()) << flap;
  }
}

TEST(EngineState, WhatKeepsFiringDoesNotResolveWhileItIsUnknown) {
  EngineWorld world({broker_down_for(seconds(0), seconds(20))});
  world.cluster().set(kFailed, {"2"}, 1);
  (void)world.poll();
  world.cluster().set(kFailed, {"2"}, 0);
  (void)world.poll_after(seconds(5));
  world.cluster().set_unknown(kFailed, {"2"});
  EXPECT_THAT(told(world.poll_after(seconds(60))), IsEmpty());
  world.cluster().set(kFailed, {"2"}, 0);
  EXPECT_THAT(told(world.poll_after(seconds(1))),
              ElementsAre("resolved BrokerDown: the condition ended"));
}

TEST(EngineState, AnAlertStaysWithItsEntityWhenRowsComeAndGo) {
  EngineWorld world({broker_down_for(seconds(30))});
  world.cluster().set(kFailed, {"2"}, 1);
  world.cluster().set(kFailed, {"3"}, 0);
  (void)world.poll();
  world.cluster().set(kFailed, {"1"}, 0);
  world.cluster().remove(kFailed, {"3"});
  (void)world.poll_after(seconds(10));
  world.cluster().reverse_rows();
  const Report report = world.poll_after(seconds(20));
  ASSERT_EQ(report.alerts.size(), 1U);
  EXPECT_EQ(report.alerts[0].state, AlertState::firing);
  EXPECT_EQ(report.alerts[0].entity, world.cluster().entity({{"broker", "2"}}));
}

TEST(EngineState, AWallClockThatJumpsChangesNothing) {
  EngineWorld world({broker_down_for(seconds(30))});
  world.cluster().set(kFailed, {"2"}, 1);
  (void)world.poll();
  world.jump_wall(std::chrono::hours(24));
  EXPECT_THAT(told(world.poll_after(seconds(10))), IsEmpty());
  world.jump_wall(-std::chrono::hours(48));
  EXPECT_THAT(told(world.poll_after(seconds(19))), IsEmpty());
  EXPECT_THAT(told(world.poll_after(seconds(1))), ElementsAre("opened BrokerDown"));
}

TEST(EngineState, WithoutAlertsThereIsNoDeadline) {
  EngineWorld world({broker_down_for(seconds(30))});
  world.cluster().set(kFailed, {"2"}, 0);
  (void)world.poll();
  EXPECT_EQ(world.engine().next_deadline(), std::nullopt);
}

TEST(EngineState, AValueThatIsNoNumberIsUnknown) {
  EngineWorld world({make_rule("Odd", kLagSeconds, Comparison::not_equal, 1)});
  world.cluster().set(kLagSeconds, {"billing"}, std::nan(""));
  EXPECT_THAT(world.poll().alerts, IsEmpty());
}

TEST(EngineState, EveryClusterHasAlertsOfItsOwn) {
  EngineWorld world({broker_down()});
  world.cluster().set(kFailed, {"2"}, 1);
  world.add_cluster("other").set(kFailed, {"2"}, 1);
  const Report report = world.poll();
  EXPECT_EQ(count_alerts(report, "BrokerDown"), 2U);
  EXPECT_EQ(report.incidents.size(), 2U);
}

TEST(EngineState, AnObservationOfOnePartLeavesAlertsOfAnotherAlone) {
  EngineWorld world({broker_down(), make_rule("Under", kUnder, Comparison::equal, 1)});
  world.cluster().put_in_part(kUnder, "partitions");
  world.cluster().set(kFailed, {"2"}, 1);
  world.cluster().set(kUnder, {"orders", "0"}, 1);
  (void)world.poll();
  world.cluster().set(kFailed, {"2"}, 0);
  world.cluster().set(kUnder, {"orders", "0"}, 0);
  world.advance(seconds(1));
  EXPECT_THAT(told(world.poll("partitions")), ElementsAre("resolved Under: the condition ended"));
}

TEST(EngineState, WhatFiresComesBeforeWhatIsPendingAndThePageBeforeTheTicket) {
  AlertRule ticket = make_rule("Under", kUnder, Comparison::equal, 1);
  ticket.severity = Severity::ticket;
  AlertRule pending = make_rule("Leaderless", kLeaderless, Comparison::equal, 1);
  pending.hold = minutes(1);
  EngineWorld world({pending, ticket, broker_down()});
  world.cluster().set(kLeaderless, {"stock", "0"}, 1);
  world.cluster().set(kUnder, {"orders", "1"}, 1);
  world.cluster().set(kUnder, {"orders", "0"}, 1);
  world.cluster().set(kFailed, {"2"}, 1);
  const Report report = world.poll();
  std::vector<std::string> order;
  for (const Alert& alert : report.alerts) order.push_back(alert.rule + " " + alert.entity.text());
  EXPECT_THAT(order, ElementsAre("BrokerDown broker=2 cluster=prod",
                                 "Under cluster=prod partition=0 topic=orders",
                                 "Under cluster=prod partition=1 topic=orders",
                                 "Leaderless cluster=prod partition=0 topic=stock"));
}

}  // namespace
}  // namespace highwater::rules
