#include "rules/slo/burn.h"

#include <algorithm>
#include <cmath>

#include "rules/calendar.h"
#include "rules/open_hours.h"

namespace highwater::rules {
namespace {

constexpr double kTolerance = 1e-9;
constexpr double kLargestBurn = 1e15;

// Never NaN or infinite: nothing of nothing is nothing.
double burn_rate(double bad, double total, double budget) {
  if (bad <= 0 || total <= 0 || budget <= 0) return 0;
  return std::min(bad / total / budget, kLargestBurn);
}

bool exceeds(double burn, double factor) {
  return burn > factor * (1 + kTolerance);
}

double share_of(Duration part, Duration whole) {
  return whole <= Duration::zero()
             ? 0
             : std::clamp(static_cast<double>(part.count()) / static_cast<double>(whole.count()),
                          0.0, 1.0);
}

Duration inside(const SloRule& rule, WallTime from, WallTime to) {
  return rule.during == nullptr ? to - from : rule.during->inside(from, to);
}

Duration excluded_inside(const SloRule& rule, const BudgetCurve& curve, WallTime from,
                         WallTime to) {
  Duration excluded{};
  curve.for_each_excluded(
      from, to, [&](WallTime begin, WallTime end) { excluded += inside(rule, begin, end); });
  return excluded;
}

// What of the time inside counts.
Duration counted_inside(const SloRule& rule, const BudgetCurve& curve, WallTime from, WallTime to) {
  return inside(rule, from, to) - excluded_inside(rule, curve, from, to);
}

// What the window would bring at the rate that was seen, if so much of it was known.
double total_of_whole(const Sums& sums, Duration known, Duration window) {
  if (known <= Duration::zero()) return 0;
  return std::max(sums.total, sums.total / to_seconds(known) * to_seconds(window));
}

// Known of what has elapsed inside; where nothing has, nothing is missing.
double coverage_since(const SloRule& rule, const BudgetCurve& curve, const Sums& sums,
                      WallTime from, WallTime now) {
  const Duration elapsed = counted_inside(rule, curve, from, now);
  if (from < now && elapsed <= Duration::zero()) return 1;
  return share_of(sums.known, elapsed);
}

const SloTier* fastest(const SloRule& rule) {
  const auto tier = std::min_element(
      rule.tiers.begin(), rule.tiers.end(),
      [](const SloTier& a, const SloTier& b) { return a.long_window < b.long_window; });
  return tier == rule.tiers.end() ? nullptr : &*tier;
}

struct Window {
  WallTime begin;
  WallTime end;  // rolling: now
  Duration length;
};

Window window_around(const SloWindow& window, WallTime now) {
  if (window.kind == SloWindow::Kind::rolling) return {now - window.length, now, window.length};
  const CalendarWindow calendar = calendar_window(window.kind, window.time_zone, now);
  return {calendar.begin, calendar.end, calendar.end - calendar.begin};
}

// When so many seconds inside will have passed: in seconds from now, or more than the limit.
double seconds_until(const SloRule& rule, double inside, double limit, WallTime now) {
  if (rule.during == nullptr || inside > limit) return inside;
  return to_seconds(rule.during->after(now, Duration(static_cast<int64_t>(inside * 1e9))) - now);
}

// `status` has all but this. In time t the budget loses burn x t / length of itself; from a rolling
// window what was bad in its first t leaves. The first time at which nothing is left is the least
// fixed point of t = (remaining + what leaves by t) x length / burn: approached from below, as what
// has left never grows less.
std::optional<Duration> time_until_exhausted(const SloRule& rule, const BudgetStatus& status,
                                             const BudgetCurve& curve, const Window& window,
                                             WallTime now) {
  if (status.exhausted) return Duration::zero();
  if (status.burn <= 0 || status.budget <= 0) return std::nullopt;
  const bool rolling = rule.window.kind == SloWindow::Kind::rolling;
  const double limit = to_seconds(rolling ? window.length : window.end - now);
  const double pace =
      to_seconds(counted_inside(rule, curve, window.begin, window.end)) / status.burn;
  double time = seconds_until(rule, status.remaining * pace, limit, now);
  constexpr int kMostSteps = 200;
  for (int i = 0; rolling && i < kMostSteps && time < limit; ++i) {
    const Duration leaving(static_cast<int64_t>(time * 1e9));
    const double left = curve.between(window.begin, window.begin + leaving).bad / status.budget;
    const double next = seconds_until(rule, (status.remaining + left) * pace, limit, now);
    if (next - time < 0.001) break;
    time = next;
  }
  if (time >= limit) return std::nullopt;
  return Duration(static_cast<int64_t>(time * 1e9));
}

}  // namespace

TierVerdict judge_tier(const SloRule& rule, const SloTier& tier, const BudgetCurve& curve,
                       WallTime now) {
  const WallTime short_from = now - tier.short_window;
  const WallTime long_from = now - tier.long_window;
  const Sums recent = curve.between(short_from, now);
  const Sums all = curve.between(long_from, now);

  TierVerdict verdict;
  const Duration whole = rule.most_inside(tier.long_window);
  const Duration here = counted_inside(rule, curve, long_from, now);
  verdict.coverage = coverage_since(rule, curve, recent, std::max(short_from, curve.begin()), now);
  verdict.frozen = recent.known <= Duration::zero() || verdict.coverage < rule.min_coverage;
  const bool young = curve.begin() > long_from;
  const bool gaps = share_of(all.known, here) < rule.min_coverage;
  verdict.warming = young || gaps;
  verdict.short_burn = burn_rate(recent.bad, recent.total, rule.budget());
  // What the window holds at most, by the rate that was seen.
  const double total = here < whole ? total_of_whole(all, here, whole) : all.total;
  const double cautious_total = verdict.warming ? total_of_whole(all, all.known, whole) : total;
  verdict.long_burn = burn_rate(all.bad, cautious_total, rule.budget());
  const bool short_burns =
      exceeds(verdict.short_burn, tier.factor) && recent.bad >= rule.min_bad * (1 - kTolerance);
  verdict.burning = short_burns && exceeds(verdict.long_burn, tier.factor);
  if (!young && gaps && short_burns && !verdict.burning &&
      exceeds(burn_rate(all.bad, total, rule.budget()), tier.factor))
    verdict.frozen = true;
  return verdict;
}

BudgetStatus budget_status(const SloRule& rule, const BudgetCurve& curve, WallTime now) {
  const Window window = window_around(rule.window, now);
  BudgetStatus status;
  status.window_begin = window.begin;
  status.sums = curve.between(window.begin, now);
  status.excluded = excluded_inside(rule, curve, window.begin, now);
  status.coverage_since = std::max(window.begin, curve.begin());
  status.coverage = coverage_since(rule, curve, status.sums, status.coverage_since, now);
  const double total =
      rule.sli.is_events()
          ? total_of_whole(status.sums, status.sums.known, window.length - status.excluded)
          : to_seconds(counted_inside(rule, curve, window.begin, window.end));
  status.budget = rule.budget() * total;
  if (status.budget > 0) {
    status.remaining = std::max(1 - status.sums.bad / status.budget, -kLargestBurn);
    if (std::abs(status.remaining) < kTolerance) status.remaining = 0;
  }
  status.exhausted = status.remaining <= 0;
  if (const SloTier* tier = fastest(rule)) {
    status.burn = judge_tier(rule, *tier, curve, now).long_burn;
  }
  status.exhausted_in = time_until_exhausted(rule, status, curve, window, now);
  return status;
}

double recent_bad_share(const SloRule& rule, const BudgetCurve& curve, WallTime now) {
  Duration shortest = Duration::max();
  for (const SloTier& tier : rule.tiers) shortest = std::min(shortest, tier.short_window);
  const Sums recent = curve.between(now - shortest, now);
  return recent.total > 0 ? recent.bad / recent.total : 0;
}

// In two windows whose ends differ: at an end one of the counters may be ahead.
std::optional<Counted> counters_disagree(const SloRule& rule, const BudgetCurve& curve,
                                         WallTime now) {
  constexpr double kOff = 0.01;
  const SloTier* const tier = fastest(rule);
  if (!rule.sli.is_events() || tier == nullptr) return std::nullopt;
  const Duration window = tier->long_window;
  if (curve.begin() > now - window - tier->short_window) return std::nullopt;
  const auto exceeds = [](const Counted& counted) {
    return counted.first > counted.total * (1 + kOff) + 1;
  };
  const WallTime earlier = now - tier->short_window;
  const Counted recent = curve.counted(now - window, now);
  if (!exceeds(recent) || !exceeds(curve.counted(earlier - window, earlier))) return std::nullopt;
  return recent;
}

WallTime window_begin(const SloWindow& window, WallTime now) {
  return window_around(window, now).begin;
}

Duration history_needed(const SloRule& rule) {
  using std::chrono::hours;
  Duration longest{};
  switch (rule.window.kind) {
    case SloWindow::Kind::rolling:
      longest = rule.window.length;
      break;
    // The longest there are, with the hour that a change of clocks adds.
    case SloWindow::Kind::week:
      longest = hours(7 * 24 + 1);
      break;
    case SloWindow::Kind::month:
      longest = hours(31 * 24 + 1);
      break;
    case SloWindow::Kind::quarter:
      longest = hours(92 * 24 + 1);
      break;
  }
  for (const SloTier& tier : rule.tiers) longest = std::max(longest, tier.long_window);
  return longest + hours(1);
}

}  // namespace highwater::rules
