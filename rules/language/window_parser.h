// Reads what conditions over a window have of their own: calls like rate(COUNTER, 5m), "3x 1h ago",
// and the units of their thresholds. Used by the reader of conditions and the tuning. Pure; any
// thread.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "rules/alerts/alert_rule.h"
#include "rules/language/condition_parser.h"

namespace highwater::rules {

// NAME(ARGUMENT, ...) at the beginning of a text; everything is a part of that text.
struct Call {
  std::string_view name;
  std::string_view text;  // "rate(x_total, 5m)"
  std::vector<std::string_view> arguments;
  std::string_view rest;  // what follows
  bool closed = false;
};
[[nodiscard]] std::optional<Call> find_call(std::string_view text);
// The advice for a function that does not exist here.
[[nodiscard]] std::string advice_for_function(std::string_view name);

// How long a window is, or how long ago; an error says it in a sentence.
struct ParsedWindow {
  Duration window{};
  std::optional<TextError> error;
};
[[nodiscard]] ParsedWindow parse_window(std::string_view text);

// Whether it is meant to be "3x 1h ago".
[[nodiscard]] bool looks_like_past(std::string_view text);
struct ParsedPast {
  double factor = 0;
  Duration ago{};
  std::optional<TextError> error;
};
[[nodiscard]] ParsedPast parse_past(std::string_view text);

// The number that a condition of this kind is compared with: 1000 in its measure's unit, "10/s",
// "1%", or "3x".
[[nodiscard]] ParsedNumber parse_threshold(std::string_view text, const Condition& condition);

// Says when a condition over a window always or never holds.
[[nodiscard]] std::optional<TextError> check_window_threshold(const Condition& condition);

}  // namespace highwater::rules
