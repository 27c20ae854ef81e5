// What helps with an incident, in the terminal: made of an agent's JSON. Used by what `highwater
// status` and `highwater explain` print; pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "exporters/status/terminal.h"

namespace highwater {

// The member "remedy" of an incident; nothing when it has none, as with an older agent.
void write_remedy(const nlohmann::json& incident, TerminalText& out);

}  // namespace highwater
