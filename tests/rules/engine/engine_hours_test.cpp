// Rules with hours, in the engine: what ends with them, what people are told, and what a restart
// keeps. The cases in cases/hours.yaml say when alerts begin and end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/open_hours.h"
#include "tests/rules/engine/engine_world.h"

namespace highwater::rules::testing {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The worlds begin on Monday, 2025-11-24, at 16:00 UTC.
std::shared_ptr<const OpenHours> until_six(int begin = 8) {
  During during;
  during.days = {true, true, true, true, true, false, false};
  during.hours = {{hours(begin), hours(18)}};
  during.zone_named = true;
  return std::make_shared<const OpenHours>(during);
}

AlertRule silent_rule() {
  AlertRule rule = make_rule("Silent", kSlow, Comparison::greater, 0);
  rule.hold = minutes(5);
  rule.keep_firing_for = hours(3);
  rule.during = until_six();
  return rule;
}

SloRule lag_slo() {
  SloRule rule = make_slo("payments-lag", kLagSeconds, 0.99);
  rule.sli.good.high = 300;
  rule.during = until_six();
  return rule;
}

TEST(EngineHours, TheirEndIsNoRecovery) {
  EngineWorld world(RuleSet{silent_rule()});
  world.cluster().set_cadence(minutes(10));
  world.cluster().set(kSlow, {"1"}, 9);
  world.poll();
  EXPECT_THAT(told(world.poll_after(minutes(5))), ElementsAre("opened Silent"));
  EXPECT_THAT(told(world.poll_after(minutes(114))), IsEmpty());
  world.advance(minutes(1));
  EXPECT_THAT(told(world.tick()),
              ElementsAre("resolved Silent: its hours ended, and it may still be wrong: nobody "
                          "looks outside of mon-fri 08:00-18:00 UTC"));
  EXPECT_THAT(world.tick().alerts, IsEmpty());
}

TEST(EngineHours, TheEngineAsksToBeWokenForThem) {
  EngineWorld world(RuleSet{silent_rule()});
  world.cluster().set_cadence(hours(24));
  world.cluster().set(kSlow, {"1"}, 9);
  world.poll();
  world.tick_after(minutes(5));
  EXPECT_EQ(world.engine().next_deadline(), world.now().steady + minutes(115));
  world.tick_after(minutes(115));
  EXPECT_EQ(world.engine().next_deadline(), world.now().steady + hours(14));
  // What was read before is judged again when they begin.
  Report report = world.tick_after(hours(14) + seconds(2));
  EXPECT_EQ(alert_of(report, "Silent").active_since, world.now().wall - seconds(2));
  EXPECT_EQ(world.engine().next_deadline(), world.now().steady + minutes(5) - seconds(2));
}

TEST(EngineHours, TheyEndAlsoWhileTheClusterCannotBeRead) {
  SloRule slo = lag_slo();
  EngineWorld world(RuleSet({silent_rule()}, {slo}));
  world.cluster().set(kSlow, {"1"}, 9);
  world.cluster().set(kLagSeconds, {"payments"}, 400);
  for (int i = 0; i < 60; ++i) world.poll_after(seconds(15));
  ASSERT_EQ(count_alerts(world.tick(), "Silent"), 1U);
  ASSERT_EQ(count_alerts(world.tick(), "payments-lag"), 1U);
  world.snapshot() = {};
  world.tick_after(minutes(30));
  EXPECT_TRUE(alert_of(world.tick(), "Silent").unknown);
  EXPECT_THAT(told(world.tick_after(hours(2))), ::testing::SizeIs(2));
  EXPECT_THAT(world.tick().alerts, IsEmpty());
}

TEST(EngineHours, WhatWasPendingOrFiredBeforeAClosingThatNobodySawBeginsAnew) {
  for (const Duration before : {minutes(2), minutes(20)}) {
    const RuleSet rules{silent_rule()};
    EngineWorld world(rules);
    world.cluster().set_cadence(minutes(10));
    world.cluster().set(kSlow, {"1"}, 9);
    world.poll();
    world.poll_after(before);
    const std::vector<StateRecord> records = world.engine().state(world.now(), true);

    EngineWorld later(rules);
    later.cluster().set_cadence(minutes(10));
    later.cluster().set(kSlow, {"1"}, 9);
    later.advance(hours(16) + minutes(30));  // Tuesday, 8:30
    ASSERT_THAT(later.engine().restore(records, later.now()), IsEmpty());
    const Report first = later.poll_after(seconds(1));
    if (before > minutes(5)) {
      EXPECT_THAT(told(first), ElementsAre(HasSubstr("resolved Silent: its hours ended")));
    } else {
      EXPECT_THAT(told(first), IsEmpty());
    }
    EXPECT_EQ(alert_of(first, "Silent").state, AlertState::pending);
    EXPECT_THAT(told(later.poll_after(minutes(5))), ElementsAre("opened Silent"));
  }
}

TEST(EngineHours, ARestartWithinThemChangesNothing) {
  const RuleSet rules{silent_rule()};
  EngineWorld world(rules);
  world.cluster().set_cadence(minutes(10));
  world.cluster().set(kSlow, {"1"}, 9);
  world.advance(-(hours(9)));  // before eight
  world.poll();
  world.poll_after(hours(1));
  world.poll_after(minutes(10));
  const std::vector<StateRecord> records = world.engine().state(world.now(), true);

  EngineWorld later(rules);
  later.cluster().set_cadence(minutes(10));
  later.cluster().set(kSlow, {"1"}, 9);
  later.advance(-hours(7));
  ASSERT_THAT(later.engine().restore(records, later.now()), IsEmpty());
  EXPECT_THAT(told(later.poll_after(seconds(1))), IsEmpty());
  EXPECT_EQ(alert_of(later.tick(), "Silent").state, AlertState::firing);
}

TEST(EngineHours, ARuleThatGetsHoursEndsWhatFiresOutsideOfThem) {
  AlertRule always = silent_rule();
  always.during = nullptr;
  EngineWorld world(RuleSet{always});
  world.cluster().set_cadence(minutes(10));
  world.cluster().set(kSlow, {"1"}, 9);
  world.poll();
  world.poll_after(minutes(5));
  world.poll_after(hours(3));
  ASSERT_EQ(count_alerts(world.tick(), "Silent"), 1U);
  world.engine().replace_rules(RuleSet{silent_rule()});
  EXPECT_THAT(told(world.poll_after(seconds(1))), ElementsAre(HasSubstr("its hours ended")));
  world.engine().replace_rules(RuleSet{always});
  world.poll_after(seconds(1));
  EXPECT_THAT(told(world.poll_after(minutes(5))), ElementsAre("opened Silent"));
}

TEST(EngineHours, ABudgetThatBurnsIsNotHeardOfOutsideOfThem) {
  EngineWorld world(RuleSet({}, {lag_slo()}));
  world.cluster().set(kLagSeconds, {"payments"}, 400);
  std::vector<std::string> heard;
  for (int i = 0; i < 4 * 60 * 4; ++i) {
    for (const std::string& text : told(world.poll_after(seconds(15)))) heard.push_back(text);
  }
  EXPECT_THAT(heard, ElementsAre("opened payments-lag",
                                 "resolved payments-lag: its hours ended, and it may still be "
                                 "wrong: nobody looks outside of mon-fri 08:00-18:00 UTC"));
}

TEST(EngineHours, AnAlertOfABudgetClearsWithThemAtTheLatest) {
  SloRule rule = lag_slo();
  EngineWorld world(RuleSet({}, {rule}));
  world.cluster().set(kLagSeconds, {"payments"}, 400);
  for (int i = 0; i < 4 * 118; ++i) world.poll_after(seconds(15));
  const Report report = world.tick();
  const Alert& alert = alert_of(report, "payments-lag");
  ASSERT_TRUE(alert.budget);
  EXPECT_EQ(alert.budget->clears_at, world.now().wall + minutes(2));
}

TEST(EngineHours, TheBudgetIsGoneAfterSoMuchTimeWithinThem) {
  SloRule rule = lag_slo();
  EngineWorld world(RuleSet({}, {rule}));
  world.cluster().set(kLagSeconds, {"payments"}, 400);
  for (int i = 0; i < 4 * 30; ++i) world.poll_after(seconds(15));
  const Report report = world.tick();
  const Alert& alert = alert_of(report, "payments-lag");
  ASSERT_TRUE(alert.budget && alert.budget->exhausted_in);
  const WallTime now = world.now().wall;
  // The budget of 30 days is a hundredth of what of them lies inside, and the burn is held against
  // that as well.
  const double counted = to_seconds(rule.during->inside(now - hours(30 * 24), now));
  const double left = alert.budget->remaining * counted / alert.budget->burn;
  EXPECT_NEAR(to_seconds(rule.during->inside(now, now + *alert.budget->exhausted_in)), left, 1);
  EXPECT_GT(to_seconds(*alert.budget->exhausted_in), left + 3600);
}

TEST(EngineHours, ExplainSaysThatItIsClosedAndUntilWhen) {
  EngineWorld world(RuleSet({silent_rule()}, {lag_slo()}));
  world.cluster().set(kSlow, {"1"}, 9);
  world.advance(hours(3));
  world.poll();
  const ExplainAnswer alert = world.engine().explain({"Silent", ""}, world.now());
  EXPECT_THAT(alert.meaning, HasSubstr("; only mon-fri 08:00-18:00 UTC. It is closed now, until "
                                       "2025-11-25 08:00:00 UTC."));
  ASSERT_EQ(alert.rows.size(), 1U);
  EXPECT_EQ(alert.rows[0].met, 1U);
  EXPECT_THAT(alert.items, IsEmpty());
  EXPECT_THAT(world.engine().explain({"payments-lag", ""}, world.now()).meaning,
              HasSubstr("Time counts only mon-fri 08:00-18:00 UTC. It is closed now"));
}

}  // namespace
}  // namespace highwater::rules::testing
