// What `highwater check --explain` prints: what the rules of a configuration mean before anything
// has happened. For each SLO its budget, and how long a fault must last until a tier fires and how
// long after its end the tier clears; for each alert rule one sentence. Pure; any thread.
#pragma once

#include <string>

#include "rules/rule_set.h"

namespace highwater::agent {

// Lines of at most 100 columns, unless a name alone is longer.
[[nodiscard]] std::string explain_rules(const rules::RuleSet& rules);

}  // namespace highwater::agent
