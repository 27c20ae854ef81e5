// Reads what a rule test expects, and checks it against the rules: a name or label that no rule has
// is a mistake of the test, not a test that fails. Used by the reader of test files; pure.
#pragma once

#include <string>
#include <vector>

#include "agent/core/yaml.h"
#include "rules/rehearsal/rule_test.h"

namespace highwater::rules {

struct ExpectationOrigin {
  const std::string& file;
  const RuleSet& rules;
  Diagnostics& diagnostics;
};

// In the order of time.
[[nodiscard]] std::vector<Expectation> read_expectations(const YamlNode& list,
                                                         const ExpectationOrigin& origin);

}  // namespace highwater::rules
