// Reads one entry of `slos:`, completed by the file's defaults and the built-in SLO that it uses
// (slo_templates.h). Used by the rule loader; any thread.
#pragma once

#include <optional>

#include "agent/core/yaml.h"
#include "rules/language/rule_parser.h"
#include "rules/slo/slo_rule.h"

namespace highwater::rules {

struct ParsedSlo {
  SloRule rule;
  bool enabled = true;
};

// `whole` is the completed entry, `own` what stands in the list. Nothing when there was a mistake;
// then the diagnostics say which.
[[nodiscard]] std::optional<ParsedSlo> parse_slo(const YamlNode& whole, const YamlNode& own,
                                                 const RuleSource& source);

}  // namespace highwater::rules
