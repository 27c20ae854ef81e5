// Burn: what a budget's curve means for an SLO at one moment. Pure functions of (rule, curve, now);
// used by the SLO watches, by `highwater explain` and `check --explain`; any thread.
//
// From the SRE workbook, chapter 5: error rate = bad / total over a window; burn rate = error rate
// / (1 - objective); a tier fires while the burn rates over its long and its short window both
// exceed its factor, strictly. What differs, and why:
//  * Unknown time is in neither sum, and where less than `min_coverage` of the short window is
//    known the tier is frozen: the workbook's queries take silence for health.
//  * While the long window is not filled (the budget is younger, or less than `min_coverage` of the
//    window is known, as after a long downtime) the bad that was seen is held against what the
//    whole window would bring at the rate seen, so that a short fault after a start never pages:
//    burn rate = bad / (total / known x long window) / (1 - objective).
//  * Where that is not enough to fire, and what is known of a window with gaps is bad enough, the
//    tier is frozen as well: what nobody saw must not end an alert. An hour's tier at 14.4 of 95 %,
//    with 35 minutes of downtime between 20 and 5 minutes of a total outage: all that is known is
//    bad, and yet 25 minutes of an hour would not fire.
//  * Below `min_bad` in the short window a tier does not fire.
//  * "Exceeds" means by more than a billionth: 1 - 0.999 is no exact binary number, and a burn of
//    exactly the factor must not fire because of how it was rounded.
//
// Time that is excluded (maintenance with `budget: exclude`) is not there either: it is neither in
// a budget nor missing from what is known.
//
// Of an SLO with hours (`during`) time outside is not there: a window is as long as it is by the
// clock, and what counts of it is the part inside. So the budget is a share of the time inside the
// SLO's window, coverage is known / elapsed time inside, and "exhausted in" is by the clock. Where
// less of a tier's window lies inside than can (early in the morning an hour holds ten minutes of
// the hours), the bad is held against what it holds at most, as in warm-up: a fault must last as
// long on Monday at eight as on Wednesday at noon.
#pragma once

#include <optional>

#include "rules/slo/budget_curve.h"
#include "rules/slo/slo_rule.h"

namespace highwater::rules {

struct TierVerdict {
  bool burning = false;  // both windows exceed the factor by what is known
  bool frozen = false;   // too little is known to say so: neither fires nor resolves
  bool warming = false;  // the long window is not filled
  double long_burn = 0;  // 0 when nothing happened; finite
  double short_burn = 0;
  double coverage = 0;  // of the short window, as far as the curve reaches back: known / elapsed,
                        // from 0 to 1

  bool operator==(const TierVerdict&) const = default;
};
[[nodiscard]] TierVerdict judge_tier(const SloRule& rule, const SloTier& tier,
                                     const BudgetCurve& curve, WallTime now);

// The budget over the SLO's window, which ends now; a calendar window began at its last boundary.
struct BudgetStatus {
  WallTime window_begin;
  WallTime coverage_since;  // the curve's begin, or the window's where that is later
  Sums sums;
  Duration excluded{};   // of the time inside: it counts for nothing
  double budget = 0;     // seconds or events that may be bad in the whole window; for events by the
                         // rate so far, and 0 while there were none
  double remaining = 1;  // share of the budget; below 0 when overspent; finite
  double coverage = 0;   // known / elapsed within the window, since the curve began; from 0 to 1
  bool exhausted = false;  // remaining <= 0
  double burn = 0;         // over the long window of the fastest tier
  // Until it is exhausted if `burn` goes on, with what leaves a rolling window given back; zero
  // when it is exhausted; nothing when it never will be, or not before the calendar's next window.
  std::optional<Duration> exhausted_in;

  // Without data nothing is left and nothing is gone: the numbers above say nothing.
  [[nodiscard]] bool has_data() const { return sums.known > Duration::zero(); }
};
[[nodiscard]] BudgetStatus budget_status(const SloRule& rule, const BudgetCurve& curve,
                                         WallTime now);

// The share of bad events in the shortest window of all tiers; 0 when there were none. One reading
// says nothing: of its two counters one may have been read before the other.
[[nodiscard]] double recent_bad_share(const SloRule& rule, const BudgetCurve& curve, WallTime now);

// Both counters of events over the long window of the fastest tier, where the first one grew by
// more than the total though each had the time to be read: they do not count the same events.
[[nodiscard]] std::optional<Counted> counters_disagree(const SloRule& rule,
                                                       const BudgetCurve& curve, WallTime now);

// When the tier would be neither burning nor frozen for the first time if from now on all was known
// and good, events at the rate of the short window (or of the long one, if that was silent). To the
// millisecond; at the end of the rule's hours at the latest. Nothing when it is neither now.
// O(points of the windows); the search of all_clear_at is the same.
[[nodiscard]] std::optional<WallTime> clears_at(const SloRule& rule, const SloTier& tier,
                                                const BudgetCurve& curve, WallTime now);

// The same for all tiers together: the first time at which none of them keeps an alert. A tier that
// is frozen keeps the alert only where it is the alert's own, `held`; keep_firing_for is not in it.
// Events come at the rate of the shortest window of any tier that had some.
[[nodiscard]] std::optional<WallTime> all_clear_at(const SloRule& rule, std::optional<size_t> held,
                                                   const BudgetCurve& curve, WallTime now);

// How long a fault of this share (1 is total) must last, after a full healthy window, until the
// tier fires: it does so right after this time. Nothing when it never does. The workbook's formula,
// (1 - objective) / share x factor x long window, and what the short window and `min_bad` add to
// it; of events, whose number is not known here, `min_bad` adds nothing. Of a rule with hours it is
// time inside.
[[nodiscard]] std::optional<Duration> time_to_fire(const SloRule& rule, const SloTier& tier,
                                                   double bad_share);
// How long after its end such a fault stops burning, had it lasted that long; zero when it never
// burned.
[[nodiscard]] Duration time_to_clear(const SloRule& rule, const SloTier& tier, double bad_share,
                                     Duration lasted);

// Where the window that holds `now` began: now - length, or the last boundary of the calendar in
// its time zone (weeks begin on Monday).
[[nodiscard]] WallTime window_begin(const SloWindow& window, WallTime now);

// How much of a curve has to be kept for the rule: its window, or its longest tier's, and an hour
// for the points around its begin.
[[nodiscard]] Duration history_needed(const SloRule& rule);

}  // namespace highwater::rules
