// Rule files with mistakes: where each is found, and what people are told. A mistake is told once.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "tests/rules/language/load_errors_support.h"

namespace highwater::rules {
namespace {

using namespace testing;

TEST(RuleErrors, TheRuleThatTheyAreMadeFromIsRight) {
  EXPECT_EQ(text_of(mistakes_in(rule_with("for", "1m"))), "");
}

TEST(RuleErrors, AreFoundAtTheirColumn) {
  const auto column_of = [](const std::string& text) {
    const Diagnostics diagnostics = mistakes_in(text);
    return diagnostics.size() == 1 ? diagnostics[0].column : -1;
  };
  EXPECT_EQ(column_of(rule_with("when", "quorum_lost = 1")), 23);
  EXPECT_EQ(column_of(rule_with("when", "group_lag_records > 5m")), 31);
  EXPECT_EQ(column_of(rule_with("when", "\"group_lag_records > 5m\"")), 11);
  EXPECT_EQ(column_of(rule_with("summary", "All of {topci}")), 21);
  EXPECT_EQ(column_of(rule_with("select", "{topic: a, gruop: b}")), 24);
}

TEST(RuleErrors, Names) {
  expect_each(
      "name", 2,
      {{"under_min_isr", "'under_min_isr' is not in PascalCase", "write it like UnderMinIsr"},
       {"underMinIsr", "not in PascalCase", "write it like UnderMinIsr"},
       {"Under Min ISR", "not in PascalCase", "write it like UnderMinISR"},
       {"7Lost", "not in PascalCase", "write it like"},
       {"\"\"", "not in PascalCase", "write it like"},
       {"[Lost]", "'name' must be text", ""},
       {std::string(101, 'A'), "longer than 100 characters", "telephone"}});
}

TEST(RuleErrors, RequiredKeysThatAreMissing) {
  for (const char* key : {"name", "when", "severity", "runbook", "summary"}) {
    const Diagnostics diagnostics = mistakes_in(rule_with(key, ""));
    ASSERT_EQ(diagnostics.size(), 1U) << key << "\n" << text_of(diagnostics);
    EXPECT_EQ(diagnostics[0].line, 2) << key;
    EXPECT_EQ(diagnostics[0].what, fmt::format("a rule has no '{}'", key));
  }
}

TEST(RuleErrors, KeysThatNobodyKnows) {
  const std::vector<std::array<std::string, 3>> cases{
      {"labls", "a rule has no key 'labls'", "did you mean 'labels'?"},
      {"keep_firng_for", "a rule has no key 'keep_firng_for'", "did you mean 'keep_firing_for'?"},
      {"expr", "a rule has no key 'expr'", "as 'when'"},
      {"annotations", "a rule has no key 'annotations'", "keys of the rule itself"},
      {"threshold", "a rule has no key 'threshold'", "part of 'when'"},
      {"topic", "a rule has no key 'topic'", "'select: {topic: ...}'"}};
  for (const auto& [key, what, advice] : cases) expect_one(rule_with(key, "x"), {7, what, advice});
}

TEST(RuleErrors, Durations) {
  for (const char* key : {"for", "keep_firing_for"}) {
    expect_each(key, 7,
                {{"-5m", "must not be negative", "0s"},
                 {"31d", "must be at most 30d", ""},
                 {"30", "the unit is missing", ""},
                 {"5 minutes", "is not a duration", ""},
                 {"1s1m", "from large to small", ""},
                 {"99999999999999999999d", "is not a duration", ""},
                 {"", fmt::format("'{}' has no value", key), "remove the line"},
                 {"{a: b}", "must be text", ""}});
  }
}

TEST(RuleErrors, Severities) {
  expect_each("severity", 4,
              {{"critical", "no severity 'critical'", "did you mean 'page'?"},
               {"warning", "no severity 'warning'", "did you mean 'ticket'?"},
               {"tiket", "no severity 'tiket'", "did you mean 'ticket'?"},
               {"Page", "no severity 'Page'", "did you mean 'page'?"},
               {"sev1234", "no severity 'sev1234'", "one of: page, ticket, info"}});
}

TEST(RuleErrors, Runbooks) {
  expect_each("runbook", 5,
              {{"lagg", "no runbook 'lagg'", "write runbooks/lagg.md"},
               {"lag.md", "not the name of a runbook", "without its folder and '.md'"},
               {"runbooks/lag", "not the name of a runbook", "without its folder"},
               {"../../etc/passwd", "not the name of a runbook", ""},
               {"ftp://example.com/lag", "not a URL", "http://"},
               {"https://", "not a URL", "has a host"},
               {"\"https://example.com/a b\"", "not a URL", "no spaces"},
               {"https://example.com/{topic}", "not a URL", "braces"},
               {"\"\"", "not the name of a runbook", ""}});
}

TEST(RuleErrors, Placeholders) {
  expect_each("summary", 6,
              {{"Lost {topci}", "no placeholder '{topci}'", "did you mean 'topic'?"},
               {"Lost {group}", "no placeholder '{group}'", "one of: cluster, topic, partition"},
               {"Lost {topic", "never closed", "write {topic}"},
               {"Lost {topic of {cluster}", "never closed", ""},
               {"'{{ $labels.topic }} is lost'", "'{{' is no placeholder", "with one brace"},
               {"Lost {}", "names nothing", ""},
               {"Lost { topic }", "no placeholder '{ topic }'", "did you mean 'topic'?"},
               {"Lost {count:row}", "takes two forms, or none", "{count:topic|topics}"},
               {"Lost {topic:a|b}", "'{topic}' takes no forms", "write {topic}"}});
  expect_each("description", 7,
              {{"Lost {vlaue}", "no placeholder '{vlaue}'", "did you mean 'value'?"}});
}

TEST(RuleErrors, APlaceholderThatDiffersAmongTheRowsOfAnAlert) {
  expect_one(
      "alerts:\n  - name: Test\n    when: partition_leaderless == 1\n    per: [topic]\n"
      "    severity: info\n    runbook: lag\n    summary: \"{topic}-{partition}\"\n",
      {7, "'{partition}' differs from row to row", "add it to 'per'"});
}

TEST(RuleErrors, Texts) {
  expect_each("summary", 6,
              {{"\"\"", "'summary' is empty", ""},
               {"\"one\\ntwo\"", "several lines", "'description'"},
               {std::string(501, 'x'), "longer than 500", "runbook"}});
  expect_each("description", 7, {{std::string(4001, 'x'), "longer than 4000", "runbook"}});
}

TEST(RuleErrors, SelectAndExclude) {
  for (const char* key : {"select", "exclude"}) {
    expect_each(key, 7,
                {{"{topc: a}", "has no dimension 'topc'", "did you mean 'topic'?"},
                 {"{group: a}", "has no dimension 'group'", "one of: cluster, topic, partition"},
                 {"{topic: []}", "no pattern for 'topic'", "leave the line out"},
                 {"{topic: \"/(/\"}", "not a regular expression", ""},
                 {"{topic: [a, \"/b\"]}", "'/b' is no regular expression", "between two slashes"},
                 {"{topic: \"\"}", "must not be empty", ""},
                 {"{topic: {a: b}}", "a pattern must be text", ""},
                 {"{topic: [[a]]}", "a pattern must be text", ""},
                 {"{}", "must be a map", "{topic: "},
                 {"[topic]", "must be a map", "{topic: "},
                 {"payments-*", "must be a map", "{topic: "}});
  }
}

TEST(RuleErrors, Per) {
  expect_each("per", 7,
              {{"[cluster, topc]", "has no dimension 'topc'", "did you mean 'topic'?"},
               {"[group]", "has no dimension 'group'", "one of: cluster, topic, partition"},
               {"[topic, topic]", "'topic' is in 'per' twice", ""},
               {"[]", "must be a list of dimensions", "without 'per' every row"},
               {"{topic: a}", "must be a list of dimensions", ""}});
}

TEST(RuleErrors, Labels) {
  expect_each("labels", 7,
              {{"{severity: high}", "a label 'severity' already", "another name"},
               {"{alertname: x}", "a label 'alertname' already", ""},
               {"{cluster: x}", "a label 'cluster' already", ""},
               {"{incident: x}", "a label 'incident' already", ""},
               {"{topic: x}", "a label 'topic' already", ""},
               {"{my-team: x}", "'my-team' is no name for a label", "letters, digits"},
               {"{7th: x}", "'7th' is no name for a label", ""},
               {"{__meta: x}", "Prometheus' own", ""},
               {"{team: [a]}", "'team' has no text", ""},
               {"{team: \"\"}", "'team' has no text", ""},
               {"{team: \"{topic}\"}", "'team' has a placeholder", "labels already"},
               {"[team]", "must be a map", "{team: data}"}});
}

TEST(RuleErrors, EnabledIsTrueOrFalse) {
  expect_each("enabled", 7,
              {{"yes", "must be true or false", ""}, {"0", "must be true or false", ""}});
}

TEST(RuleErrors, Files) {
  expect_one("", {1, "holds no rules", "'alerts:'"});
  expect_one("# nothing yet\n", {1, "holds no rules", "'alerts:'"});
  expect_one("alerts: []\n", {1, "'alerts' is empty", "remove the file"});
  expect_one("alerts:\n", {1, "'alerts' has no value", ""});
  expect_one("alerts: {name: Test}\n", {1, "must be a list of rules", "'- name:'"});
  expect_one("alerts:\n  - Test\n", {2, "a rule must be a map", ""});
  expect_one("- name: Test\n", {1, "a rule file must be a map", ""});
  expect_one("alerts:\n  - name: [\n", {3, "not YAML", ""});
  EXPECT_THAT(text_of(mistakes_in("alert:\n  - name: Test\n")),
              ::testing::HasSubstr("no key 'alert': did you mean 'alerts'?"));
  EXPECT_THAT(text_of(mistakes_in("groups:\n  - name: Test\n")),
              ::testing::HasSubstr("rules of Prometheus"));
}

TEST(RuleErrors, TwoRulesOfOneName) {
  const std::string one = rule_with("for", "1m");
  expect_one(one + one.substr(one.find('\n') + 1),
             {8, "there is a rule 'Test' already, at rules.yaml:2", "rename"});
}

TEST(RuleErrors, ANameIsTakenAlsoByARuleWithAMistake) {
  const std::string broken = rule_with("for", "1");
  const std::string right = rule_with("for", "1m");
  const Diagnostics diagnostics = mistakes_in(broken + right.substr(right.find('\n') + 1));
  ASSERT_EQ(diagnostics.size(), 2U) << text_of(diagnostics);
  EXPECT_EQ(diagnostics[1].line, 8);
}

TEST(RuleErrors, AreAllToldAtOnceFromTheTop) {
  const Diagnostics diagnostics = mistakes_in(R"(alerts:
  - name: first
    when: partition_leaderless = 1
    select: {topik: a}
    for: -1s
    severity: critical
    runbook: none
    summary: "{nothing"
    labels: {cluster: x}
    nonsense: 1
  - name: Second
    when: nothing == 1
    select: {topic: "/(/"}
    for: 99d
    severity: page
    runbook: lag
    summary: "{anything} }"
)");
  std::vector<int> lines;
  for (const Diagnostic& diagnostic : diagnostics) lines.push_back(diagnostic.line);
  EXPECT_THAT(lines, ::testing::ElementsAre(2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14))
      << text_of(diagnostics);
}

TEST(RuleErrors, ARuleWithAMistakeIsNotReturned) {
  Diagnostics diagnostics;
  const std::string right = rule_with("for", "1m");
  const auto rules = parse_rules(right + "  - name: Other\n", "rules.yaml", local_catalogue(),
                                 knows_runbook, diagnostics)
                         .alerts;
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_EQ(rules[0].name, "Test");
  EXPECT_FALSE(diagnostics.empty());
}

}  // namespace
}  // namespace highwater::rules
