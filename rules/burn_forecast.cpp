// What is yet to come of a tier: when it clears, and how long a fault must last. See burn.h.
#include <algorithm>
#include <cmath>
#include <vector>

#include "rules/burn.h"
#include "rules/open_hours.h"

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

// Looks for the first time at which a tier neither burns nor is frozen, on a curve with a good
// future.
class ClearSearch {
 public:
  ClearSearch(const SloRule& rule, const SloTier& tier, const BudgetCurve& future, WallTime now)
      : rule_(rule), tier_(tier), future_(future), times_(changes(now)) {}

  [[nodiscard]] WallTime find() const {
    // The short window ends up good as a whole: the last time is clear.
    const size_t found = first_clear(0, times_.size() - 1).value_or(times_.size() - 1);
    WallTime before = times_[found - 1];
    WallTime clear = times_[found];
    while (clear - before > milliseconds(1)) {
      const WallTime middle = before + (clear - before) / 2;
      (is_clear(middle) ? clear : before) = middle;
    }
    return clear;
  }

 private:
  // The times at which one of the windows begins or ends at a point of the curve: from one to the
  // next the sums change evenly. And the time at which the long window begins with the curve.
  [[nodiscard]] std::vector<WallTime> changes(WallTime now) const {
    const WallTime last = now + tier_.short_window;
    std::vector<WallTime> times = {now, last};
    for (const Duration window : {Duration::zero(), tier_.short_window, tier_.long_window}) {
      WallTime point = future_.next_point(now - window);
      while (point + window < last && point < future_.end()) {
        times.push_back(point + window);
        point = future_.next_point(point);
      }
    }
    const WallTime filled = future_.begin() + tier_.long_window;
    if (filled > now && filled < last) times.push_back(filled);
    std::sort(times.begin(), times.end());
    times.erase(std::unique(times.begin(), times.end()), times.end());
    return times;
  }

  // The first after `low`, up to `high`.
  [[nodiscard]] std::optional<size_t> first_clear(size_t low, size_t high) const {
    if (surely_burns(times_[low], times_[high])) return std::nullopt;
    if (high - low <= 1) return is_clear(times_[high]) ? std::optional(high) : std::nullopt;
    const size_t middle = low + (high - low) / 2;
    const std::optional<size_t> found = first_clear(low, middle);
    return found ? found : first_clear(middle, high);
  }

  [[nodiscard]] bool is_clear(WallTime time) const {
    const TierVerdict verdict = judge_tier(rule_, tier_, future_, time);
    return !verdict.burning && !verdict.frozen;
  }

  // At every time from `low` to `high`: what is bad in the part that all of their windows have in
  // common would be enough for the total of all of them together.
  [[nodiscard]] bool surely_burns(WallTime low, WallTime high) const {
    const auto exceeds = [&](Duration window, double least, bool may_be_warming) {
      const Sums common = future_.between(high - window, low);
      if (common.known <= Duration::zero() || common.bad < least) return false;
      double total = future_.between(low - window, high).total;
      if (may_be_warming) {
        total *= std::max(1.0, to_seconds(window) / to_seconds(common.known));
      }
      return common.bad > tier_.factor * rule_.budget() * total * (1 + 1e-6);
    };
    return exceeds(tier_.short_window, rule_.min_bad, false) && exceeds(tier_.long_window, 0, true);
  }

  const SloRule& rule_;
  const SloTier& tier_;
  const BudgetCurve& future_;
  std::vector<WallTime> times_;
};

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
  const TierVerdict verdict = judge_tier(rule, tier, curve, now);
  if (!verdict.burning && !verdict.frozen) return std::nullopt;
  const BudgetCurve future = with_good_future(rule, tier, curve, now);
  const WallTime clear = ClearSearch(rule, tier, future, now).find();
  if (rule.during == nullptr) return clear;
  const OpenHours::Stretch stretch = rule.during->around(now);
  return stretch.open ? std::min(clear, stretch.end) : clear;
}

std::optional<Duration> time_to_fire(const SloRule& rule, const SloTier& tier, double bad_share) {
  const double part = quiet_part(bad_share, rule.budget(), tier.factor);
  if (part * (1 + 1e-9) >= 1) return std::nullopt;
  const double least = least_bad(rule) / bad_share;
  if (least > to_seconds(rule.most_inside(tier.short_window)) * (1 + 1e-9)) return std::nullopt;
  return seconds_long(std::max(part * to_seconds(rule.most_inside(tier.long_window)), least));
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
  const Duration long_window = rule.most_inside(tier.long_window);
  const Duration short_window = rule.most_inside(tier.short_window);
  const double enough_short = std::max(part * to_seconds(short_window), least);
  return seconds_long(std::min(until(long_window, part * to_seconds(long_window)),
                               until(short_window, enough_short)));
}

}  // namespace highwater::rules
