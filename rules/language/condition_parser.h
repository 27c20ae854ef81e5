// Reads the text behind `when:`, and single thresholds, against the catalogue. Used by the rule
// loader and the tuning. Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/measure.h"
#include "rules/alerts/alert_rule.h"

namespace highwater::rules {

// What is wrong with a piece of text, and how far into it.
struct TextError {
  size_t offset = 0;
  std::string what;
  std::string advice;
};

// `left` is set whenever the measure was found, so that what else the rule says of its dimensions
// can be checked in spite of errors; the condition is to be used only when there are none.
struct ParsedCondition {
  Condition condition;
  std::vector<TextError> errors;
};
[[nodiscard]] ParsedCondition parse_condition(std::string_view text, const Catalogue& catalogue);

// "<=" and the others; otherwise nothing, and the error says what was probably meant.
[[nodiscard]] std::optional<Comparison> parse_comparison(std::string_view word, TextError& error);

// A number in the measure's base unit; a duration is one when that is seconds.
struct ParsedNumber {
  double value = 0;
  std::optional<TextError> error;
};
[[nodiscard]] ParsedNumber parse_number(std::string_view text, const Measure& measure);

}  // namespace highwater::rules
