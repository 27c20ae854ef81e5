#include "agent/import_routing.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/catalogue.h"
#include "rules/language/load.h"

namespace highwater::agent {

Result<alertmanager::SeverityNames> severities_of(const std::vector<std::string>& options) {
  const std::vector<std::string> ours{"page", "ticket", "info"};
  alertmanager::SeverityNames names;
  for (const std::string& option : options) {
    const size_t sign = option.find('=');
    if (sign == std::string::npos || sign == 0)
      return fail(fmt::format("--severity '{}': write it like critical=page", option));
    const std::string severity = option.substr(sign + 1);
    if (std::ranges::find(ours, severity) == ours.end())
      return fail(fmt::format("--severity '{}': '{}' is not a severity of Highwater: {}", option,
                              severity, did_you_mean(severity, ours)));
    names.emplace_back(option.substr(0, sign), severity);
  }
  for (const auto& name : default_severities()) {
    if (std::ranges::find(names, name.first, &std::pair<std::string, std::string>::first) ==
        names.end())
      names.push_back(name);
  }
  return names;
}

alertmanager::KnownNames known_names(const std::optional<Config>& config, const Runbooks& runbooks,
                                     alertmanager::SeverityNames severities) {
  alertmanager::KnownNames known{std::move(severities), {"alertname", "severity", "team"}, {}};
  const Catalogue measures = config ? catalogue_with(config->measures) : catalogue();
  for (const Measure* const measure : measures.measures())
    known.labels.insert(measure->dimensions.begin(), measure->dimensions.end());
  // Mistakes in rule files are for `highwater check` to say.
  Diagnostics ignored;
  const rules::RuleSet rules = rules::load_rules(
      config ? config->rules : rules::RuleSettings{}, measures,
      [&](std::string_view name) { return runbooks.exists(name); }, ignored);
  const auto add = [&](const auto& rule) {
    known.alerts.insert(rule.name);
    for (const auto& [label, value] : rule.labels) known.labels.insert(label);
  };
  std::ranges::for_each(rules.alerts, add);
  std::ranges::for_each(rules.slos, add);
  return known;
}

}  // namespace highwater::agent
