// SLO rules with the default tiers, and curves of what was good, bad and unknown.
#pragma once

#include "rules/slo/burn.h"

namespace highwater::rules {

inline const WallTime kStart = WallTime(std::chrono::hours(24 * 20'000));
inline constexpr SloTier kFastPage = {14.4, std::chrono::hours(1), std::chrono::minutes(5),
                                      Severity::page};
inline constexpr SloTier kPage = {6, std::chrono::hours(6), std::chrono::minutes(30),
                                  Severity::page};
inline constexpr SloTier kTicket = {3, std::chrono::hours(24), std::chrono::hours(2),
                                    Severity::ticket};
inline constexpr SloTier kSlowTicket = {1, std::chrono::hours(72), std::chrono::hours(6),
                                        Severity::ticket};
inline constexpr SloTier kTiers[] = {kFastPage, kPage, kTicket, kSlowTicket};

inline SloRule time_rule(double objective = 0.999) {
  SloRule rule;
  rule.objective = objective;
  rule.window = {SloWindow::Kind::rolling, std::chrono::hours(24 * 30), ""};
  rule.tiers.assign(std::begin(kTiers), std::end(kTiers));
  return rule;
}

inline SloRule event_rule(double objective = 0.999) {
  SloRule rule = time_rule(objective);
  rule.sli.total.emplace();
  return rule;
}

inline void pass(BudgetCurve& curve, Duration time, double bad_share) {
  curve.extend(curve.end() + time, {to_seconds(time) * bad_share, to_seconds(time), time});
}

inline void be_silent(BudgetCurve& curve, Duration time) {
  curve.extend(curve.end() + time, {});
}

inline BudgetCurve healthy(Duration time = std::chrono::hours(24 * 30)) {
  BudgetCurve curve(kStart);
  pass(curve, time, 0);
  return curve;
}

}  // namespace highwater::rules
