// RuleTest: one test of rules as its author wrote it: a scenario, and what is expected at which
// time. Read from YAML and run for `highwater test`; pure but for reading the rule files, any
// thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rules/language/load.h"
#include "rules/rehearsal/rehearsal.h"
#include "rules/rehearsal/scenario.h"

namespace highwater::rules {

// A number to as many digits as were written, or a duration to the second.
struct ExpectedNumber {
  double value = 0;
  double tolerance = 0;
  std::string written;
};

enum class ExpectedState : uint8_t { firing, pending, unknown };

struct ExpectedAlert {
  std::string alertname;
  ExpectedState state = ExpectedState::firing;
  std::optional<Severity> severity;
  std::vector<std::pair<std::string, std::string>> labels;  // of its entity or its rule; a part
  std::optional<std::string> summary;
  std::optional<std::string> tier;          // "14.4x", or all of "14.4x over 1h and 5m"
  std::optional<std::string> explained_by;  // an alertname; empty: by none
  std::optional<ExpectedNumber> clears_in;  // seconds
  int line = 0;
  int column = 0;
};

struct ExpectedIncident {
  std::string alertname;  // of its cause
  std::optional<Severity> severity;
  std::vector<std::pair<std::string, std::string>> labels;
  std::optional<std::vector<std::string>> evidence;  // the names in it, sorted, each once
  int line = 0;
  int column = 0;
};

enum class ExpectedVerdict : uint8_t { good, bad, unknown };

struct ExpectedBudget {
  std::string slo;
  std::vector<std::pair<std::string, std::string>> labels;  // a part of its entity
  std::optional<ExpectedNumber> remaining;                  // a ratio
  std::optional<ExpectedNumber> bad;                        // seconds or events
  std::optional<ExpectedNumber> total;                      // seconds or events
  std::optional<ExpectedNumber> coverage;                   // a ratio
  std::optional<ExpectedNumber> excluded;                   // seconds
  std::optional<ExpectedNumber> burn;
  std::optional<ExpectedNumber> exhausted_in;  // seconds
  std::optional<ExpectedVerdict> verdict;
  int line = 0;
  int column = 0;
};

struct Expectation {
  Duration at{};
  std::string alertname;  // only alerts of this name are looked at; empty: all
  std::optional<std::vector<ExpectedAlert>> alerts;
  std::optional<std::vector<ExpectedIncident>> incidents;
  std::optional<std::vector<ExpectedBudget>> budgets;
  std::optional<size_t> pages;                    // so far
  std::optional<std::vector<std::string>> fired;  // so far: the names, sorted, each once
  int line = 0;
  int column = 0;
};

struct RuleTest {
  std::string name;
  Scenario scenario;
  std::vector<Expectation> expect;  // in the order of time
  int line = 0;
};

struct RuleTestFile {
  std::string file;
  RuleSet rules;
  std::vector<RuleTest> tests;
};

// Nothing after any mistake in the file or in the rule files that it names.
[[nodiscard]] std::optional<RuleTestFile> read_rule_tests(const std::string& path,
                                                          const Catalogue& catalogue,
                                                          Diagnostics& diagnostics);

// An expectation that was not met, in sentences.
struct TestFailure {
  int line = 0;
  int column = 0;
  Duration at{};
  std::vector<std::string> lines;  // what was expected, and what was
};
// Empty when all is as expected.
[[nodiscard]] std::vector<TestFailure> run_rule_test(const RuleSet& rules, const RuleTest& test);

}  // namespace highwater::rules
