#include "agent/routing/routed.h"

#include <algorithm>

namespace highwater::agent {
namespace {

std::vector<Hearer> hearers_of(const Config& config, const RoutedAlert& alert) {
  std::vector<Hearer> hearers = alert.routed.hearers;
  if (config.routing.routes.empty()) {
    for (const notify::ReceiverConfig& receiver : config.receivers)
      hearers.push_back({receiver.name, std::nullopt});
  }
  const auto severity = alert.labels.find("severity");
  if (severity == alert.labels.end()) return hearers;
  std::erase_if(hearers, [&](const Hearer& hearer) {
    const auto found =
        std::ranges::find(config.receivers, hearer.receiver, &notify::ReceiverConfig::name);
    const auto order = [](std::string_view name) {
      return name == "page" ? 2 : name == "ticket" ? 1 : 0;
    };
    return found != config.receivers.end() &&
           order(severity->second) < order(severity_name(found->policy.lowest));
  });
  return hearers;
}

}  // namespace

RoutedAlert route_alert(const Config& config, rules::Labels labels, WallTime at) {
  const rules::RoutingPlan& plan = config.routing;
  RoutedAlert alert;
  if (!labels.contains("cluster") && config.clusters.size() == 1)
    labels["cluster"] = config.clusters.front().name;
  const rules::Owner* const owner = rules::owner_of(plan.owners, labels);
  if (owner != nullptr && !labels.contains("team")) {
    labels["team"] = owner->team;
    alert.owner = owner->where;
  }
  const rules::OpenLines open = rules::open_lines(plan.routes, at);
  alert.routed =
      rules::route(plan.routes, open, labels, rules::Unanswered{at, Duration::zero(), at});
  alert.as_evidence = rules::route_evidence(plan.routes, open, labels);
  for (const rules::Silence& window : plan.maintenance) {
    if (window.active(at) && rules::covers(window, labels, 0)) alert.maintenance.push_back(&window);
  }
  alert.labels = std::move(labels);
  alert.hearers = hearers_of(config, alert);
  return alert;
}

}  // namespace highwater::agent
