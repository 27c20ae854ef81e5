// all_clear_at() against alerts judged on what it foresees: random budgets, tiers and hours.
// HIGHWATER_ALL_CLEAR_RUNS is the number of random cases, for a nightly run of some thousands.
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <random>
#include <string>

#include "rules/open_hours.h"
#include "tests/rules/slo/burn_support.h"

namespace highwater::rules {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

size_t runs() {
  const char* const text = std::getenv("HIGHWATER_ALL_CLEAR_RUNS");
  return text == nullptr ? 150 : std::stoul(text);
}

class RandomCase {
 public:
  explicit RandomCase(unsigned seed) : random_(seed), curve_(kStart) {
    events_ = chance(0.4);
    rule_ = events_ ? event_rule() : time_rule();
    rule_.sli.first_is_good = events_ && chance(0.5);
    rule_.objective = pick({0.9, 0.95, 0.99, 0.995, 0.999});
    rule_.min_bad = chance(0.3) ? pick({5, 30, 120}) : 0;
    rule_.min_coverage = pick({0.2, 0.5, 0.9});
    make_tiers();
    if (!events_ && chance(0.4)) make_hours();
    curve_ = BudgetCurve(
        kStart, rule_.sli.first_is_good ? BudgetCurve::First::good : BudgetCurve::First::bad);
    make_history();
  }

  [[nodiscard]] const SloRule& rule() const { return rule_; }
  [[nodiscard]] const BudgetCurve& curve() const { return curve_; }

  // The tier that keeps an alert, by what its watch does with the tiers' verdicts.
  [[nodiscard]] std::optional<size_t> keeper(const BudgetCurve& curve,
                                             std::optional<size_t> held) const {
    for (size_t i = 0; i < rule_.tiers.size(); ++i) {
      const TierVerdict verdict = judge_tier(rule_, rule_.tiers[i], curve, curve.end());
      if (verdict.frozen ? held == i : verdict.burning) return i;
    }
    return std::nullopt;
  }

  // Passes good time, step by step, until no tier keeps the alert.
  [[nodiscard]] Duration pass_until_clear(std::optional<size_t> held, Duration step) const {
    BudgetCurve future = curve_;
    while ((held = keeper(future, held))) {
      if (rule_.during != nullptr && !rule_.during->around(future.end()).open) break;
      const double total = rate() * to_seconds(step);
      future.extend(future.end() + step, {rule_.sli.first_is_good ? total : 0, total, step});
    }
    return future.end() - curve_.end();
  }

 private:
  template <class T>
  T pick(std::initializer_list<T> values) {
    return values.begin()[random_() % values.size()];
  }
  bool chance(double share) { return static_cast<double>(random_() % 1000) < share * 1000; }

  void make_tiers() {
    rule_.tiers.clear();
    const size_t count = 1 + random_() % 4;
    for (size_t i = 0; i < count; ++i) {
      const auto long_window = minutes(pick({30, 60, 120, 360, 720}));
      rule_.tiers.push_back({pick({0.5, 1.0, 2.0, 3.0, 6.0, 9.0}), long_window,
                             long_window / pick({4, 6, 12}), Severity::page});
    }
    std::ranges::sort(rule_.tiers, std::ranges::greater(), &SloTier::factor);
  }

  void make_hours() {
    During during;
    during.hours = {{minutes(60 * pick({0, 6, 8})), minutes(60 * pick({17, 20, 24}))}};
    during.time_zone = pick<std::string>({"UTC", "Europe/Berlin", "America/New_York"});
    rule_.during = std::make_shared<const OpenHours>(std::move(during));
  }

  // Ends with a fault, or with the first good minutes after it.
  void make_history() {
    const int pieces = 5 + static_cast<int>(random_() % 40);
    for (int i = 0; i < pieces; ++i) {
      const bool last = i + 1 == pieces;
      const auto length = minutes(1 + random_() % (chance(0.2) ? 300 : 40));
      const double bad = last || chance(0.3) ? pick({0.01, 0.05, 0.3, 1.0}) : 0;
      if (!last && chance(0.15)) {
        be_silent(curve_, length);
        continue;
      }
      add(length, bad);
    }
    if (chance(0.5)) add(seconds(1 + random_() % 600), 0);
  }

  // Only what lies within the hours counts.
  void add(Duration length, double bad) {
    for (Duration left = length; left > Duration::zero(); left -= minutes(1)) {
      const Duration step = std::min<Duration>(left, minutes(1));
      if (rule_.during != nullptr && !rule_.during->around(curve_.end()).open) {
        be_silent(curve_, step);
        continue;
      }
      const double total = (events_ ? 20 : 1) * to_seconds(step);
      const double part = total * (rule_.sli.first_is_good ? 1 - bad : bad);
      curve_.extend(curve_.end() + step, {part, total, step});
    }
  }

  // As it was in the shortest window of any tier that had events.
  [[nodiscard]] double rate() const {
    if (!events_) return 1;
    std::vector<Duration> windows;
    for (const SloTier& tier : rule_.tiers)
      windows.insert(windows.end(), {tier.short_window, tier.long_window});
    std::ranges::sort(windows);
    for (const Duration window : windows) {
      const Sums sums = curve_.between(curve_.end() - window, curve_.end());
      if (sums.total > 0) return sums.total / to_seconds(sums.known);
    }
    return 0;
  }

  std::mt19937 random_;
  bool events_ = false;
  SloRule rule_;
  BudgetCurve curve_;
};

TEST(AllClear, IsWhenAnAlertThatIsJudgedOnAGoodFutureEnds) {
  constexpr Duration kStep = seconds(10);
  size_t alerts = 0;
  for (unsigned run = 0; run < runs(); ++run) {
    const RandomCase one(run);
    const std::optional<size_t> held = one.keeper(one.curve(), std::nullopt);
    const auto clear = all_clear_at(one.rule(), held, one.curve(), one.curve().end());
    const bool is_open =
        one.rule().during == nullptr || one.rule().during->around(one.curve().end()).open;
    ASSERT_EQ(clear.has_value(), held.has_value()) << "run " << run;
    if (!held || !is_open) continue;
    ++alerts;
    const double lasts = to_seconds(one.pass_until_clear(held, kStep));
    EXPECT_NEAR(to_seconds(*clear - one.curve().end()), lasts, to_seconds(kStep) + 0.1)
        << "run " << run;
  }
  EXPECT_GT(alerts, runs() / 4);
}

TEST(AllClear, IsWhenTheLastTierLetsGo) {
  BudgetCurve curve = healthy(hours(5));
  pass(curve, minutes(4), 1);
  const SloRule rule = time_rule();
  const auto first = clears_at(rule, rule.tiers[0], curve, curve.end());
  const auto last = all_clear_at(rule, 0, curve, curve.end());
  ASSERT_TRUE(first && last);
  EXPECT_LT(*first - curve.end(), minutes(5));
  EXPECT_GT(*last - curve.end(), minutes(25));
}

TEST(AllClear, AFrozenTierKeepsItsOwnAlertAlone) {
  BudgetCurve curve = healthy();
  pass(curve, minutes(3), 1);
  be_silent(curve, hours(1));
  SloRule rule = time_rule();
  rule.tiers = {kFastPage};
  EXPECT_TRUE(all_clear_at(rule, 0, curve, curve.end()));
  EXPECT_FALSE(all_clear_at(rule, std::nullopt, curve, curve.end()));
}

}  // namespace
}  // namespace highwater::rules
