// Which labels alerts can have, so that a matcher that names another one is noticed. Pure; any
// thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "rules/routing/matcher.h"
#include "rules/rule_set.h"

namespace highwater::agent {

// The dimensions of every measure, the labels of the rules, and those that each alert has; sorted.
[[nodiscard]] std::vector<std::string> alert_labels(const Config& config,
                                                    const rules::RuleSet& rules);

struct UnknownLabel {
  std::string what;    // "no alert has a label 'brokr'"
  std::string advice;  // "did you mean 'broker'?"; may be empty
};
// Of these names those that no alert has.
[[nodiscard]] std::vector<UnknownLabel> unknown_labels(std::span<const std::string> names,
                                                       std::span<const std::string> known);

}  // namespace highwater::agent
