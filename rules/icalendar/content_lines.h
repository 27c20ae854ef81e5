// Lines of an iCalendar file (RFC 5545, 3.1): unfolded, and taken apart into name, parameters and
// value. Used by parser.cpp. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace highwater::rules::icalendar {

struct ContentLine {
  int line = 0;      // in the file, from 1; of one that was folded the first
  std::string name;  // in upper case: "DTSTART"
  std::vector<std::pair<std::string, std::string>> parameters;  // their names in upper case
  std::string value;                                            // as it is written

  [[nodiscard]] const std::string* parameter(std::string_view parameter_name) const;
};

// Lines end with CRLF or LF alone; one that begins with a space or a tab goes on with the one above
// it. Empty lines are left out.
struct UnfoldedLine {
  int line = 0;
  std::string text;
};
[[nodiscard]] std::vector<UnfoldedLine> unfold(std::string_view text);

// Nothing when it is no `NAME;PARAMETER=VALUE:VALUE`.
[[nodiscard]] std::optional<ContentLine> take_apart(const UnfoldedLine& unfolded);

// "\," "\;" "\\" "\n" of a text, undone.
[[nodiscard]] std::string unescaped(std::string_view value);

[[nodiscard]] std::string upper_case(std::string_view text);
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
// The beginning of a text from the file, as an error shows it.
[[nodiscard]] std::string excerpt(std::string_view text);
// "5", "+5", "-5"; nothing for anything else, and outside of the bounds.
[[nodiscard]] std::optional<int> number_of(std::string_view text, int lowest, int highest);

}  // namespace highwater::rules::icalendar
