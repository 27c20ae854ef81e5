#include "rules/prometheus/texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "rules/alerts/conditions.h"
#include "rules/slo/slo_text.h"
#include "rules/text.h"

namespace highwater::rules {
namespace {

using Names = std::vector<std::string_view>;

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

std::vector<StandIn> labels_of(const Names& dimensions) {
  std::vector<StandIn> values;
  for (const std::string_view name : dimensions)
    values.push_back({name, fmt::format("{{{{ $labels.{} }}}}", name)});
  return values;
}

std::string_view format_of(Unit unit) {
  switch (unit) {
    case Unit::seconds:
      return "humanizeDuration";
    case Unit::bytes:
      return "humanize1024";
    case Unit::ratio:
      return "humanizePercentage";
    case Unit::none:
    case Unit::boolean:
    case Unit::info:
    case Unit::records:
    case Unit::count:
      break;
  }
  return "humanize";
}

std::string value_of(const Condition& when) {
  switch (when.kind) {
    case ConditionKind::value:
    case ConditionKind::past:
      break;
    case ConditionKind::rate:
      return "{{ $value | humanize }}/s";
    case ConditionKind::ratio:
      return "{{ $value | humanizePercentage }}";
  }
  return fmt::format("{{{{ $value | {} }}}}", format_of(when.left->unit));
}

// Asks for the one value of a query about what the alert is about.
std::string asked(const std::string& query, const Names& dimensions, std::string_view format,
                  std::string_view otherwise) {
  std::string matchers;
  std::string labels;
  for (const std::string_view name : dimensions) {
    matchers += fmt::format("{}{}=%q", matchers.empty() ? "" : ",", name);
    labels += fmt::format(" $labels.{}", name);
  }
  std::string pattern = replaced(query, "%", "%%");
  std::string all_labels;
  for (size_t at = pattern.find(kOfThisAlert); at != std::string::npos;
       at = pattern.find(kOfThisAlert)) {
    pattern.replace(at, kOfThisAlert.size(), matchers);
    all_labels += labels;
  }
  return fmt::format(
      "{{{{ with printf `{}`{} | query }}}}{{{{ . | first | value | {} }}}}{{{{ else }}}}{}"
      "{{{{ end }}}}",
      pattern, all_labels, format, otherwise);
}

std::string budget_text(const SloSeries& series, const Names& dimensions) {
  const std::string text = asked(series.exhausted, dimensions, "humanizeDuration", "budget gone");
  return replaced(replaced(text, "{{ . |", "budget gone in {{ . |"), "{{ else }}",
                  " at this rate{{ else }}");
}

std::string runbook_url(const std::string& runbook, std::string_view external_url) {
  if (runbook.find("://") != std::string::npos) return runbook;
  return fmt::format("{}/runbooks/{}", external_url, runbook);
}

Annotations written(const std::string& summary, const std::string& description, std::string url,
                    std::span<const StandIn> values) {
  Annotations annotations;
  annotations.emplace_back("summary", Template(summary).fill({}, values));
  if (!description.empty())
    annotations.emplace_back("description", Template(description).fill({}, values));
  annotations.emplace_back("runbook_url", std::move(url));
  return annotations;
}

}  // namespace

Annotations annotations_of(const AlertRule& rule, std::string_view external_url,
                           const std::string& condition) {
  const Names dimensions = subject_dimensions(*rule.when.left, rule);
  std::vector<StandIn> values = labels_of(dimensions);
  const std::string hold = describe_duration(rule.hold);
  values.push_back({"value", value_of(rule.when), {}, "eq $value 1.0"});
  if (rule.aggregated && !rule.when.adds_up_rows())
    values.push_back(
        {"count", asked("count(" + condition + ")", dimensions, "humanize", "some"), {}, {}});
  else
    values.push_back({"count", "1", 1, {}});
  values.push_back({"names", "some", {}, {}});
  values.push_back(
      {"sum",
       asked("sum(" + condition + ")", dimensions, format_of(rule.when.left->unit), "some"),
       {},
       {}});
  values.push_back({"kind", "", {}, {}});
  values.push_back({"note", ""});
  values.push_back({"for", hold});
  values.push_back({"since", rule.hold > Duration::zero() ? "more than " + hold : "some time"});
  return written(rule.summary, rule.description, runbook_url(rule.runbook, external_url), values);
}

Annotations annotations_of(const SloRule& rule, const SloTier& tier, std::string_view external_url,
                           const SloSeries& series) {
  const Names dimensions = subject_dimensions(rule);
  std::vector<StandIn> values = labels_of(dimensions);
  const auto format = rule.sli.is_events() ? std::string_view("humanizePercentage")
                                           : format_of(rule.sli.first.measure->unit);
  values.push_back({"slo", rule.name});
  values.push_back({"objective", percent(rule.objective)});
  values.push_back({"window", describe_duration(rule.window.length)});
  values.push_back({"burn", "{{ $value | printf `%.3g` }}"});
  values.push_back(
      {"left", asked(series.left, dimensions, "humanizePercentage", "an unknown part")});
  values.push_back(
      {"exhausted_in", asked(series.exhausted, dimensions, "humanizeDuration", "exhausted")});
  values.push_back({"budget", budget_text(series, dimensions)});
  values.push_back({"tier", tier_name(tier)});
  values.push_back({"now", "", 1, {}});
  values.push_back({"limit", rule.sli.is_events()
                                 ? percent(1 - rule.objective)
                                 : limit_text(rule.sli.good, rule.sli.first.measure->unit)});
  values.push_back({"value", asked(series.value, dimensions, format, "some")});
  values.push_back({"note", ""});
  return written(rule.summary, rule.description, runbook_url(rule.runbook, external_url), values);
}

std::string tier_name(const SloTier& tier) {
  return fmt::format("{:g}x over {} and {}", tier.factor, format_duration(tier.long_window),
                     format_duration(tier.short_window));
}

std::string percent(double share) {
  return fmt::format("{:.6g}%", share * 100);
}

std::string literal(std::string_view text) {
  return replaced(std::string(text), "{{", "{{ `{{` }}");
}

}  // namespace highwater::rules
