// Reads what a rule says of its fault: `fault`, `caused_by`, `consequence` and `summary_of_many`.
// Used by the parsers of rules and SLOs; any thread.
#pragma once

#include "agent/core/yaml.h"
#include "rules/incidents/fault.h"

namespace highwater::rules {

// Errors are in the map's diagnostics.
[[nodiscard]] FaultKeys read_fault_keys(YamlMap& map);

}  // namespace highwater::rules
