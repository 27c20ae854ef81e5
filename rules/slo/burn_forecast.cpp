// What is yet to come: when tiers clear, and how long a fault must last. See burn.h.
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <span>
#include <vector>

#include "rules/open_hours.h"
#include "rules/slo/burn.h"

namespace highwater::rules {
namespace {

using std::chrono::milliseconds;

// The curve if from now on all is known and good for as long as the longest short window: then
// nothing bad is left in any of them. Events come at the rate of the shortest window that had any.
BudgetCurve with_good_future(const SloRule& rule, std::span<const SloTier> tiers,
                             const BudgetCurve& curve, WallTime now) {
  std::vector<Duration> windows;
  Duration lasts{};
  for (const SloTier& tier : tiers) {
    windows.insert(windows.end(), {tier.short_window, tier.long_window});
    lasts = std::max(lasts, tier.short_window);
  }
  std::ranges::sort(windows);
  double rate = rule.sli.is_events() ? 0 : 1;
  for (const Duration window : windows) {
    if (rate > 0) break;
    const Sums sums = curve.between(now - window, now);
    if (sums.known > Duration::zero()) rate = sums.total / to_seconds(sums.known);
  }
  const double total = rate * to_seconds(lasts);
  BudgetCurve future = curve;
  future.extend(now, {});
  future.extend(now + lasts, {curve.first() == BudgetCurve::First::good ? total : 0, total, lasts});
  return future;
}

bool holds(const SloRule& rule, const SloTier& tier, const BudgetCurve& curve, WallTime time) {
  const TierVerdict verdict = judge_tier(rule, tier, curve, time);
  return verdict.burning || verdict.frozen;
}

// Looks for the first time after `now` at which a tier that holds then neither burns nor is frozen,
// on a curve with a good future.
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
    const WallTime last = std::min(now + tier_.short_window, future_.end());
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

  [[nodiscard]] bool is_clear(WallTime time) const { return !holds(rule_, tier_, future_, time); }

  // At every time from `low` to `high`: what is bad in the part that all of their windows have in
  // common would be enough for the total of all of them together.
  [[nodiscard]] bool surely_burns(WallTime low, WallTime high) const {
    const auto exceeds = [&](Duration window, double least, bool may_be_warming) {
      const Counted common = future_.counted(high - window, low);
      const Counted every = future_.counted(low - window, high);
      const bool counts_good = future_.first() == BudgetCurve::First::good;
      const double bad =
          counts_good ? common.total - every.first : std::min(common.first, common.total);
      if (common.known <= Duration::zero() || bad < least) return false;
      double total = every.total;
      if (may_be_warming) {
        total *= std::max(1.0, to_seconds(window) / to_seconds(common.known));
      }
      return bad > tier_.factor * rule_.budget() * total * (1 + 1e-6);
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

// An alert does not outlive the hours in which it began.
WallTime within_hours(const SloRule& rule, WallTime clear, WallTime now) {
  if (rule.during == nullptr) return clear;
  const OpenHours::Interval interval = rule.during->around(now);
  return interval.open ? std::min(clear, interval.end) : clear;
}

double least_bad(const SloRule& rule) {
  return rule.sli.is_events() ? 0 : rule.min_bad;
}

}  // namespace

std::optional<WallTime> clears_at(const SloRule& rule, const SloTier& tier,
                                  const BudgetCurve& curve, WallTime now) {
  if (!holds(rule, tier, curve, now)) return std::nullopt;
  const BudgetCurve future = with_good_future(rule, std::span(&tier, 1), curve, now);
  return within_hours(rule, ClearSearch(rule, tier, future, now).find(), now);
}

// A tier that holds goes on to do so until it clears; then another one may. The one that lets go
// last is as a rule the one with the longest short window.
std::optional<WallTime> all_clear_at(const SloRule& rule, std::optional<size_t> held,
                                     const BudgetCurve& curve, WallTime now) {
  const auto keeps = [&](size_t tier, const BudgetCurve& of, WallTime time) {
    const TierVerdict verdict = judge_tier(rule, rule.tiers[tier], of, time);
    return verdict.frozen ? tier == held : verdict.burning;
  };
  std::vector<size_t> order(rule.tiers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, std::ranges::greater(),
                    [&](size_t tier) { return rule.tiers[tier].short_window; });
  std::optional<BudgetCurve> future;
  WallTime clear = now;
  const auto keeper = [&] {
    return std::ranges::find_if(
        order, [&](size_t tier) { return keeps(tier, future ? *future : curve, clear); });
  };
  for (auto tier = keeper(); tier != order.end(); tier = keeper()) {
    if (!future) future = with_good_future(rule, rule.tiers, curve, now);
    if (clear >= future->end()) break;
    clear = ClearSearch(rule, rule.tiers[*tier], *future, clear).find();
  }
  if (!future) return std::nullopt;
  return within_hours(rule, clear, now);
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
