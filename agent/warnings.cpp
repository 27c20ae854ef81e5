#include "agent/warnings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/catalogue.h"
#include "agent/judged_rows.h"
#include "agent/routing/alert_labels.h"
#include "agent/self_observation.h"
#include "collectors/canary/security.h"
#include "collectors/sources/interpreter.h"

namespace highwater::agent {
namespace {

using sources::CellRule;
using sources::Mapping;

// Nothing: it can have any value.
using Values = std::optional<std::set<std::string>>;

std::vector<std::string> cluster_names(const Config& config) {
  std::vector<std::string> names;
  for (const auto& cluster : config.clusters) names.push_back(cluster.name);
  return names;
}

// What a dimension of a measure that sources fill can be; that of others is found in Kafka.
Values values_from_sources(const Config& config, const Measure& measure, size_t dimension) {
  std::set<std::string> values;
  bool filled = false;
  for (const Mapping& mapping : config.sources.mappings) {
    if (mapping.measure != &measure) continue;
    filled = true;
    const CellRule& cell = mapping.cells[dimension];
    for (const size_t source : mapping.sources) {
      switch (cell.from) {
        case CellRule::From::constant:
          values.insert(cell.text);
          break;
        case CellRule::From::source:
          values.insert(config.sources.sources[source].name.text());
          break;
        case CellRule::From::cluster:
          values.insert(config.sources.sources[source].cluster.text());
          break;
        case CellRule::From::label:
        case CellRule::From::path:
        case CellRule::From::wildcard:
          return std::nullopt;
      }
    }
  }
  if (!filled) return std::nullopt;
  return values;
}

Values values_of(const Config& config, const rules::RuleSet& rules, const Measure& measure,
                 size_t dimension) {
  if (auto values = values_from_sources(config, measure, dimension)) return values;
  std::set<std::string> values;
  const std::string_view name = measure.dimensions[dimension];
  if (name == "cluster") {
    for (const std::string& cluster : cluster_names(config)) values.insert(cluster);
    values.insert(std::string(kSelfCluster));
  } else if (name == "source" && measure.name.starts_with("source_")) {
    for (const auto& source : config.sources.sources) values.insert(source.name.text());
  } else if (name == "slo" && measure.name.starts_with("slo_")) {
    for (const rules::SloRule& slo : rules.slos) values.insert(slo.name);
  } else if (name == "receiver") {
    for (const auto& receiver : config.receivers) values.insert(receiver.name);
  } else {
    return std::nullopt;
  }
  return values;
}

// "rules.yaml:12" as the place of a diagnostic.
Diagnostic at(const std::string& where) {
  Diagnostic diagnostic;
  const size_t colon = where.rfind(':');
  diagnostic.file = where.substr(0, colon);
  if (colon != std::string::npos) diagnostic.line = std::atoi(where.c_str() + colon + 1);
  diagnostic.column = 1;
  return diagnostic;
}

void check_select(const Config& config, const rules::RuleSet& rules, const LookedAt& rule,
                  Diagnostics& warnings) {
  for (const rules::DimensionFilter& filter : rule.scope.select) {
    const auto dimension = static_cast<size_t>(filter.dimension);
    const Values values = values_of(config, rules, *rule.measure, dimension);
    if (!values) continue;
    const bool any = std::ranges::any_of(*values, [&](const std::string& value) {
      return std::ranges::any_of(filter.patterns,
                                 [&](const Pattern& pattern) { return pattern.matches(value); });
    });
    if (any || filter.patterns.empty()) continue;
    const std::vector<std::string> names(values->begin(), values->end());
    const Pattern& pattern = filter.patterns.front();
    Diagnostic warning = at(rule.where);
    warning.what =
        fmt::format("{} judges nothing: no {} of '{}' is like '{}'", rule.rule,
                    rule.measure->dimensions[dimension], rule.measure->name, pattern.text());
    warning.advice = near_name(pattern, names);
    if (warning.advice.empty() && !names.empty()) warning.advice = did_you_mean("", names);
    warnings.push_back(std::move(warning));
  }
}

// `records_total` and the like are there only when an entry of `measures` fills them.
void check_filled(const Config& config, const LookedAt& rule, Diagnostics& warnings) {
  const auto fillable = sources::fillable_measures();
  if (std::ranges::find(fillable, rule.measure) == fillable.end()) return;
  const auto& mappings = config.sources.mappings;
  if (std::ranges::find(mappings, rule.measure, &Mapping::measure) != mappings.end()) return;
  Diagnostic warning = at(rule.where);
  warning.what = fmt::format("{} judges nothing: no entry of 'measures' fills '{}'", rule.rule,
                             rule.measure->name);
  warning.advice = "only the application knows it: name where it says so in 'sources'";
  warnings.push_back(std::move(warning));
}

// Without it Connect answers with the names of its connectors alone.
void check_connect(const Config& config, Diagnostics& warnings) {
  std::set<size_t> said;
  for (const Mapping& mapping : config.sources.mappings) {
    if (!mapping.path || !mapping.path->text().starts_with("*.status.")) continue;
    for (const size_t number : mapping.sources) {
      const sources::SourceSettings& source = config.sources.sources[number];
      if (source.url.empty() || source.url.find("expand=status") != std::string::npos) continue;
      if (!said.insert(number).second) continue;
      warnings.push_back({config.file, 0, 0,
                          fmt::format("the source '{}' has no '{}': Connect reports no status "
                                      "at its address",
                                      source.name.text(), mapping.path->text()),
                          "write it like http://connect:8083/connectors?expand=status"});
    }
  }
}

void check_security(const Config& config, Diagnostics& warnings) {
  const auto add = [&](std::string what, std::string advice) {
    warnings.push_back({config.file, 0, 0, std::move(what), std::move(advice)});
  };
  for (const kafka::ClusterSettings& cluster : config.clusters) {
    const kafka::SecuritySettings& security = cluster.security;
    if (security.tls && security.tls->verify == kafka::VerifyBroker::nothing)
      add(fmt::format("cluster '{}': brokers are not verified ('verify: none'): whoever answers in "
                      "their place is believed{}",
                      cluster.name, security.sasl ? ", and learns the password" : ""),
          "set 'ca' to their certificate authority, and 'verify' to ca or full");
    if (security.sasl && !security.tls && security.sasl->mechanism == kafka::Mechanism::plain)
      add(fmt::format("cluster '{}': the password goes over the network as it is", cluster.name),
          "use SASL_SSL, or a mechanism that does not send it");
  }
  for (const CanaryConfig& canary : config.canaries) {
    const std::string partly =
        canary::spoken_in_part(canary.probe.security, canary::library_version());
    if (!partly.empty()) add(fmt::format("cluster '{}': {}", canary.cluster, partly), "");
  }
}

// What a line of `routes` names by its whole name, and nothing is called so.
void check_names(const Config& config, const rules::Matcher& matcher, const std::string& where,
                 std::string_view label, const std::set<std::string>& known,
                 Diagnostics& warnings) {
  const rules::LabelPatterns* const patterns = matcher.find(label);
  if (patterns == nullptr) return;
  const std::vector<std::string> names(known.begin(), known.end());
  for (const Pattern& pattern : patterns->patterns) {
    const std::string name(pattern.literal());
    if (name.empty() || known.contains(name)) continue;
    Diagnostic warning = at(where);
    warning.file = config.file;
    warning.what =
        fmt::format("no {} is called '{}'", label == "alertname" ? "rule or SLO" : label, name);
    const std::string near = closest(name, names);
    if (!near.empty()) warning.advice = fmt::format("did you mean '{}'?", near);
    warnings.push_back(std::move(warning));
  }
}

void check_routing(const Config& config, const rules::RuleSet& rules, Diagnostics& warnings) {
  const rules::RoutingPlan& plan = config.routing;
  std::set<std::string> used;
  for (const rules::Route& route : plan.routes) used.insert(route.to.begin(), route.to.end());
  for (const notify::ReceiverConfig& receiver : config.receivers) {
    if (plan.routes.empty() || used.contains(receiver.name)) continue;
    warnings.push_back(
        {config.file, 0, 0,
         fmt::format("no route leads to the receiver '{}': it is never notified", receiver.name),
         "name it in a line of 'routes', or remove it"});
  }
  std::set<std::string> teams;
  for (const rules::Owner& owner : plan.owners) teams.insert(owner.team);
  std::set<std::string> names;
  const auto add_rule = [&](const auto& rule) {
    names.insert(rule.name);
    for (const auto& [name, value] : rule.labels) {
      if (name == "team") teams.insert(value);
    }
  };
  for (const rules::AlertRule& rule : rules.alerts) add_rule(rule);
  for (const rules::SloRule& slo : rules.slos) add_rule(slo);
  std::set<std::string> clusters{std::string(kSelfCluster)};
  for (const std::string& cluster : cluster_names(config)) clusters.insert(cluster);
  const std::vector<std::string> labels = alert_labels(config, rules);
  const auto check_labels = [&](std::span<const std::string> written, const std::string& where) {
    for (UnknownLabel& label : unknown_labels(written, labels)) {
      Diagnostic warning = at(where);
      warning.file = config.file;
      warning.what = std::move(label.what);
      warning.advice = std::move(label.advice);
      warnings.push_back(std::move(warning));
    }
  };
  const auto check = [&](const rules::Matcher& matcher, const std::string& where) {
    check_labels(matcher.names(), where);
    check_names(config, matcher, where, "team", teams, warnings);
    check_names(config, matcher, where, "alertname", names, warnings);
    check_names(config, matcher, where, "cluster", clusters, warnings);
  };
  for (const rules::Route& route : plan.routes) {
    check(route.matcher, route.where);
    if (route.group) check_labels(route.group->by, route.where);
  }
  for (const rules::Silence& window : plan.maintenance) check(window.matcher, window.where);
}

}  // namespace

Diagnostics warnings_of(const Config& config, const rules::RuleSet& rules) {
  Diagnostics warnings;
  check_connect(config, warnings);
  check_security(config, warnings);
  check_routing(config, rules, warnings);
  for (const LookedAt& rule : rules_of_user(rules, catalogue_with(config.measures))) {
    check_filled(config, rule, warnings);
    check_select(config, rules, rule, warnings);
  }
  return warnings;
}

}  // namespace highwater::agent
