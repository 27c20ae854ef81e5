// Burn: what a budget's curve means for an SLO at one moment. Pure functions of (rule, curve, now);
// used by the SLO watches, by `highwater explain` and `check --explain`; any thread.
//
// From the SRE workbook, chapter 5: error rate = bad / total over a window; burn rate = error rate
// / (1 - objective); a tier fires while the burn rates over its long and its short window both
// exceed its factor, strictly. What differs, and why:
//  * Unknown time is in neither sum, and where less than `min_coverage` of the short window is
//  known
//    the tier is frozen: the workbook's queries take silence for health.
//  * While the long window is not filled (the budget is younger, or less than `min_coverage` of it
//  is
//    known) the sums are held against the whole window, so that a short fault after a cold start
//    never pages: the burn rate is bad / (rate of total x long window) / (1 - objective).
//  * Below `min_bad` in the short window a tier does not fire.
#pragma once

#include <optional>
#include <vector>

#include "rules/budget_curve.h"
#include "rules/slo_rule.h"

namespace highwater::rules {

struct TierVerdict {
  bool burning = false;  // both windows exceed the factor; meaningless when frozen
  bool frozen = false;   // too little is known: neither fires nor resolves
  bool warming = false;  // the long window is not filled
  double long_burn = 0;  // 0 when nothing happened; never NaN
  double short_burn = 0;
  double coverage = 0;  // of the short window: known / elapsed, from 0 to 1
};
[[nodiscard]] TierVerdict judge_tier(const SloRule& rule, const SloTier& tier,
                                     const BudgetCurve& curve, WallTime now);

// The budget over the SLO's window, which ends now; a calendar window began at its last boundary.
struct BudgetStatus {
  WallTime window_begin;
  Sums sums;
  double budget = 0;       // seconds or events that may be bad in the whole window; for events by
                           // the rate so far
  double remaining = 1;    // share of the budget; below 0 when overspent
  double coverage = 0;     // known / elapsed within the window, since the curve began
  bool exhausted = false;  // remaining <= 0
  // Until it is exhausted if the burn rate of the fastest tier's long window goes on; nothing when
  // it never is.
  std::optional<Duration> exhausted_in;
};
[[nodiscard]] BudgetStatus budget_status(const SloRule& rule, const BudgetCurve& curve,
                                         WallTime now);

// When the tier stops burning if from now on everything is good; nothing when it does not burn.
[[nodiscard]] std::optional<WallTime> clears_at(const SloRule& rule, const SloTier& tier,
                                                const BudgetCurve& curve, WallTime now);

// How long a fault of this share (1 is total) must last, after a full healthy window, until the
// tier fires; nothing when it never does. And how long after its end it clears, had it lasted that
// long.
[[nodiscard]] std::optional<Duration> time_to_fire(const SloRule& rule, const SloTier& tier,
                                                   double bad_share);
[[nodiscard]] Duration time_to_clear(const SloRule& rule, const SloTier& tier, double bad_share,
                                     Duration lasted);

// Where the window that holds `now` began: now - length, or the last boundary of the calendar in
// its time zone (weeks begin on Monday).
[[nodiscard]] WallTime window_begin(const SloWindow& window, WallTime now);

// How much of a curve has to be kept for the rule: its window, or its longest tier's.
[[nodiscard]] Duration history_needed(const SloRule& rule);

}  // namespace highwater::rules
