// The durable form of what a report says: alerts, incidents and transitions as JSON that a later
// version of the program can read. Used by the engine and the outbox to survive a restart; pure,
// any thread.
//
// Decoding takes nothing for granted: bytes come from a file that may be damaged. Fields that are
// missing keep their defaults, unknown ones are ignored; what cannot be is an error.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "agent/core/report.h"
#include "agent/core/result.h"

namespace highwater {

[[nodiscard]] std::string encode_incident(const Incident& incident);
[[nodiscard]] Result<Incident> decode_incident(std::string_view json);

// As a part of something larger. What cannot be read throws a std::exception.
[[nodiscard]] nlohmann::json durable_json(const Alert& alert);
[[nodiscard]] nlohmann::json durable_json(const Incident& incident);
[[nodiscard]] Alert durable_alert(const nlohmann::json& json);
[[nodiscard]] Incident durable_incident(const nlohmann::json& json);

// Without the poll that revealed it.
[[nodiscard]] std::string encode_transition(const Transition& transition);
[[nodiscard]] Result<Transition> decode_transition(std::string_view json);

}  // namespace highwater
