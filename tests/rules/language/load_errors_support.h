// A right rule that a test spoils, and what is told of it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/language/load.h"
#include "tests/rules/local_catalogue.h"

namespace highwater::rules::testing {

inline bool knows_runbook(std::string_view name) {
  return name == "lag";
}

inline Diagnostics mistakes_in(std::string_view text) {
  Diagnostics diagnostics;
  (void)parse_rules(text, "rules.yaml", local_catalogue(), knows_runbook, diagnostics);
  return diagnostics;
}

struct Expected {
  int line;
  std::string what;    // a piece of it
  std::string advice;  // a piece of it; may be empty
};

inline void expect_one(const std::string& text, const Expected& expected) {
  const Diagnostics diagnostics = mistakes_in(text);
  const std::string told = "in\n" + text + "was told\n" + text_of(diagnostics);
  ASSERT_EQ(diagnostics.size(), 1U) << told;
  EXPECT_EQ(diagnostics[0].file, "rules.yaml");
  EXPECT_EQ(diagnostics[0].line, expected.line) << told;
  EXPECT_GE(diagnostics[0].column, 1) << told;
  EXPECT_THAT(diagnostics[0].what, ::testing::HasSubstr(expected.what)) << told;
  EXPECT_THAT(diagnostics[0].advice, ::testing::HasSubstr(expected.advice)) << told;
}

// A right rule with one key changed or added; without a value the key is left out. Added keys stand
// on line 7.
inline std::string rule_with(const std::string& key, const std::string& value) {
  std::array<std::pair<std::string, std::string>, 5> lines{
      {{"name", "Test"},
       {"when", "partition_under_min_isr == 1"},
       {"severity", "info"},
       {"runbook", "lag"},
       {"summary", "Something"}}};
  std::string text = "alerts:\n";
  bool replaced = false;
  for (auto& [name, content] : lines) {
    if (name == key) {
      content = value;
      replaced = true;
    }
    const std::string indent = text.size() == 8 ? "  - " : "    ";
    if (!content.empty()) text += indent + name + ": " + content + "\n";
  }
  if (!replaced) text += "    " + key + ": " + value + "\n";
  return text;
}

struct BadValue {
  std::string value;
  std::string what;
  std::string advice;
};

inline void expect_each(const std::string& key, int line, const std::vector<BadValue>& cases) {
  for (const BadValue& bad : cases)
    expect_one(rule_with(key, bad.value), {line, bad.what, bad.advice});
}

}  // namespace highwater::rules::testing
