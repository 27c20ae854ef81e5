// `highwater status`: the agent's status as a table for a terminal, and the exit code that goes
// with it. Made from the JSON that the agent answers; that answer is not trusted. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "agent/core/result.h"
#include "exporters/status/terminal.h"

namespace highwater {

struct StatusView {
  std::string text;
  int exit_code = 2;  // 0 healthy, 1 incidents are open, 2 the agent cannot say
};

// Fails when `json` is no status. Control characters in names are shown as '?': a group may be
// named to play tricks with a terminal.
[[nodiscard]] Result<StatusView> render_status(std::string_view json, TextStyle style);

// Parts of it, which `highwater watch` shows as well; each takes an object of that JSON. `now` is
// the agent's.

// Why nothing can be said, although no incident is open; empty when there is no reason.
[[nodiscard]] std::string why_unsure(const nlohmann::json& status);
// All that is known of an incident.
void write_incident(const nlohmann::json& incident, const std::string& now, TerminalText& out);
// How many brokers and groups it has, each broker, and what of it is stale or had problems.
void write_cluster_state(const nlohmann::json& cluster, const std::string& now, TerminalText& out);
// "up", "crashed", "unknown"
[[nodiscard]] TextCell broker_state(const nlohmann::json& broker);
[[nodiscard]] Ink severity_ink(const std::string& severity);
// Of an error budget of which that share is left.
[[nodiscard]] Ink budget_ink(double left);
// "3 min 20 s"
[[nodiscard]] std::string seconds_text(double seconds);

}  // namespace highwater
