// Ratios of two counters, and multiples of the past.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/language/window_support.h"

namespace highwater::rules::testing {
namespace {

using std::chrono::hours;
using ::testing::IsEmpty;

TEST(EngineRatio, FiresAboveTheShare) {
  Flow flow(ratio_rule(0.01));
  flow.grow(5, 1000);
  EXPECT_THAT(flow.polls(minutes(10)).alerts, IsEmpty());
  flow.grow(20, 1000);
  const Report report = flow.polls(minutes(6));
  EXPECT_EQ(alert_of(report, "Ratio").summary, "Ratio 2%");
  EXPECT_EQ(alert_of(report, "Ratio").entity,
            flow.world().cluster().entity({{"group", "pay"}, {"topic", "orders"}}));
  flow.grow(0, 1000);
  EXPECT_THAT(flow.polls(minutes(6)).alerts, IsEmpty());
}

TEST(EngineRatio, FailuresThatAreCountedAPollLaterAreNotLost) {
  AlertRule rule = ratio_rule(0.5);
  EngineWorld world({rule});
  double all = 0;
  double failed = 0;
  for (int i = 0; i < 60; ++i) {
    // Records come every other poll, their failures in the poll after.
    if (i % 2 == 0)
      all += 100;
    else
      failed += 100;
    world.cluster().set(kAll, {"orders", "pay"}, all);
    world.cluster().set(kBad, {"pay", "orders"}, failed);
    (void)world.poll_after(kPoll);
  }
  EXPECT_NEAR(alert_of(world.tick(), "Ratio").value, 1, 0.05);
}

TEST(EngineRatio, WithoutEventsItIsNotMet) {
  Flow flow(ratio_rule(0.01));
  flow.grow(50, 1000);
  EXPECT_EQ(count_alerts(flow.polls(minutes(6)), "Ratio"), 1U);
  flow.grow(0, 0);
  EXPECT_THAT(flow.polls(minutes(6)).alerts, IsEmpty());
  EXPECT_EQ(flow.rows().worst, "0%");
  EXPECT_EQ(flow.rows().unknown, 0U);
}

TEST(EngineRatio, ALowShareWithoutEventsIsNotMetEither) {
  AlertRule rule = ratio_rule(0.95);
  rule.when.comparison = Comparison::less;
  Flow flow(rule);
  EXPECT_THAT(flow.polls(minutes(6)).alerts, IsEmpty());
  flow.grow(90, 100);
  EXPECT_EQ(count_alerts(flow.polls(minutes(6)), "Ratio"), 1U);
}

TEST(EngineRatio, FewerEventsThanTheMinimumDoNotCount) {
  Flow flow(ratio_rule(0.01, 200));
  flow.grow(6, 6);  // 180 in five minutes
  EXPECT_THAT(flow.polls(minutes(10)).alerts, IsEmpty());
  flow.grow(7, 7);
  EXPECT_EQ(count_alerts(flow.polls(minutes(6)), "Ratio"), 1U);
}

TEST(EngineRatio, ACounterThatIsBornWithTheFirstFailureCountsFromZero) {
  Flow flow(ratio_rule(0.01));
  flow.hide_failures();
  flow.world().cluster().set(kBad, {"other", "other"}, 0);
  flow.grow(0, 1000);
  flow.restart_application();
  (void)flow.polls(minutes(6));
  flow.show_failures();
  flow.grow(400, 1000);
  EXPECT_EQ(count_alerts(flow.polls(kPoll), "Ratio"), 1U);
}

TEST(EngineRatio, ItIsBornFromZeroAlsoWhereNobodyElseHasFailures) {
  Flow flow(ratio_rule(0.01));
  flow.hide_failures();
  flow.grow(0, 1000);
  flow.restart_application();
  (void)flow.polls(minutes(6));
  flow.show_failures();
  flow.grow(400, 1000);
  EXPECT_EQ(count_alerts(flow.polls(kPoll), "Ratio"), 1U);
}

TEST(EngineRatio, AnOldCounterThatIsReadLateDoesNotCountItsPast) {
  Flow flow(ratio_rule(0.01));
  flow.hide_failures();
  flow.grow(0, 10);
  (void)flow.polls(minutes(6));
  flow.show_failures();  // at 1,000, more than there were records since
  EXPECT_THAT(flow.polls(minutes(6)).alerts, IsEmpty());
}

TEST(EngineRatio, WithPerBothCountersAreAddedUp) {
  AlertRule rule = ratio_rule(0.01);
  rule.aggregated = true;
  rule.per = {0, 1};
  EngineWorld world({rule});
  for (int i = 0; i < 40; ++i) {
    // A tenth of few fails, none of many: 0.1 % of all.
    world.cluster().set(kBad, {"pay", "small"}, 1.0 * i);
    world.cluster().set(kAll, {"small", "pay"}, 10.0 * i);
    world.cluster().set(kAll, {"large", "pay"}, 990.0 * i);
    world.cluster().set(kBad, {"log", "small"}, 1.0 * i);
    world.cluster().set(kAll, {"small", "log"}, 10.0 * i);
    (void)world.poll_after(kPoll);
  }
  const Report report = world.tick();
  ASSERT_EQ(report.alerts.size(), 1U);
  EXPECT_EQ(report.alerts[0].entity, world.cluster().entity({{"group", "log"}}));
  EXPECT_DOUBLE_EQ(report.alerts[0].value, 0.1);
}

TEST(EnginePast, FiresWhenItIsAMultipleOfThen) {
  EngineWorld world({past_rule(3)});
  const auto polls = [&](Duration duration, double lag) {
    Report report;
    world.cluster().set(kLagSeconds, {"pay"}, lag);
    for (Duration done{}; done < duration; done += kPoll) report = world.poll_after(kPoll);
    return report;
  };
  EXPECT_THAT(polls(hours(1) + minutes(1), 100).alerts, IsEmpty());
  EXPECT_THAT(polls(minutes(5), 300).alerts, IsEmpty());
  EXPECT_EQ(alert_of(polls(kPoll, 301), "Past").summary, "Past 5 min 1 s");
  EXPECT_THAT(polls(hours(1) + minutes(5), 301).alerts, IsEmpty()) << "now it was so an hour ago";
}

TEST(EnginePast, IsUnknownUntilItWasSeenForSoLong) {
  EngineWorld world({past_rule(3)});
  world.cluster().set(kLagSeconds, {"pay"}, 100);
  for (int i = 0; i < 300; ++i) (void)world.poll_after(kPoll);
  const ExplainedRows rows = world.engine().explain({"Past", {}}, world.now()).rows.at(0);
  EXPECT_EQ(rows.unknown, 1U);
  EXPECT_EQ(rows.because, "1 warming up (not yet seen for 1h)");
}

TEST(EnginePast, AMultipleOfNothingSaysNothingWithoutAMinimum) {
  for (const double min_value : {0.0, 60.0}) {
    EngineWorld world({past_rule(3, min_value)});
    world.cluster().set(kLagSeconds, {"pay"}, 0);
    for (int i = 0; i < 361; ++i) (void)world.poll_after(kPoll);
    world.cluster().set(kLagSeconds, {"pay"}, 59);
    EXPECT_THAT(world.poll_after(kPoll).alerts, IsEmpty());
    world.cluster().set(kLagSeconds, {"pay"}, 60);
    EXPECT_EQ(world.poll_after(kPoll).alerts.size(), min_value > 0 ? 1U : 0U);
  }
}

TEST(EnginePast, ADropIsHeldAgainstWhatItWas) {
  AlertRule rule = past_rule(0.5, 60);
  rule.when.comparison = Comparison::less;
  EngineWorld world({rule});
  world.cluster().set(kLagSeconds, {"small"}, 40);
  world.cluster().set(kLagSeconds, {"large"}, 100);
  for (int i = 0; i < 361; ++i) (void)world.poll_after(kPoll);
  world.cluster().set(kLagSeconds, {"small"}, 1);
  world.cluster().set(kLagSeconds, {"large"}, 49);
  const Report report = world.poll_after(kPoll);
  ASSERT_EQ(report.alerts.size(), 1U);
  EXPECT_EQ(report.alerts[0].entity.label("group").text(), "large");
}

}  // namespace
}  // namespace highwater::rules::testing
