#include "agent/routing/alert_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "agent/catalogue.h"
#include "agent/core/diagnostic.h"

namespace highwater::agent {

std::vector<std::string> alert_labels(const Config& config, const rules::RuleSet& rules) {
  std::set<std::string> names{"alertname", "incident", "severity", "team"};
  const Catalogue all = catalogue_with(config.measures);
  for (const Measure* const measure : all.measures())
    names.insert(measure->dimensions.begin(), measure->dimensions.end());
  const auto add_own = [&](const auto& rule) {
    for (const auto& [name, value] : rule.labels) names.insert(name);
  };
  for (const rules::AlertRule& rule : rules.alerts) add_own(rule);
  for (const rules::SloRule& slo : rules.slos) add_own(slo);
  return {names.begin(), names.end()};
}

std::vector<UnknownLabel> unknown_labels(std::span<const std::string> names,
                                         std::span<const std::string> known) {
  std::vector<UnknownLabel> unknown;
  for (const std::string& name : names) {
    if (std::ranges::find(known, name) != known.end()) continue;
    const std::string near = closest(name, known);
    unknown.push_back({fmt::format("no alert has a label '{}'", name),
                       near.empty() ? "" : fmt::format("did you mean '{}'?", near)});
  }
  return unknown;
}

}  // namespace highwater::agent
