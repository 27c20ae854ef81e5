#include "rules/prometheus/rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/alerts/conditions.h"
#include "rules/prometheus/alert_expression.h"
#include "rules/prometheus/detail.h"
#include "rules/prometheus/file.h"
#include "rules/prometheus/promql.h"
#include "rules/prometheus/slo_rules.h"
#include "rules/prometheus/texts.h"
#include "rules/routing/matcher.h"

namespace highwater::rules {
namespace {

using std::chrono::seconds;

constexpr Duration kAlertsEvery = seconds(15);

void write_alert(const AlertRule& rule, const PrometheusOptions& options, PrometheusFile& file) {
  PrometheusFile::Labels labels{{"severity", std::string(severity_name(rule.severity))}};
  for (const auto& [name, value] : rule.labels) labels.emplace_back(name, literal(value));
  if (options.detail == MetricsDetail::standard && needs_full_detail(rule))
    file.comment(std::string(kNeedsFullDetailText));
  file.alert(rule.name, alert_expression(rule), rule.hold, rule.keep_firing_for, labels,
             annotations_of(rule, options.external_url, alert_condition(rule, true)));
}

}  // namespace

namespace {

// The SLO's own, or those of an SLO that it is made of.
bool has_hours(const SloRule& slo, const RuleSet& rules) {
  return slo.during != nullptr || std::ranges::any_of(slo.sli.all_of, [&](const std::string& name) {
           const auto part = std::ranges::find(rules.slos, name, &SloRule::name);
           return part != rules.slos.end() && has_hours(*part, rules);
         });
}

// Whether something that the SLO selects can have such a label: what is selected by patterns may.
bool may_select(const SloRule& slo, const LabelPatterns& wanted) {
  const SliSource& source = slo.sli.first;
  if (source.measure == nullptr) return true;
  return std::ranges::none_of(source.scope.select, [&](const DimensionFilter& filter) {
    const std::string_view name = source.measure->dimensions[static_cast<size_t>(filter.dimension)];
    return name == wanted.name && std::ranges::none_of(filter.patterns, [&](const Pattern& one) {
             return one.literal().empty() || wanted.matches({{wanted.name, one.text()}});
           });
  });
}

// Whether a window with this matcher can be about a budget of the SLO. What its topics and groups
// are called, and whose they are, is not known here.
bool may_be_about(const Matcher& matcher, const SloRule& slo) {
  Labels known(slo.labels.begin(), slo.labels.end());
  known["alertname"] = slo.name;
  const auto dimensions = subject_dimensions(slo);
  for (const std::string& text : matcher.texts()) {
    const std::string name = text.substr(0, text.find('='));
    const auto label = known.find(name);
    const bool varies = name == "team" || std::ranges::find(dimensions, name) != dimensions.end();
    if (label != known.end() && !matcher.find(name)->matches(known)) return false;
    if (label == known.end() && (!varies || !may_select(slo, *matcher.find(name)))) return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> not_for_prometheus(const RuleSet& rules) {
  std::vector<std::string> names;
  for (const SloRule& slo : rules.slos) {
    if (has_hours(slo, rules)) names.push_back(slo.name);
  }
  for (const AlertRule& alert : rules.alerts) {
    if (alert.during != nullptr) names.push_back(alert.name);
  }
  return names;
}

std::vector<std::string> need_full_detail(const RuleSet& rules) {
  std::vector<std::string> names;
  for (const SloRule& slo : rules.slos) {
    if (slo.during == nullptr && needs_full_detail(slo)) names.push_back(slo.name);
  }
  for (const AlertRule& alert : rules.alerts) {
    if (alert.during == nullptr && needs_full_detail(alert)) names.push_back(alert.name);
  }
  return names;
}

std::vector<std::string> not_excluded(const RuleSet& rules,
                                      const std::vector<Silence>& maintenance) {
  std::vector<std::string> sentences;
  for (const SloRule& slo : rules.slos) {
    if (has_hours(slo, rules)) continue;
    for (const Silence& window : maintenance) {
      if (!window.excludes_budget || !may_be_about(window.matcher, slo)) continue;
      const std::string hours = window.hours_text();
      sentences.push_back(fmt::format("{}: {} ({}, {})", slo.name, window.name,
                                      window.matcher.text(), hours.empty() ? "once" : hours));
    }
  }
  return sentences;
}

std::string prometheus_rules(const RuleSet& rules, const PrometheusOptions& options) {
  PrometheusFile file;
  file.left_out(not_for_prometheus(rules));
  file.not_excluded(not_excluded(rules, options.maintenance));
  for (const SloRule& slo : rules.slos) {
    if (!has_hours(slo, rules)) write_slo(slo, options, file);
  }
  bool first = true;
  for (const AlertRule& alert : rules.alerts) {
    if (alert.during != nullptr) continue;
    if (std::exchange(first, false))
      file.group("highwater alerts", options.interval.value_or(kAlertsEvery));
    write_alert(alert, options, file);
  }
  return std::move(file).take();
}

}  // namespace highwater::rules
