// Checks the {placeholders} of a rule's texts. Used by the rule loader; pure, any thread.
#pragma once

#include <string_view>
#include <vector>

#include "rules/condition_parser.h"

namespace highwater::rules {

// `measure` may be null when it is not known: then any name may stand in the braces. With `per`,
// only its dimensions are the same for all rows of an alert.
[[nodiscard]] std::vector<TextError> check_placeholders(std::string_view text,
                                                        const Measure* measure, bool aggregated,
                                                        const std::vector<int>& per);

}  // namespace highwater::rules
