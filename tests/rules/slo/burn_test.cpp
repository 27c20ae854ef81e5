#include "rules/slo/burn.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/rules/slo/burn_support.h"

namespace highwater::rules {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TierVerdict judge(const SloRule& rule, const SloTier& tier, const BudgetCurve& curve) {
  return judge_tier(rule, tier, curve, curve.end());
}

bool any_burning(const SloRule& rule, const BudgetCurve& curve) {
  for (const SloTier& tier : rule.tiers) {
    const TierVerdict verdict = judge(rule, tier, curve);
    if (verdict.burning && !verdict.frozen) return true;
  }
  return false;
}

TEST(BurnTest, ATotalOutageIsDetectedWhenTheWorkbookSaysSo) {
  // Detection time = (1 - SLO) / error ratio x alerting window x burn rate, for 99.9 %.
  const struct {
    SloTier tier;
    Duration detected;
  } cases[] = {{kFastPage, milliseconds(51'840)},
               {kPage, milliseconds(129'600)},
               {kTicket, milliseconds(259'200)},
               {kSlowTicket, milliseconds(259'200)}};
  for (const auto& wanted : cases) {
    EXPECT_EQ(time_to_fire(time_rule(), wanted.tier, 1), wanted.detected);
    BudgetCurve curve = healthy();
    pass(curve, wanted.detected, 1);
    EXPECT_FALSE(judge(time_rule(), wanted.tier, curve).burning) << wanted.tier.factor;
    pass(curve, milliseconds(2), 1);
    EXPECT_TRUE(judge(time_rule(), wanted.tier, curve).burning) << wanted.tier.factor;
  }
}

TEST(BurnTest, EachDefaultTierHasSpentItsShareOfTheBudgetWhenItFires) {
  // 2 %, 5 %, 10 % and 10 % of the budget of 30 days, whatever the fault's share.
  const double spent[] = {0.02, 0.05, 0.1, 0.1};
  for (size_t i = 0; i < 4; ++i) {
    for (const double share : {1.0, 0.5, 0.1}) {
      const std::optional<Duration> time = time_to_fire(time_rule(), kTiers[i], share);
      ASSERT_TRUE(time);
      EXPECT_NEAR(to_seconds(*time) * share, spent[i] * 0.001 * 30 * 86'400, 1e-6);
    }
  }
}

TEST(BurnTest, AFaultTooSmallForATierNeverFiresIt) {
  EXPECT_FALSE(time_to_fire(time_rule(), kFastPage, 0.0144));
  EXPECT_TRUE(time_to_fire(time_rule(), kFastPage, 0.0145));
  EXPECT_FALSE(time_to_fire(time_rule(), kFastPage, 0));
  EXPECT_FALSE(time_to_fire(time_rule(0.9), kFastPage, 1));
  SloRule rule = time_rule();
  rule.min_bad = 301;
  EXPECT_FALSE(time_to_fire(rule, kFastPage, 1));
  rule.min_bad = 120;
  EXPECT_EQ(time_to_fire(rule, kFastPage, 0.5), minutes(4));
}

TEST(BurnTest, FiringAndClearingTimesAreThoseOfASimulation) {
  const struct {
    double objective, share, min_bad;
    Duration lasted;
  } cases[] = {{0.999, 1, 0, minutes(3)},     {0.999, 0.1, 0, minutes(20)},
               {0.995, 0.5, 0, minutes(40)},  {0.99, 1, 30, minutes(90)},
               {0.95, 0.9, 100, minutes(70)}, {0.999, 0.05, 4, minutes(30)}};
  for (const auto& fault : cases) {
    SloRule rule = time_rule(fault.objective);
    rule.min_bad = fault.min_bad;
    for (const SloTier& tier : kTiers) {
      BudgetCurve curve = healthy(hours(24 * 4));
      std::optional<Duration> fired;
      const WallTime begin = curve.end();
      while (curve.end() < begin + fault.lasted) {
        pass(curve, seconds(1), fault.share);
        if (!fired && judge(rule, tier, curve).burning) fired = curve.end() - begin;
      }
      const std::optional<Duration> told = time_to_fire(rule, tier, fault.share);
      if (fired) {
        ASSERT_TRUE(told);
        EXPECT_NEAR(to_seconds(*fired), to_seconds(*told), 1.01) << tier.factor;
      } else {
        EXPECT_TRUE(!told || *told >= fault.lasted) << tier.factor;
      }
      const WallTime end = curve.end();
      while (judge(rule, tier, curve).burning) pass(curve, seconds(1), 0);
      EXPECT_NEAR(to_seconds(curve.end() - end),
                  to_seconds(time_to_clear(rule, tier, fault.share, fault.lasted)), 1.01)
          << tier.factor << " " << fault.share;
    }
  }
}

TEST(BurnTest, ABurnOfExactlyTheFactorDoesNotFire) {
  for (const double objective : {0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999}) {
    for (const SloTier& tier : kTiers) {
      const double share = tier.factor * (1 - objective);
      if (share >= 1) continue;
      BudgetCurve curve = healthy();
      pass(curve, tier.long_window, share);
      EXPECT_FALSE(judge(time_rule(objective), tier, curve).burning) << objective;
      EXPECT_NEAR(judge(time_rule(objective), tier, curve).long_burn, tier.factor, 1e-6);
      pass(curve, tier.long_window, share * 1.01);
      EXPECT_TRUE(judge(time_rule(objective), tier, curve).burning) << objective;
    }
  }
}

TEST(BurnTest, EventsOfExactlyTheFactorDoNotFire) {
  BudgetCurve curve(kStart);
  curve.extend(kStart + hours(1), {144, 10'000, hours(1)});
  EXPECT_FALSE(judge(event_rule(), kFastPage, curve).burning);
  curve = BudgetCurve(kStart);
  curve.extend(kStart + hours(1), {145, 10'000, hours(1)});
  EXPECT_TRUE(judge(event_rule(), kFastPage, curve).burning);
}

TEST(BurnTest, BothWindowsMustBurn) {
  BudgetCurve curve = healthy();
  pass(curve, minutes(10), 1);
  EXPECT_TRUE(judge(time_rule(), kFastPage, curve).burning);
  pass(curve, minutes(5), 0);
  const TierVerdict verdict = judge(time_rule(), kFastPage, curve);
  EXPECT_FALSE(verdict.burning);
  EXPECT_NEAR(verdict.long_burn, 600 / 3.6, 1e-6);
  EXPECT_EQ(verdict.short_burn, 0);
}

TEST(BurnTest, ABlipAfterAColdStartNeverPages) {
  for (const bool events : {false, true}) {
    const SloRule rule = events ? event_rule() : time_rule();
    BudgetCurve curve(kStart);
    const Counted blip = events ? Counted{40, 40, seconds(15)} : Counted{15, 15, seconds(15)};
    const Counted good = events ? Counted{0, 40, seconds(15)} : Counted{0, 15, seconds(15)};
    curve.extend(kStart + seconds(15), blip);
    EXPECT_FALSE(any_burning(rule, curve));
    EXPECT_TRUE(judge(rule, kFastPage, curve).warming);
    for (int i = 0; i < 4 * 60 * 24; ++i) {
      curve.extend(curve.end() + seconds(15), good);
      ASSERT_FALSE(any_burning(rule, curve)) << i;
    }
    EXPECT_FALSE(judge(rule, kFastPage, curve).warming);
  }
}

TEST(BurnTest, ATotalOutageFromTheStartPagesOnceItWouldBeEnoughForTheFullWindow) {
  BudgetCurve curve(kStart);
  pass(curve, milliseconds(51'840), 1);
  EXPECT_FALSE(any_burning(time_rule(), curve));
  pass(curve, seconds(1), 1);
  EXPECT_TRUE(judge(time_rule(), kFastPage, curve).burning);
}

TEST(BurnTest, ABlipAfterALongDowntimeNeverPages) {
  BudgetCurve curve = healthy();
  be_silent(curve, hours(5));
  pass(curve, seconds(15), 1);
  EXPECT_TRUE(judge(time_rule(), kFastPage, curve).warming);
  EXPECT_TRUE(judge(time_rule(), kFastPage, curve).frozen);
  for (int i = 0; i < 4 * 60 * 6; ++i) {
    pass(curve, seconds(15), 0);
    ASSERT_FALSE(any_burning(time_rule(), curve)) << i;
  }
}

TEST(BurnTest, SilenceAfterATotalOutageFreezesAndDoesNotResolve) {
  BudgetCurve curve = healthy();
  pass(curve, minutes(30), 1);
  ASSERT_TRUE(judge(time_rule(), kFastPage, curve).burning);
  for (int i = 0; i < 60 * 48; ++i) {
    be_silent(curve, minutes(1));
    const TierVerdict verdict = judge(time_rule(), kFastPage, curve);
    ASSERT_TRUE(verdict.burning || verdict.frozen) << i;
    ASSERT_EQ(verdict.frozen, i >= 2) << i;
  }
  pass(curve, minutes(3), 0);
  EXPECT_FALSE(judge(time_rule(), kFastPage, curve).frozen);
  EXPECT_FALSE(judge(time_rule(), kFastPage, curve).burning);
}

// Of 95 % an hour must be bad for 43 minutes, and no more than 25 of it were seen.
TEST(BurnTest, WhatNobodySawEndsNoBurnAndBeginsNone) {
  const SloRule rule = time_rule(0.95);
  BudgetCurve burned = healthy();
  pass(burned, hours(1), 1);
  ASSERT_TRUE(judge(rule, kFastPage, burned).burning);
  be_silent(burned, minutes(35));
  for (int i = 0; i < 60; ++i) {
    pass(burned, minutes(1), 1);
    const TierVerdict verdict = judge(rule, kFastPage, burned);
    ASSERT_TRUE(verdict.burning || verdict.frozen) << i;
  }
  EXPECT_TRUE(judge(rule, kFastPage, burned).burning);

  BudgetCurve calm = healthy();
  be_silent(calm, minutes(53));
  pass(calm, minutes(6), 1);
  EXPECT_TRUE(judge(rule, kFastPage, calm).frozen);
  EXPECT_FALSE(judge(rule, kFastPage, calm).burning);
  pass(calm, minutes(6), 0);
  EXPECT_FALSE(judge(rule, kFastPage, calm).frozen);
}

TEST(BurnTest, ATierFreezesBelowItsCoverage) {
  SloRule rule = time_rule();
  rule.min_coverage = 0.5;
  BudgetCurve curve = healthy();
  be_silent(curve, seconds(149));
  EXPECT_FALSE(judge(rule, kFastPage, curve).frozen);
  be_silent(curve, seconds(2));
  EXPECT_TRUE(judge(rule, kFastPage, curve).frozen);
  EXPECT_NEAR(judge(rule, kFastPage, curve).coverage, 149.0 / 300, 1e-6);
  EXPECT_FALSE(judge(rule, kPage, curve).frozen);
}

TEST(BurnTest, WithLittleTrafficMinBadKeepsOneFailureFromPaging) {
  // Ten requests an hour: one failure is 10 % of them, a burn rate of 100.
  SloRule rule = event_rule();
  BudgetCurve curve(kStart);
  for (int i = 0; i < 24 * 10 * 30; ++i) {
    curve.extend(curve.end() + minutes(6), {0, 1, minutes(6)});
  }
  curve.extend(curve.end() + minutes(5), {1, 1, minutes(5)});
  EXPECT_TRUE(judge(rule, kFastPage, curve).burning);
  EXPECT_NEAR(judge(rule, kFastPage, curve).long_burn, 100, 5);
  rule.min_bad = 2;
  EXPECT_FALSE(judge(rule, kFastPage, curve).burning);
  curve.extend(curve.end() + minutes(1), {1, 1, minutes(1)});
  curve.extend(curve.end() + minutes(1), {1, 1, minutes(1)});
  EXPECT_TRUE(judge(rule, kFastPage, curve).burning);
}

TEST(BurnTest, NothingIsEverNotANumber) {
  std::mt19937 random(9);
  for (int run = 0; run < 200; ++run) {
    BudgetCurve curve(kStart);
    const SloRule rule = run % 2 == 0 ? event_rule(0.999999) : time_rule(0.5);
    for (int i = 0; i < 50; ++i) {
      const Duration passed = seconds(random() % 4000);
      const double total = random() % 3 == 0 ? 0 : static_cast<double>(random() % 1000);
      curve.extend(curve.end() + passed, {total / static_cast<double>(1 + random() % 3), total,
                                          random() % 2 == 0 ? Duration{} : passed});
      for (const SloTier& tier : rule.tiers) {
        const WallTime now = curve.end() + seconds(random() % 3 == 0 ? 5000 : 0);
        const TierVerdict verdict = judge_tier(rule, tier, curve, now);
        ASSERT_TRUE(std::isfinite(verdict.long_burn) && std::isfinite(verdict.short_burn));
        ASSERT_TRUE(verdict.coverage >= 0 && verdict.coverage <= 1);
        const BudgetStatus status = budget_status(rule, curve, now);
        ASSERT_TRUE(std::isfinite(status.remaining) && std::isfinite(status.budget));
        ASSERT_TRUE(status.coverage >= 0 && status.coverage <= 1);
        ASSERT_TRUE(!status.exhausted_in || *status.exhausted_in >= Duration::zero());
      }
    }
  }
  const BudgetCurve empty(kStart);
  EXPECT_TRUE(judge(time_rule(), kFastPage, empty).frozen);
  EXPECT_EQ(budget_status(time_rule(), empty, kStart).remaining, 1);
  EXPECT_FALSE(budget_status(time_rule(), empty, kStart).exhausted);
}

// The first second at which the tier is neither burning nor frozen while all is good.
Duration simulate_clearing(const SloRule& rule, const SloTier& tier, BudgetCurve curve,
                           double rate) {
  const WallTime begin = curve.end();
  while (true) {
    const TierVerdict verdict = judge(rule, tier, curve);
    if (!verdict.burning && !verdict.frozen) return curve.end() - begin;
    curve.extend(curve.end() + seconds(1), {0, rate, seconds(1)});
  }
}

TEST(BurnTest, ClearsWhenASimulationClears) {
  std::mt19937 random(20'261'121);
  size_t burning = 0;
  for (int run = 0; run < 400; ++run) {
    const bool events = run % 2 == 0;
    SloRule rule = events ? event_rule() : time_rule();
    if (random() % 4 == 0) rule.min_bad = 40;
    const SloTier& tier = kTiers[random() % 3];
    BudgetCurve curve = healthy(hours(random() % 30));
    for (int i = 0; i < 60; ++i) {
      const Duration passed = minutes(1 + random() % 9);
      if (random() % 6 == 0) {
        be_silent(curve, passed);
      } else {
        const double rate = events ? static_cast<double>(run % 4 == 0 ? 7 : random() % 20) : 1;
        const double total = rate * to_seconds(passed);
        curve.extend(curve.end() + passed, {random() % 8 == 0 ? total : 0, total, passed});
      }
    }
    if (random() % 3 == 0) curve.extend(curve.end() + seconds(random() % 60), {});
    const Sums recent = curve.between(curve.end() - tier.short_window, curve.end());
    if (recent.known == Duration::zero()) continue;
    const std::optional<WallTime> clears = clears_at(rule, tier, curve, curve.end());
    const TierVerdict verdict = judge(rule, tier, curve);
    ASSERT_EQ(clears.has_value(), verdict.burning || verdict.frozen);
    if (!clears) continue;
    ++burning;
    const double rate = events ? recent.total / to_seconds(recent.known) : 1;
    EXPECT_NEAR(to_seconds(*clears - curve.end()),
                to_seconds(simulate_clearing(rule, tier, curve, rate)), 1.1)
        << run;
  }
  EXPECT_GT(burning, 100u);
}

TEST(BurnTest, AFrozenTierClearsWhenEnoughIsKnownAgain) {
  BudgetCurve curve = healthy();
  pass(curve, minutes(30), 1);
  be_silent(curve, hours(3));
  const std::optional<WallTime> clears = clears_at(time_rule(), kFastPage, curve, curve.end());
  ASSERT_TRUE(clears);
  EXPECT_NEAR(to_seconds(*clears - curve.end()), 150, 0.01);
}

}  // namespace
}  // namespace highwater::rules
