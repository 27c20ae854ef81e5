// The answer of `/api/v1/incidents` as a table for a terminal. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "agent/core/result.h"
#include "exporters/terminal.h"

namespace highwater {

[[nodiscard]] Result<std::string> render_incident_list(std::string_view json, TextStyle style);

}  // namespace highwater
