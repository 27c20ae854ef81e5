// Checks the {placeholders} of a rule's texts. Used by the rule loader; pure, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/language/condition_parser.h"
#include "rules/slo/slo_rule.h"

namespace highwater::rules {

// What may stand in the braces of a rule's texts.
struct PlaceholderNames {
  std::vector<std::string> allowed;
  std::vector<std::string> varying;  // dimensions that differ among the rows of one alert
  std::string_view advice;           // for those
};

[[nodiscard]] PlaceholderNames placeholders_of(const AlertRule& rule);
[[nodiscard]] PlaceholderNames placeholders_of(const SloRule& rule);

// Without `names`, when the measure is not known, any name may stand in the braces.
[[nodiscard]] std::vector<TextError> check_placeholders(std::string_view text,
                                                        const PlaceholderNames* names);

}  // namespace highwater::rules
