// Which built-in rule has which remedy, or why it has none. Used by remedy_of() and by the test
// that compares it with the rules.
#pragma once

#include <span>
#include <string_view>

#include "exporters/remedies/case.h"

namespace highwater::remedies {

struct RuleRemedy {
  std::string_view rule;
  Remedy (*make)(const Case&) = nullptr;
  std::string_view why_none = {};  // where `make` is null
};

[[nodiscard]] std::span<const RuleRemedy> all_rules();
// Null: it is no built-in rule.
[[nodiscard]] const RuleRemedy* find_rule(std::string_view name);

}  // namespace highwater::remedies
