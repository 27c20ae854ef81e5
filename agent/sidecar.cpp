#include "agent/sidecar.h"

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "agent/core/digest.h"
#include "collectors/sources/interpreter.h"

namespace highwater::agent {
namespace {

constexpr std::array<std::string_view, 2> kOfBrokers{"broker_failed", "broker_stopped"};
constexpr std::string_view kBlind = "collector_unread_rows";

std::set<const Measure*> of_this_pod(const Config& config) {
  std::set<const Measure*> measures;
  const auto own = sources::source_measures();
  measures.insert(own.begin(), own.end());
  for (const sources::Mapping& mapping : config.sources.mappings) measures.insert(mapping.measure);
  return measures;
}

// By cluster, as all replicas have it: what keeps the incidents of two applications apart.
std::map<std::string, std::string> scope_texts(const Config& config) {
  std::map<std::string, std::string> texts;
  for (const kafka::ClusterSettings& cluster : config.clusters) {
    if (!cluster.scope) continue;
    std::set<std::string> groups(cluster.scope->groups.begin(), cluster.scope->groups.end());
    std::string& text = texts[cluster.name];
    for (const std::string& group : groups) text += group + '\n';
  }
  return texts;
}

TraceId trace_id_of(std::string_view text) {
  const std::string digest = sha256(text);
  TraceId id;
  for (size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] = static_cast<uint8_t>(digest[i]);
  return id;
}

}  // namespace

rules::Engine::Correlate correlate_of(const Config& config) {
  if (!config.is_sidecar()) return {};
  return [own = of_this_pod(config), scopes = scope_texts(config)](
             const Alert& alert, const Measure& measure) -> std::optional<TraceId> {
    const auto scope = scopes.find(alert.entity.label("cluster").text());
    if (scope == scopes.end() || own.contains(&measure)) return std::nullopt;
    return trace_id_of(scope->second + '\n' + alert.rule + '\n' + alert.entity.text());
  };
}

rules::RuleSet for_sidecar(rules::RuleSet rules, const Config& config) {
  if (!config.is_sidecar()) return rules;
  for (rules::AlertRule& rule : rules.alerts) {
    const std::string_view measure = rule.when.left->name;
    if (std::ranges::find(kOfBrokers, measure) != kOfBrokers.end())
      rule.severity = Severity::info;
    else if (measure == kBlind)
      rule.severity = std::min(rule.severity, Severity::ticket);
  }
  return rules;
}

}  // namespace highwater::agent
