// What Prometheus needs to scrape the agent: its own configuration, or a resource of the Prometheus
// Operator. Pure.
#pragma once

#include <string>
#include <string_view>

#include "agent/core/result.h"

namespace highwater::dashboards {

// What the agent itself asks of whoever scrapes it.
struct ScrapeAccess {
  bool tls = false;    // its certificate may be of an authority that must be named
  std::string user{};  // with a password; empty: none is needed
  bool token = false;  // in place of a user
};

// `agent_url`: where the agent is reached, with the path in front of its pages, if there is one.
// Files of Prometheus' machine have made-up names.
[[nodiscard]] Result<std::string> scrape_config(std::string_view agent_url,
                                                const ScrapeAccess& access);
// For the service of deploy/kubernetes: the file there.
[[nodiscard]] std::string_view service_monitor();

}  // namespace highwater::dashboards
