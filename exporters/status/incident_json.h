// Incidents and alerts as JSON, alike wherever the agent gives them. Pure; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agent/core/report.h"
#include "exporters/remedies/remedy.h"

namespace highwater {

[[nodiscard]] nlohmann::ordered_json alert_json(const Alert& alert);
// With what helps, while it is open and `remedies` says so.
[[nodiscard]] nlohmann::ordered_json incident_json(const Incident& incident, const Report& report,
                                                   const RemedySource& remedies);
// What changed before it: [{"seconds_before", "at", "text"}], the most telling first.
[[nodiscard]] nlohmann::ordered_json prior_changes_json(const Incident& incident);
// {"action", "commands", "check"}; null: it is over, or nobody asks.
[[nodiscard]] nlohmann::ordered_json remedy_json(const Incident& incident, const Report& report,
                                                 const RemedySource& remedies);

}  // namespace highwater
