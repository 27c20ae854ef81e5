// The life of an alert: firing, `for`, `keep_firing_for`, unknown, gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/engine_world.h"

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

}  // namespace
}  // namespace highwater::rules
