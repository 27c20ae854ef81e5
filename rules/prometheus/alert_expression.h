// The condition of an alert rule in PromQL. Used by the generator of rules (rules.h); pure, any
// thread.
//
// A window is Prometheus' own: rate() and increase() over it, `offset` for the past.
#pragma once

#include <string>

#include "rules/alerts/alert_rule.h"

namespace highwater::rules {

// With `of_this_alert` for the rows of one alert: kOfThisAlert is among its matchers.
[[nodiscard]] std::string alert_condition(const AlertRule& rule, bool of_this_alert);

// One series for each alert.
[[nodiscard]] std::string alert_expression(const AlertRule& rule);

}  // namespace highwater::rules
