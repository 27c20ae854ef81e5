// Reads one rule of a rule file. Used by the rule loader; any thread.
#pragma once

#include <optional>
#include <string>

#include "agent/core/diagnostic.h"
#include "agent/core/yaml.h"
#include "rules/alerts/alert_rule.h"
#include "rules/language/rule_fields.h"

namespace highwater::rules {

struct KnownSlos;

// Where rules come from, and what they are checked against. All of it outlives the reading.
struct RuleSource {
  const std::string& file;
  const Catalogue& catalogue;
  const RunbookExists& runbook_exists;
  Diagnostics& diagnostics;
  Duration sample_every;            // how far two samples of a measure lie apart
  const KnownSlos* slos = nullptr;  // for SLOs that are made of others
};

struct ParsedRule {
  AlertRule rule;
  bool enabled = true;
};

// Nothing when there was a mistake; then the diagnostics say which.
[[nodiscard]] std::optional<ParsedRule> parse_rule(const YamlNode& node, const RuleSource& source);

}  // namespace highwater::rules
