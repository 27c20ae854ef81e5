// Incidents and alerts as JSON, alike wherever the agent gives them. Pure; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agent/core/report.h"

namespace highwater {

[[nodiscard]] nlohmann::ordered_json alert_json(const Alert& alert);
[[nodiscard]] nlohmann::ordered_json incident_json(const Incident& incident);

}  // namespace highwater
