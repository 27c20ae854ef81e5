// SLOs as text, for tests of the loader: right ones that a test changes, and what is told of wrong
// ones.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/language/load.h"

namespace highwater::rules {

using Lines = std::vector<std::pair<std::string, std::string>>;

// name, sli, good, objective, window, runbook, from line 2 on
extern const Lines kTimeSlo;
// name, sli, objective, window, runbook
extern const Lines kEventSlo;

// The SLO with some keys changed or, behind the others, added; a key without a value is left out.
[[nodiscard]] std::string slo_with(Lines lines, const Lines& changes);

// Loads it as "slos.yaml", where there is only the runbook 'lag'.
[[nodiscard]] RuleSet load_slos(std::string_view text, Diagnostics& diagnostics);
[[nodiscard]] Diagnostics mistakes_in(std::string_view text);

struct Expected {
  int line;
  std::string what;    // a piece of it
  std::string advice;  // a piece of it; may be empty
};
// Fails the test unless this is the one mistake.
void expect_one(const std::string& text, const Expected& expected);

}  // namespace highwater::rules
