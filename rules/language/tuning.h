// Changes built-in rules as `rules: tune:` of the configuration asks. Used by the rule loader; any
// thread.
#pragma once

#include "agent/core/yaml.h"
#include "rules/language/rule_parser.h"

namespace highwater::rules {

// `source.file` is where the tuning stands. What a tuning selects or excludes replaces what the
// rule says of these dimensions, and its labels those of the same name; the rest of the rule stays.
void tune_rule(ParsedRule& parsed, const YamlNode& changes, const RuleSource& source);

}  // namespace highwater::rules
