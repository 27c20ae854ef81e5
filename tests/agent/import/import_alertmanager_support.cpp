#include "import_alertmanager_support.h"

#include <gtest/gtest.h>

#include "agent/import_routing.h"
#include "rules/routing/moment.h"

namespace highwater::agent {

ImportedConfig from_alertmanager(std::string_view text) {
  ImportedConfig result;
  Diagnostics diagnostics;
  static const alertmanager::KnownNames known =
      known_names(std::nullopt, *Runbooks::load(), default_severities());
  const auto imported = import_alertmanager(text, "theirs.yml", known, diagnostics);
  for (const Diagnostic& diagnostic : diagnostics) result.refused.push_back(diagnostic.text());
  if (!imported) return result;
  result.yaml = imported->yaml;
  for (const Loss& loss : imported->losses) result.losses.push_back(loss_text("theirs.yml", loss));
  Diagnostics wrong;
  result.config = parse_config(imported->yaml + "clusters: [{name: kafka, bootstrap: \"k:1\"}]\n",
                               "ours", wrong);
  for (const Diagnostic& diagnostic : wrong) result.wrong.push_back(diagnostic.text());
  return result;
}

ImportedConfig from_routes(const std::string& routes) {
  std::string text = R"(receivers:
  - {name: main, webhook_configs: [{url: "http://h/main"}]}
  - {name: pager, webhook_configs: [{url: "http://h/pager"}]}
  - {name: chat, webhook_configs: [{url: "http://h/chat"}]}
  - {name: mail, webhook_configs: [{url: "http://h/mail"}]}
  - {name: "null"}
)";
  // These are losses by themselves.
  if (routes.find("old") != std::string::npos)
    text += "  - {name: old, opsgenie_configs: [{api_key: k}]}\n";
  text += R"(time_intervals:
  - {name: weekend, time_intervals: [{weekdays: ["saturday", "sunday"]}]}
  - name: office
    time_intervals:
      - {weekdays: ["monday:friday"], times: [{start_time: "08:00", end_time: "18:00"}]}
)";
  if (routes.find("newyear") != std::string::npos)
    text += "  - {name: newyear, time_intervals: [{months: [january], days_of_month: [\"1\"]}]}\n";
  return from_alertmanager(text + "route:\n  receiver: main\n" + routes);
}

std::set<std::string> hearers(const Config& config, const rules::Labels& labels, WallTime at) {
  const rules::RoutingPlan& plan = config.routing;
  for (const rules::Silence& window : plan.maintenance) {
    if (window.active(at) && rules::covers(window, labels, 0)) return {};
  }
  std::set<std::string> names;
  for (const Hearer& hearer :
       rules::route(plan.routes, rules::open_lines(plan.routes, at), labels).hearers)
    names.insert(hearer.receiver);
  return names;
}

std::set<std::string> hearers(const ImportedConfig& imported, std::vector<std::string> labels,
                              std::string_view at) {
  if (!imported.config) return {"no configuration"};
  return hearers(*imported.config, *rules::parse_labels(labels), *rules::parse_moment(at));
}

}  // namespace highwater::agent
