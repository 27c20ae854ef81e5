#include "rules/prometheus/alert_expression.h"

#include <fmt/format.h>

#include <string_view>

#include "rules/alerts/conditions.h"
#include "rules/prometheus/promql.h"
#include "rules/prometheus/texts.h"

namespace highwater::rules {
namespace {

// The rows of a measure that a scope selects; with `of_this_alert` those of one alert.
std::string rows_of(const Measure& measure, const RowScope& scope, bool of_this_alert) {
  auto matchers = promql::matchers(measure, scope);
  if (of_this_alert) matchers.emplace_back(kOfThisAlert);
  return promql::selector(promql::metric(measure), matchers);
}

// Each row once, whichever agents saw it.
std::string each_once(const Measure& measure, const std::string& rows) {
  return fmt::format("max by ({}) ({})", promql::list(measure.dimensions), rows);
}

// What the rows of a counter grew by, added up for each alert.
std::string growth_of(std::string_view function, const Measure& measure, const RowScope& scope,
                      Duration window, bool of_this_alert) {
  const std::string rows =
      each_once(measure, fmt::format("{}({}[{}])", function, rows_of(measure, scope, of_this_alert),
                                     format_duration(window)));
  return fmt::format("sum by ({}) ({})", promql::list(subject_dimensions(measure, scope)), rows);
}

std::string ratio_condition(const AlertRule& rule, bool of_this_alert) {
  const Condition& when = rule.when;
  const std::string part = growth_of("increase", *when.left, rule, when.window, of_this_alert);
  const std::string total =
      growth_of("increase", *when.right, translated_scope(rule, *when.left, *when.right),
                when.window, of_this_alert);
  return fmt::format("({} or {} * 0)\n  / {} {} {}\n  and {} {}", part, total, total,
                     comparison_text(when.comparison), promql::number(when.threshold), total,
                     when.least > 0 ? ">= " + promql::number(when.least) : "> 0");
}

std::string past_condition(const AlertRule& rule, bool of_this_alert) {
  const Condition& when = rule.when;
  const std::string rows = rows_of(*when.left, rule, of_this_alert);
  std::string now = each_once(*when.left, rows);
  std::string then =
      each_once(*when.left, fmt::format("{} offset {}", rows, format_duration(when.window)));
  const bool less =
      when.comparison == Comparison::less || when.comparison == Comparison::less_or_equal;
  if (when.least <= 0)
    then = fmt::format("({} > 0)", then);
  else
    (less ? then : now) = fmt::format("({} >= {})", less ? then : now, promql::number(when.least));
  return fmt::format("{} {} {} * {}", now, comparison_text(when.comparison),
                     promql::number(when.threshold), then);
}

}  // namespace

std::string alert_condition(const AlertRule& rule, bool of_this_alert) {
  const Condition& when = rule.when;
  switch (when.kind) {
    case ConditionKind::value:
      break;
    case ConditionKind::rate:
      return fmt::format("{} {} {}",
                         growth_of("rate", *when.left, rule, when.window, of_this_alert),
                         comparison_text(when.comparison), promql::number(when.threshold));
    case ConditionKind::ratio:
      return ratio_condition(rule, of_this_alert);
    case ConditionKind::past:
      return past_condition(rule, of_this_alert);
  }
  const std::string left = rows_of(*when.left, rule, of_this_alert);
  if (when.right == nullptr) {
    return fmt::format("{} {} {}", left, comparison_text(when.comparison),
                       promql::number(when.threshold));
  }
  const std::string on = promql::list(when.right->dimensions);
  return fmt::format("{} {} on ({}) group_left () max by ({}) ({})", left,
                     comparison_text(when.comparison), on, on, promql::metric(*when.right));
}

// The labels of the scrape are left out: an alert is about what Kafka knows, whichever agent saw
// it.
std::string alert_expression(const AlertRule& rule) {
  if (rule.when.adds_up_rows()) return alert_condition(rule, false);
  const bool least =
      rule.when.comparison == Comparison::less || rule.when.comparison == Comparison::less_or_equal;
  const auto dimensions = subject_dimensions(*rule.when.left, rule);
  // A budget has the labels of what it belongs to in place of `entity`.
  const bool budget = dimension_index(*rule.when.left, "slo") >= 0 &&
                      std::ranges::find(dimensions, "entity") != dimensions.end();
  const std::string kept = budget ? std::string("without (instance, job)")
                                  : fmt::format("by ({})", promql::list(dimensions));
  return fmt::format("{} {} ({})", least ? "min" : "max", kept, alert_condition(rule, false));
}

}  // namespace highwater::rules
