// What is yet to come of a tier: when it clears, how long a fault must last. Declared in burn.h.
#include <algorithm>
#include <cmath>
#include <vector>

#include "rules/burn.h"

namespace highwater::rules {
namespace {

using std::chrono::milliseconds;

// The curve if from now on all is known and good for as long as the short window: then nothing bad
// is left in it.
BudgetCurve with_good_future(const SloRule& rule, const SloTier& tier, const BudgetCurve& curve,
                             WallTime now) {
  const auto rate = [](const Sums& sums) {
    return sums.known > Duration::zero() ? sums.total / to_seconds(sums.known) : 0;
  };
  double events = rate(curve.between(now - tier.short_window, now));
  if (events <= 0) events = rate(curve.between(now - tier.long_window, now));
  const double passing = to_seconds(tier.short_window);
  BudgetCurve future = curve;
  future.extend(now, {});
  future.extend(now + tier.short_window,
                {0, rule.sli.is_events() ? events * passing : passing, tier.short_window});
  return future;
}

// The times at which one of a tier's windows begins, or ends, at a point of the curve: from one to
// the next its sums change evenly. And the time at which the long window begins with the curve.
std::vector<WallTime> changes(const SloTier& tier, const BudgetCurve& curve, WallTime now) {
  const WallTime last = now + tier.short_window;
  std::vector<WallTime> times = {last};
  for (const Duration window : {Duration::zero(), tier.short_window, tier.long_window}) {
    WallTime point = now - window;
    while ((point = curve.next_point(point)) + window < last && point < curve.end()) {
      times.push_back(point + window);
    }
  }
  const WallTime filled = curve.begin() + tier.long_window;
  if (filled > now && filled < last) times.push_back(filled);
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
  return times;
}

// A part of the short window after which it cannot burn: what is left of the fault is too short.
// Above 1 when it never burns.
double quiet_part(double bad_share, double budget, double factor) {
  return bad_share > 0 ? factor * budget / bad_share : 2;
}

Duration seconds_long(double seconds) {
  return Duration(std::llround(seconds * 1e9));
}

double least_bad(const SloRule& rule) {
  return rule.sli.is_events() ? 0 : rule.min_bad;
}

}  // namespace

std::optional<WallTime> clears_at(const SloRule& rule, const SloTier& tier,
                                  const BudgetCurve& curve, WallTime now) {
  const auto is_clear = [&](const BudgetCurve& history, WallTime time) {
    const TierVerdict verdict = judge_tier(rule, tier, history, time);
    return !verdict.burning && !verdict.frozen;
  };
  if (is_clear(curve, now)) return std::nullopt;
  const BudgetCurve future = with_good_future(rule, tier, curve, now);
  WallTime before = now;
  WallTime clear = now + tier.short_window;
  for (const WallTime time : changes(tier, future, now)) {
    if (is_clear(future, time)) {
      clear = time;
      break;
    }
    before = time;
  }
  while (clear - before > milliseconds(1)) {
    const WallTime middle = before + (clear - before) / 2;
    (is_clear(future, middle) ? clear : before) = middle;
  }
  return clear;
}

std::optional<Duration> time_to_fire(const SloRule& rule, const SloTier& tier, double bad_share) {
  const double part = quiet_part(bad_share, rule.budget(), tier.factor);
  if (part * (1 + 1e-9) >= 1) return std::nullopt;
  const double least = least_bad(rule) / bad_share;
  if (least > to_seconds(tier.short_window) * (1 + 1e-9)) return std::nullopt;
  return seconds_long(std::max(part * to_seconds(tier.long_window), least));
}

Duration time_to_clear(const SloRule& rule, const SloTier& tier, double bad_share,
                       Duration lasted) {
  const double part = quiet_part(bad_share, rule.budget(), tier.factor);
  const double least = bad_share > 0 ? least_bad(rule) / bad_share : 0;
  // The last moment at which enough of the fault is still in each window.
  const auto until = [&](Duration window, double needed) {
    const double enough = std::min(to_seconds(lasted), to_seconds(window));
    return enough <= needed ? 0 : to_seconds(window) - needed;
  };
  const double enough_short = std::max(part * to_seconds(tier.short_window), least);
  return seconds_long(std::min(until(tier.long_window, part * to_seconds(tier.long_window)),
                               until(tier.short_window, enough_short)));
}

}  // namespace highwater::rules
