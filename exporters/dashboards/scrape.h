// What Prometheus needs to scrape the agent: its own configuration, or a resource of the Prometheus
// Operator. Pure.
#pragma once

#include <string>
#include <string_view>

#include "agent/core/result.h"

namespace highwater::dashboards {

// `agent_url`: where the agent is reached, with the path in front of its pages, if there is one.
[[nodiscard]] Result<std::string> scrape_config(std::string_view agent_url);
// For the service of deploy/kubernetes: the file there.
[[nodiscard]] std::string_view service_monitor();

}  // namespace highwater::dashboards
