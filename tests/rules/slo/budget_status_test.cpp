#include <gtest/gtest.h>

#include <random>

#include "rules/slo/burn.h"
#include "tests/rules/slo/burn_support.h"

namespace highwater::rules {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(BudgetStatusTest, TheBudgetOfARollingWindowIsWhatMayBeBadInIt) {
  BudgetCurve curve = healthy(hours(24 * 40));
  pass(curve, minutes(10), 1);
  const BudgetStatus status = budget_status(time_rule(), curve, curve.end());
  EXPECT_EQ(status.window_begin, curve.end() - hours(24 * 30));
  EXPECT_NEAR(status.budget, 2592, 1e-6);
  EXPECT_NEAR(status.sums.bad, 600, 1e-6);
  EXPECT_NEAR(status.remaining, 1 - 600.0 / 2592, 1e-6);
  EXPECT_EQ(status.coverage, 1);
  EXPECT_FALSE(status.exhausted);
  EXPECT_NEAR(status.burn, 600 / 3.6, 1e-6);
}

TEST(BudgetStatusTest, TheBudgetOfEventsGoesByTheRateSoFar) {
  BudgetCurve curve(kStart);
  curve.extend(kStart + hours(24), {10, 86'400, hours(24)});
  be_silent(curve, hours(24));
  const BudgetStatus status = budget_status(event_rule(), curve, curve.end());
  EXPECT_NEAR(status.budget, 2592, 1e-6);
  EXPECT_NEAR(status.coverage, 0.5, 1e-9);
}

TEST(BudgetStatusTest, ABudgetSpentToTheLastSecondIsExhausted) {
  BudgetCurve curve = healthy(hours(24 * 40));
  pass(curve, seconds(2592), 1);
  const BudgetStatus status = budget_status(time_rule(), curve, curve.end());
  EXPECT_EQ(status.remaining, 0);
  EXPECT_TRUE(status.exhausted);
  EXPECT_EQ(status.exhausted_in, Duration::zero());
}

TEST(BudgetStatusTest, TheTimeLeftIsThatOfASimulation) {
  std::mt19937 random(4);
  size_t exhausted = 0;
  for (int run = 0; run < 60; ++run) {
    const SloRule rule = time_rule(0.99);
    BudgetCurve curve(kStart);
    for (int day = 0; day < 31 * 24; ++day) {
      pass(curve, hours(1), random() % 40 == 0 ? 0.1 : 0.0);
    }
    const double share = static_cast<double>(1 + random() % 40) / 1000;
    pass(curve, hours(1), share);
    const BudgetStatus status = budget_status(rule, curve, curve.end());
    if (status.exhausted) continue;
    BudgetCurve future = curve;
    while (future.end() < curve.end() + hours(24 * 30)) {
      pass(future, minutes(5), share);
      if (future.between(future.end() - hours(24 * 30), future.end()).bad >= status.budget) break;
    }
    if (future.end() < curve.end() + hours(24 * 30)) {
      ++exhausted;
      ASSERT_TRUE(status.exhausted_in) << run;
      EXPECT_NEAR(to_seconds(*status.exhausted_in), to_seconds(future.end() - curve.end()), 330);
    } else {
      EXPECT_FALSE(status.exhausted_in) << run;
    }
  }
  EXPECT_GT(exhausted, 20u);
}

TEST(BudgetStatusTest, AHealthyBudgetIsNeverExhausted) {
  EXPECT_FALSE(budget_status(time_rule(), healthy(), healthy().end()).exhausted_in);
}

TEST(BudgetStatusTest, ACalendarBudgetStartsAnewAtItsBoundary) {
  SloRule rule = time_rule();
  rule.window = {SloWindow::Kind::month, hours(24 * 30), "Europe/Berlin"};
  BudgetCurve curve(kStart);  // 2024-10-04
  pass(curve, hours(24 * 27), 0);
  pass(curve, minutes(20), 1);
  const BudgetStatus before = budget_status(rule, curve, curve.end());
  EXPECT_EQ(format_time(before.window_begin), "2024-09-30T22:00:00.000Z");
  EXPECT_EQ(before.coverage_since, kStart);
  EXPECT_NEAR(before.budget, (31 * 24 + 1) * 3.6, 1e-6);  // summer time ends
  EXPECT_NEAR(before.sums.bad, 1200, 1e-6);
  ASSERT_TRUE(before.exhausted_in);
  pass(curve, minutes(5), 0);
  pass(curve, seconds(30), 1);
  pass(curve, hours(1), 0.01);
  // Twelve hours of this remain of the month: not enough to spend the rest.
  EXPECT_FALSE(budget_status(rule, curve, curve.end()).exhausted_in);
  pass(curve, hours(24), 0);
  const BudgetStatus after = budget_status(rule, curve, curve.end());
  EXPECT_EQ(format_time(after.window_begin), "2024-10-31T23:00:00.000Z");
  EXPECT_EQ(after.coverage_since, after.window_begin);
  EXPECT_EQ(after.remaining, 1);
}

TEST(BudgetStatusTest, HistoryReachesBackToTheLongestWindow) {
  SloRule rule = time_rule();
  EXPECT_GE(history_needed(rule), hours(24 * 30));
  rule.window.length = hours(24);
  EXPECT_GE(history_needed(rule), hours(72));
  rule.window = {SloWindow::Kind::quarter, hours(24 * 90), "UTC"};
  EXPECT_GE(history_needed(rule), hours(24 * 92));
}

}  // namespace
}  // namespace highwater::rules
