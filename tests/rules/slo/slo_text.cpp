#include "tests/rules/slo/slo_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/rules/local_catalogue.h"

namespace highwater::rules {

RuleSet load_slos(std::string_view text, Diagnostics& diagnostics) {
  const auto knows_runbook = [](std::string_view name) { return name == "lag"; };
  return parse_rules(text, "slos.yaml", local_catalogue(), knows_runbook, diagnostics);
}

Diagnostics mistakes_in(std::string_view text) {
  Diagnostics diagnostics;
  (void)load_slos(text, diagnostics);
  return diagnostics;
}

void expect_one(const std::string& text, const Expected& expected) {
  const Diagnostics diagnostics = mistakes_in(text);
  const std::string told = "in\n" + text + "was told\n" + text_of(diagnostics);
  ASSERT_EQ(diagnostics.size(), 1U) << told;
  EXPECT_EQ(diagnostics[0].file, "slos.yaml");
  EXPECT_EQ(diagnostics[0].line, expected.line) << told;
  EXPECT_GE(diagnostics[0].column, 1) << told;
  EXPECT_THAT(diagnostics[0].what, testing::HasSubstr(expected.what)) << told;
  EXPECT_THAT(diagnostics[0].advice, testing::HasSubstr(expected.advice)) << told;
}

const Lines kTimeSlo{{"name", "test"},      {"sli", "group_lag_seconds"},
                     {"good", "\"<= 5m\""}, {"objective", "99.5%"},
                     {"window", "30d"},     {"runbook", "lag"}};
const Lines kEventSlo{{"name", "test"},
                      {"sli", "{bad: topic_records_failed_total, total: topic_records_total}"},
                      {"objective", "99%"},
                      {"window", "30d"},
                      {"runbook", "lag"}};

std::string slo_with(Lines lines, const Lines& changes) {
  for (const auto& [key, value] : changes) {
    const auto line = std::ranges::find(lines, key, &Lines::value_type::first);
    if (line == lines.end()) {
      lines.emplace_back(key, value);
    } else {
      line->second = value;
    }
  }
  std::string text = "slos:\n";
  for (const auto& [key, value] : lines) {
    if (!value.empty()) text += (text.size() == 6 ? "  - " : "    ") + key + ": " + value + "\n";
  }
  return text;
}

}  // namespace highwater::rules
