// Warnings: what a configuration says that is allowed and yet can never do what was meant: a rule
// whose rows cannot be there, a source that cannot bring them. Used by `check` and at start, on
// main's thread; pure.
#pragma once

#include "agent/config/config.h"
#include "rules/rule_set.h"

namespace highwater::agent {

[[nodiscard]] Diagnostics warnings_of(const Config& config, const rules::RuleSet& rules);

}  // namespace highwater::agent
