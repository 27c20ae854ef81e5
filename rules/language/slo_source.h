// Reads what an SLO counts: its keys `sli`, `good`, `select`, `exclude` and `per`. Used by the SLO
// parser; any thread.
#pragma once

#include "agent/core/yaml.h"
#include "rules/language/rule_parser.h"
#include "rules/slo/slo_rule.h"

namespace highwater::rules {

// What could be read; the map's diagnostics say what is wrong with it. A measure is null when it is
// not known: then what the other keys say of it was not checked.
[[nodiscard]] Sli read_sli(YamlMap& map, const RuleSource& source);

// The measure whose rows are the subjects; null when it is not known.
[[nodiscard]] const Measure* subject_measure(const Sli& sli);

}  // namespace highwater::rules
