#include "rules/slo/slo_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "rules/wording.h"

namespace highwater::rules {
namespace {

std::string percent(double ratio) {
  return fmt::format("{:.4g}%", ratio * 100);
}

// " of {group}, {topic}", or empty for an SLO of the whole cluster.
std::string subject_text(const SloRule& rule) {
  std::string text;
  for (const std::string_view dimension : subject_dimensions(rule)) {
    if (dimension != "cluster")
      text += fmt::format("{}{{{}}}", text.empty() ? " of " : ", ", dimension);
  }
  return text;
}

std::string exhausted_text(const BudgetDetail& detail) {
  if (!detail.exhausted_in) return "never at this rate";
  if (*detail.exhausted_in <= Duration::zero()) return "exhausted";
  return describe_duration(*detail.exhausted_in);
}

// Without a bad value, because it was before a restart, the bound stands for it.
StandIn value_of(const SloRule& rule, const SloFacts& facts) {
  if (rule.sli.is_events())
    return {"value", spoken_value(facts.bad_share, Unit::ratio), facts.bad_share};
  if (rule.sli.is_composite())
    return {"value", facts.bad_parts.empty() ? "nothing" : facts.bad_parts};
  const Unit unit = rule.sli.first.measure->unit;
  if (!std::isnan(facts.bad_value))
    return {"value", spoken_value(facts.bad_value, unit), facts.bad_value};
  const GoodRange& good = rule.sli.good;
  if (good.low == good.high || good.outside) return {"value", "some"};
  const bool above = std::isinf(good.low);
  return {"value", fmt::format("{} {}", above ? "more than" : "less than", limit_text(good, unit))};
}

}  // namespace

std::vector<StandIn> slo_stand_ins(const SloRule& rule, const BudgetDetail& detail,
                                   const SloFacts& facts, const std::string& note) {
  std::vector<StandIn> values{
      {"slo", rule.name},
      {"objective", percent(rule.objective)},
      {"window", describe_duration(rule.window.length)},
      {"burn", fmt::format("{:.3g}", detail.burn)},
      {"left", percent(std::max(detail.remaining, 0.0))},
      {"exhausted_in", exhausted_text(detail)},
      {"budget", budget_phrase(detail)},
      {"tier", detail.tier},
      {"now", "", facts.bad_now ? 1.0 : 0.0},
      {"limit", rule.sli.is_events() ? percent(1 - rule.objective)
                                     : limit_text(rule.sli.good, rule.sli.first.measure->unit)},
      {"note", note}};
  values.push_back(value_of(rule, facts));
  return values;
}

std::string budget_phrase(const BudgetDetail& detail) {
  if (!detail.exhausted_in) return {};
  if (*detail.exhausted_in <= Duration::zero()) return "budget gone";
  // The rate is of an hour at the least: minutes beside hours would promise too much.
  Duration left = *detail.exhausted_in;
  if (left >= std::chrono::hours(2)) left -= left % std::chrono::hours(1);
  return fmt::format("budget gone in {} at this rate", spoken_duration(left));
}

std::string limit_text(const GoodRange& good, Unit unit) {
  const auto text = [&](double bound) {
    return unit == Unit::seconds ? format_value(bound, unit) : spoken_value(bound, unit);
  };
  if (good.outside || good.low == good.high) return text(good.low);
  if (std::isinf(good.low)) return text(good.high);
  if (std::isinf(good.high)) return text(good.low);
  return fmt::format("{} to {}", text(good.low), text(good.high));
}

std::string default_summary(const SloRule& rule) {
  const std::string of = subject_text(rule);
  if (rule.sli.is_events())
    return fmt::format(
        "{{slo}}: {{value}} of the events{} {{now:are|were}} bad ({{cluster}}), "
        "{{budget}}",
        of);
  if (rule.sli.is_composite())
    return fmt::format("{{slo}}{} {{now:is|was}} bad: {{value}} ({{cluster}}), {{budget}}", of);
  const Unit unit = rule.sli.first.measure->unit;
  if (unit == Unit::boolean)
    return fmt::format("{{slo}}: {}{} {{now:is|was}} {} ({{cluster}}), {{budget}}",
                       rule.sli.first.measure->name, of, rule.sli.good.contains(0) ? 1 : 0);
  return fmt::format("{{slo}}: {}{} {{now:is|was}} {{value}}, good is {} ({{cluster}}), {{budget}}",
                     rule.sli.first.measure->name, of, good_text(rule.sli.good, unit));
}

std::string no_data_summary(const SloRule& rule) {
  return fmt::format("{{slo}}: nothing is known{}, which counts as bad ({{cluster}}), {{budget}}",
                     subject_text(rule));
}

}  // namespace highwater::rules
