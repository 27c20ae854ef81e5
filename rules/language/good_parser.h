// Reads the text behind `good:` of an SLO that judges time: "<= 5m", "== 0", "between 1 and 5".
// Used by the SLO parser. Pure; any thread.
#pragma once

#include <string_view>
#include <vector>

#include "rules/language/condition_parser.h"
#include "rules/slo/slo_rule.h"

namespace highwater::rules {

// The range is to be used only when there are no errors.
struct ParsedGood {
  GoodRange range;
  std::vector<TextError> errors;
};
[[nodiscard]] ParsedGood parse_good(std::string_view text, const Measure& measure);

}  // namespace highwater::rules
