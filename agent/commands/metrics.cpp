// `highwater generate metrics`: the reference of the metrics page, docs/metrics.md.
#include <algorithm>
#include <iostream>

#include "agent/catalogue.h"
#include "agent/commands/commands.h"
#include "exporters/metrics/metrics_reference.h"
#include "rules/language/load.h"

namespace highwater::agent {
namespace {

void add_use(const Measure* measure, const std::string& rule, RulesOfMeasures& uses) {
  if (measure == nullptr) return;
  std::vector<std::string>& names = uses[measure->name];
  if (std::ranges::find(names, rule) == names.end()) names.push_back(rule);
}

RulesOfMeasures uses_of(const rules::RuleSet& rules) {
  RulesOfMeasures uses;
  for (const rules::AlertRule& alert : rules.alerts) {
    add_use(alert.when.left, alert.name, uses);
    add_use(alert.when.right, alert.name, uses);
  }
  for (const rules::SloRule& slo : rules.slos) {
    add_use(slo.sli.first.measure, slo.name, uses);
    if (slo.sli.total) add_use(slo.sli.total->measure, slo.name, uses);
  }
  return uses;
}

}  // namespace

int generate_metrics_command() {
  Diagnostics diagnostics;
  const auto any_runbook = [](std::string_view) { return true; };
  rules::RuleSet rules = rules::load_rules({}, catalogue(), any_runbook, diagnostics);
  rules::RuleSet slos = rules::parse_rules(rules::builtin_slos_text(), "<built-in>", catalogue(),
                                           any_runbook, diagnostics);
  if (!diagnostics.empty()) return refused(diagnostics);
  std::ranges::move(slos.slos, std::back_inserter(rules.slos));
  std::cout << metrics_reference(catalogue(), uses_of(rules)) << std::flush;
  return std::cout ? 0 : 1;
}

}  // namespace highwater::agent
