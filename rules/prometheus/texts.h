// The texts of a rule as templates of Prometheus: {group} becomes {{ $labels.group }}, and what
// Prometheus can find out by a query is asked there. Used by the generator of its rules
// (prometheus_rules.h); pure, any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/alerts/alert_rule.h"
#include "rules/slo/slo_rule.h"

namespace highwater::rules {

// summary, description when there is one, and runbook_url; the values are templates.
using Annotations = std::vector<std::pair<std::string, std::string>>;

// Stands in a query where the matchers of the alert's labels belong.
inline constexpr std::string_view kOfThisAlert = "\x01";

// `condition` is the rule's in PromQL, with kOfThisAlert among its matchers.
[[nodiscard]] Annotations annotations_of(const AlertRule& rule, std::string_view external_url,
                                         const std::string& condition);

// What the texts of an SLO ask Prometheus for, with kOfThisAlert among their matchers.
struct SloSeries {
  std::string left;       // of the budget, from 0 to 1
  std::string exhausted;  // seconds until it is
  std::string value;      // the worst sample, or the share of bad events
};
[[nodiscard]] Annotations annotations_of(const SloRule& rule, const SloTier& tier,
                                         std::string_view external_url, const SloSeries& series);

// "14.4x over 1h and 5m"
[[nodiscard]] std::string tier_name(const SloTier& tier);
// "99.5%"
[[nodiscard]] std::string percent(double share);
// As it is: Prometheus takes it for a template.
[[nodiscard]] std::string literal(std::string_view text);

}  // namespace highwater::rules
