// Diagnostics: every mistake in a user's file, with its place and what to do. Collected, not
// thrown: a user hears of all of them at once. Used by the configuration and the rule loader.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace highwater {

struct Diagnostic {
  std::string file;
  int line = 0;    // from 1; 0: the whole file
  int column = 0;  // from 1
  std::string what;
  std::string advice;  // may be empty

  // "file:line:column: what: advice"
  [[nodiscard]] std::string text() const;
};
using Diagnostics = std::vector<Diagnostic>;

// The candidate a person most likely meant, or "" when none is close.
[[nodiscard]] std::string closest(std::string_view misspelt,
                                  std::span<const std::string> candidates);
// "did you mean 'poll'?" or "one of: a, b, c" (at most ten are listed).
[[nodiscard]] std::string did_you_mean(std::string_view misspelt,
                                       std::span<const std::string> candidates);

}  // namespace highwater
