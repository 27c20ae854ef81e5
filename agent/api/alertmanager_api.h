// The part of Alertmanager's API v2 that its clients read and silence with: amtool, karma,
// Grafana's data source. An open incident is one alert, with those of its evidence that have names
// of their own. Set up by the agent; the server's threads run it.
//
// What Alertmanager has and we do not is refused in words: negative matchers, several matchers for
// one label, alerts from others.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/api/routing_api.h"

namespace highwater::agent {

struct AlertmanagerContext {
  RoutingContext routing;
  std::function<std::vector<std::string>()> receivers;  // their names; any thread
  std::string external_url;
  std::string cluster;  // of what belongs to no Kafka cluster
};

// Before the server starts. What the context refers to outlives the server.
void add_alertmanager_api(http::Server& server, const AlertmanagerContext& context);

}  // namespace highwater::agent
