#include <fmt/format.h>

#include <iostream>

#include "agent/agent.h"
#include "agent/commands/commands.h"
#include "agent/commands/find_config.h"
#include "agent/config/schema.h"
#include "agent/load.h"
#include "rules/language/schema.h"
#include "rules/prometheus/rules.h"

namespace highwater::agent {
namespace {

// Rule files by themselves: without a configuration only the built-in runbooks are known.
std::optional<rules::RuleSet> load_files(const GenerateOptions& options, Diagnostics& diagnostics) {
  const Result<Runbooks> runbooks = Runbooks::load();
  if (!runbooks) {
    diagnostics.push_back({"runbooks", 0, 0, runbooks.error().message, ""});
    return std::nullopt;
  }
  rules::RuleSettings settings;
  settings.builtin = options.builtin;
  settings.files = options.rule_files;
  const auto measures = load_catalogue(options.measures, diagnostics);
  if (!measures) return std::nullopt;
  rules::RuleSet rules = rules::load_rules(
      settings, *measures, [&](std::string_view name) { return runbooks->exists(name); },
      diagnostics);
  if (!diagnostics.empty()) return std::nullopt;
  return rules;
}

// `prometheus` learns where the runbooks are read.
std::optional<rules::RuleSet> load_config(const GenerateOptions& options,
                                          rules::PrometheusOptions& prometheus,
                                          Diagnostics& diagnostics) {
  std::optional<Config> config = read_found_config(options.config, diagnostics);
  if (!config) return std::nullopt;
  auto loaded = load(*config, diagnostics);
  if (!loaded) return std::nullopt;
  if (!options.builtin) {
    std::erase_if(loaded->rules.alerts, [](const rules::AlertRule& rule) {
      return rule.where.starts_with("<built-in>");
    });
  }
  prometheus.external_url = config->external_url;
  prometheus.detail = config->metrics_detail;
  prometheus.maintenance = config->routing.maintenance;
  return std::move(loaded->rules);
}

}  // namespace

int generate_prometheus_command(const GenerateOptions& options) {
  Diagnostics diagnostics;
  rules::PrometheusOptions prometheus;
  if (!options.interval.empty()) {
    const Result<Duration> interval = parse_duration(options.interval);
    if (!interval || *interval < std::chrono::seconds(1) || *interval > std::chrono::hours(1)) {
      std::cerr << fmt::format("--interval {}: write it like 30s, from 1s to 1h\n",
                               options.interval);
      return 1;
    }
    prometheus.interval = *interval;
  }
  const auto rules = options.rule_files.empty() ? load_config(options, prometheus, diagnostics)
                                                : load_files(options, diagnostics);
  if (!rules) return refused(diagnostics);
  if (!options.url.empty()) prometheus.external_url = options.url;
  while (prometheus.external_url.ends_with('/')) prometheus.external_url.pop_back();
  for (const std::string& name : rules::not_for_prometheus(*rules))
    std::cerr << fmt::format("highwater: {} is left out: Prometheus knows no 'during'\n", name);
  for (const std::string& sentence : rules::not_excluded(*rules, prometheus.maintenance))
    std::cerr << fmt::format(
        "highwater: Prometheus counts the time that maintenance excludes from a budget: {}\n",
        sentence);
  if (prometheus.detail == MetricsDetail::standard) {
    for (const std::string& name : rules::need_full_detail(*rules)) {
      std::cerr << fmt::format(
          "highwater: {} needs series that are exported only with 'metrics: {{detail: full}}' in "
          "the agent's configuration\n",
          name);
    }
  }
  std::cout << rules::prometheus_rules(*rules, prometheus) << std::flush;
  return std::cout ? 0 : 1;
}

int generate_schema_command(const std::string& of, const std::string& config) {
  Diagnostics diagnostics;
  const auto measures = load_catalogue(config, diagnostics);
  if (!measures) return refused(diagnostics);
  const Result<Runbooks> runbooks = Runbooks::load();
  const std::vector<std::string> names = runbooks ? runbooks->names() : std::vector<std::string>{};
  std::cout << (of == "config" ? config_schema(names) : rules::rules_schema(*measures, names))
            << std::flush;
  return std::cout ? 0 : 1;
}

}  // namespace highwater::agent
