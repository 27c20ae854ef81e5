// The two sides of prometheus_equivalence.py on the catalogue of the tests, which has counters that
// no collector has yet. Takes the arguments of the product's commands:
//
//   rules_as_prometheus generate prometheus --interval 1m --rules RULES
//   rules_as_prometheus replay --json --rules RULES DATA
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "rules/language/load.h"
#include "rules/prometheus/rules.h"
#include "rules/rehearsal/rehearsal.h"
#include "rules/rehearsal/replay_data.h"
#include "tests/rules/local_catalogue.h"

namespace highwater::rules {
namespace {

int generate(const RuleSet& rules, const std::string& interval) {
  PrometheusOptions options;
  options.interval = *parse_duration(interval);
  std::cout << prometheus_rules(rules, options);
  return 0;
}

double minutes(Duration duration) {
  return std::chrono::duration<double, std::ratio<60>>(duration).count();
}

int replay(const RuleSet& rules, const std::vector<ReplayData>& all) {
  nlohmann::json rows = nlohmann::json::array();
  for (const ReplayData& data : all) {
    Rehearsal rehearsal(rules, data.scenario);
    rehearsal.run_until(data.scenario.length());
    for (const Firing& firing : rehearsal.firings()) {
      nlohmann::json row;
      row["slo"] = firing.rule;
      row["entity"] = firing.entity.text();
      row["tier"] = firing.tier;
      row["from"] = minutes(firing.from);
      row["until"] = nullptr;
      if (firing.until) row["until"] = minutes(*firing.until);
      rows.push_back(std::move(row));
    }
  }
  std::cout << rows.dump() << "\n";
  return 0;
}

int run(const std::vector<std::string>& arguments) {
  Diagnostics diagnostics;
  RuleSettings settings;
  settings.builtin = false;
  std::string interval = "1m";
  std::vector<ReplayData> data;
  const bool generates = !arguments.empty() && arguments[0] == "generate";
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (arguments[i] == "--interval") {
      interval = arguments.at(++i);
    } else if (arguments[i] == "--rules") {
      settings.files.push_back(arguments.at(++i));
    } else if (arguments[i] != "--json" && arguments[i] != "prometheus") {
      data = read_replay_data(arguments[i], local_catalogue(), diagnostics);
    }
  }
  const auto any_runbook = [](std::string_view) { return true; };
  const RuleSet rules = load_rules(settings, local_catalogue(), any_runbook, diagnostics);
  for (const Diagnostic& diagnostic : diagnostics) std::cerr << diagnostic.text() << "\n";
  if (!diagnostics.empty()) return 1;
  return generates ? generate(rules, interval) : replay(rules, data);
}

}  // namespace
}  // namespace highwater::rules

int main(int argc, char** argv) {
  return highwater::rules::run({argv + 1, argv + argc});
}
