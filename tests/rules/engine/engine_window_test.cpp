// Conditions over a window: rates, and what all three forms have in common.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/language/window_support.h"

namespace highwater::rules::testing {
namespace {

using std::chrono::hours;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(EngineRate, FiresAboveTheNumberAndEndsBelowIt) {
  Flow flow(rate_rule(10));
  flow.grow(90, 0);
  EXPECT_THAT(flow.polls(minutes(10)).alerts, IsEmpty());
  flow.grow(120, 0);
  const Report report = flow.polls(minutes(6));
  EXPECT_EQ(alert_of(report, "Rate").summary, "Rate 12/s");
  EXPECT_DOUBLE_EQ(alert_of(report, "Rate").value, 12);
  flow.grow(0, 0);
  EXPECT_THAT(flow.polls(minutes(6)).alerts, IsEmpty());
}

TEST(EngineRate, HalfOfTheWindowHasToBeKnown) {
  Flow flow(rate_rule(10));
  flow.grow(500, 0);
  EXPECT_THAT(flow.polls(minutes(2) + kPoll).alerts, IsEmpty());
  EXPECT_EQ(flow.rows().unknown, 1U);
  EXPECT_EQ(flow.rows().because, "1 warming up (not yet seen for half of 5m)");
  EXPECT_EQ(count_alerts(flow.polls(seconds(30)), "Rate"), 1U);
  EXPECT_EQ(flow.rows().because, "");
}

TEST(EngineRate, ACounterThatIsResetCountsFromZero) {
  Flow flow(rate_rule(10));
  flow.grow(50, 0);
  (void)flow.polls(minutes(6));
  flow.restart_application();
  EXPECT_THAT(flow.polls(minutes(6)).alerts, IsEmpty()) << "no jump, in either direction";
  EXPECT_EQ(flow.rows().worst, "5/s");
}

TEST(EngineRate, AnUnknownRowFreezesTheAlert) {
  Flow flow(rate_rule(10));
  flow.grow(200, 0);
  (void)flow.polls(minutes(6));
  flow.set_failures_known(false);
  flow.grow(0, 0);
  const Report report = flow.polls(minutes(20));
  EXPECT_TRUE(alert_of(report, "Rate").unknown);
  EXPECT_EQ(alert_of(report, "Rate").state, AlertState::firing);
  flow.set_failures_known(true);
  EXPECT_TRUE(alert_of(flow.polls(minutes(2)), "Rate").unknown) << "too little is known";
  EXPECT_EQ(flow.rows().unknown, 1U);
  EXPECT_THAT(flow.polls(minutes(4)).alerts, IsEmpty());
}

TEST(EngineRate, WhatGrewInAGapIsSpreadOverIt) {
  Flow flow(rate_rule(10));
  flow.grow(50, 0);
  (void)flow.polls(minutes(6));
  flow.set_failures_known(false);
  (void)flow.polls(minutes(30));  // 9,000 in all
  flow.set_failures_known(true);
  EXPECT_THAT(flow.polls(minutes(6)).alerts, IsEmpty());
}

TEST(EngineRate, ASilentAgentIsUnknownTime) {
  Flow flow(rate_rule(10));
  flow.grow(200, 0);
  (void)flow.polls(minutes(6));
  flow.world().advance(minutes(20));
  flow.grow(0, 0);
  const Report report = flow.polls(kPoll);
  EXPECT_TRUE(alert_of(report, "Rate").unknown);
}

TEST(EngineRate, WithPerTheRowsAreAddedUp) {
  AlertRule rule = rate_rule(10);
  rule.aggregated = true;
  rule.per = {0, 1};
  rule.summary = "{group} {value}";
  EngineWorld world({rule});
  for (int i = 0; i < 40; ++i) {
    for (const char* topic : {"a", "b", "c"}) world.cluster().set(kBad, {"pay", topic}, 40.0 * i);
    world.cluster().set(kBad, {"log", "a"}, 40.0 * i);
    (void)world.poll_after(kPoll);
  }
  const Report report = world.tick();
  ASSERT_EQ(report.alerts.size(), 1U);
  EXPECT_EQ(report.alerts[0].summary, "pay 12/s");
}

TEST(EngineRate, ARowThatLeavesAndComesBackCountsOnlyWhatIsNew) {
  AlertRule rule = rate_rule(10);
  EngineWorld world({rule});
  world.cluster().set(kBad, {"other", "a"}, 0);
  const auto polls = [&](int count) {
    Report report;
    for (int i = 0; i < count; ++i) report = world.poll_after(kPoll);
    return report;
  };
  world.cluster().set(kBad, {"pay", "a"}, 50'000);
  (void)polls(40);
  world.cluster().remove(kBad, {"pay", "a"});
  (void)polls(6);
  world.cluster().set(kBad, {"pay", "a"}, 50'001);
  EXPECT_THAT(polls(40).alerts, IsEmpty());
}

TEST(EngineRate, RowsThatAreNotSelectedAreNotFollowed) {
  AlertRule rule = rate_rule(10);
  rule.exclude = {{1, {pattern("log*")}}};
  EngineWorld world({rule});
  for (int i = 0; i < 40; ++i) {
    world.cluster().set(kBad, {"log", "a"}, 400.0 * i);
    world.cluster().set(kBad, {"pay", "a"}, 10.0 * i);
    (void)world.poll_after(kPoll);
  }
  EXPECT_THAT(world.tick().alerts, IsEmpty());
  const ExplainedRows rows = world.engine().explain({"Rate", {}}, world.now()).rows.at(0);
  EXPECT_EQ(rows.selected, 1U);
}

TEST(EngineRate, RowsBeyondTheLimitAreUnknownAndCounted) {
  EngineWorld world({rate_rule(10)});
  for (int i = 0; i < 10'003; ++i) world.cluster().set(kBad, {std::to_string(i), "a"}, 1);
  (void)world.poll();
  for (int i = 0; i < 20; ++i) (void)world.poll_after(kPoll);
  const ExplainedRows rows = world.engine().explain({"Rate", {}}, world.now()).rows.at(0);
  EXPECT_EQ(rows.unknown, 3U);
  EXPECT_EQ(rows.because, "3 beyond the first 10000");
}

TEST(EngineWindow, AFiringAlertIsFrozenAfterARestartUntilTheWindowIsKnown) {
  Flow flow(rate_rule(10));
  flow.grow(200, 0);
  (void)flow.polls(minutes(6));
  const std::vector<StateRecord> state = flow.world().engine().state(flow.world().now(), true);

  Flow after(rate_rule(10));
  after.world().advance(hours(1));
  EXPECT_THAT(after.world().engine().restore(state, after.world().now()), IsEmpty());
  after.grow(0, 0);
  Report report = after.polls(minutes(2));
  EXPECT_THAT(told(report), IsEmpty());
  EXPECT_TRUE(alert_of(report, "Rate").unknown);
  EXPECT_EQ(alert_of(report, "Rate").state, AlertState::firing);
  report = after.polls(seconds(50));
  EXPECT_THAT(report.alerts, IsEmpty());
}

TEST(EngineWindow, AReloadWithAnotherThresholdKeepsWhatWasSeen) {
  Flow flow(rate_rule(10));
  flow.grow(80, 0);
  (void)flow.polls(minutes(6));
  flow.world().engine().replace_rules(RuleSet({rate_rule(7)}));
  EXPECT_EQ(count_alerts(flow.polls(kPoll), "Rate"), 1U);
}

TEST(EngineWindow, AReloadThatSelectsOtherRowsFollowsThem) {
  Flow flow(rate_rule(10));
  flow.grow(200, 0);
  (void)flow.polls(minutes(6));
  AlertRule others = rate_rule(10);
  others.exclude = {{1, {pattern("pay")}}};
  flow.world().engine().replace_rules(RuleSet({others}));
  EXPECT_THAT(flow.polls(kPoll).alerts, IsEmpty());
  flow.world().engine().replace_rules(RuleSet({rate_rule(10)}));
  EXPECT_EQ(count_alerts(flow.polls(minutes(5)), "Rate"), 1U);
}

TEST(EngineWindow, AReloadWithAnotherWindowStartsAgainAndFreezes) {
  Flow flow(rate_rule(10));
  flow.grow(200, 0);
  (void)flow.polls(minutes(6));
  AlertRule longer = rate_rule(10);
  longer.when.window = minutes(10);
  flow.world().engine().replace_rules(RuleSet({longer}));
  EXPECT_TRUE(alert_of(flow.polls(minutes(1)), "Rate").unknown);
  EXPECT_FALSE(alert_of(flow.polls(minutes(5)), "Rate").unknown);
}

TEST(EngineWindow, AReloadMayTurnItIntoAPlainCondition) {
  Flow flow(past_rule(3));
  flow.world().cluster().set(kLagSeconds, {"pay"}, 100);
  (void)flow.polls(minutes(6));
  AlertRule plain = make_rule("Past", kLagSeconds, Comparison::greater, 50);
  flow.world().engine().replace_rules(RuleSet({plain}));
  EXPECT_EQ(flow.rows().selected, 0U) << "nothing was read for it yet";
  EXPECT_EQ(count_alerts(flow.polls(kPoll), "Past"), 1U);
}

TEST(EngineWindow, TheSentencesSayTheWindow) {
  EngineWorld world(RuleSet({ratio_rule(0.01, 200), past_rule(3, 90)}));
  const auto ask = [&](const char* name) {
    return world.engine().explain({name, {}}, world.now());
  };
  EXPECT_EQ(ask("Ratio").judges, "ratio(records_failed_total, records_total, 5m) > 1%");
  EXPECT_THAT(ask("Ratio").meaning, HasSubstr("> 1% (of at least 200 events)"));
  EXPECT_EQ(ask("Past").judges, "group_lag_seconds > 3x 1h ago");
  EXPECT_THAT(ask("Past").meaning, HasSubstr("> 3x 1h ago (and is at least 1m30s)"));
}

}  // namespace
}  // namespace highwater::rules::testing
