// The answer of `/api/v1/incidents` as a table for a terminal. Pure; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "agent/core/result.h"
#include "exporters/status/terminal.h"

namespace highwater {

[[nodiscard]] Result<std::string> render_incident_list(std::string_view json, TextStyle style);

// Why nobody is notified of it now: "silenced", "acknowledged", or nothing.
[[nodiscard]] std::string incident_standing(const nlohmann::json& incident);

}  // namespace highwater
