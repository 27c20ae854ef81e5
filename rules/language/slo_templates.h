// What stands behind an entry of `slos:` when it is complete: the entry itself, what `defaults:` of
// its file says, and the built-in SLO that it names with `use:`, the earlier before the later. Used
// by the rule loader; any thread.
#pragma once

#include <optional>

#include "agent/core/yaml.h"
#include "rules/language/rule_parser.h"

namespace highwater::rules {

class SloTemplates {
 public:
  SloTemplates();

  // Nothing when `use:` names none; then the diagnostics say so. `defaults` may be null. What comes
  // from a built-in SLO stands where `use:` stands, so that errors point into the user's file.
  [[nodiscard]] std::optional<YamlNode> complete(const YamlNode& entry, const YamlNode* defaults,
                                                 const RuleSource& source) const;

 private:
  [[nodiscard]] const YamlNode* find(const YamlNode& use, const RuleSource& source) const;

  YamlNode builtin_;  // the list
};

// Checks `defaults:` itself. False when it cannot be used.
[[nodiscard]] bool check_defaults(const YamlNode& defaults, const RuleSource& source);

}  // namespace highwater::rules
