// Finds the rule files that the configuration names. Used by the rule loader; any thread; reads
// directories.
#pragma once

#include <string>
#include <vector>

#include "rules/language/load.h"

namespace highwater::rules {

// In the order in which they are named; those of a directory in the order of their names. Hidden
// files and nested directories are left alone: editors and Kubernetes keep things of their own
// there.
[[nodiscard]] std::vector<std::string> find_rule_files(const RuleSettings& settings,
                                                       Diagnostics& diagnostics);

}  // namespace highwater::rules
