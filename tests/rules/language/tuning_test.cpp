// What `rules: tune:` changes in the built-in rules, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "rules/language/load.h"
#include "tests/rules/local_catalogue.h"

namespace highwater::rules {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

std::vector<AlertRule> load_tuned(const std::string& rules, Diagnostics& diagnostics) {
  const std::string file = "highwater.yaml";
  const auto root = parse_yaml(rules, file, diagnostics);
  if (!root) return {};
  const RuleSettings settings = read_rule_settings(*root, file, diagnostics);
  return load_rules(settings, local_catalogue(), repository_has_runbook, diagnostics).alerts;
}

// The rule after tuning; nothing when it is switched off.
std::optional<AlertRule> tuned(const std::string& name, const std::string& changes) {
  Diagnostics diagnostics;
  const auto rules = load_tuned("tune:\n  " + name + ": " + changes + "\n", diagnostics);
  EXPECT_EQ(text_of(diagnostics), "");
  const auto found = std::ranges::find(rules, name, &AlertRule::name);
  if (found == rules.end()) return std::nullopt;
  return *found;
}

Diagnostic mistake_in(const std::string& rules) {
  Diagnostics diagnostics;
  (void)load_tuned(rules, diagnostics);
  EXPECT_EQ(diagnostics.size(), 1U) << rules << "\n" << text_of(diagnostics);
  return diagnostics.empty() ? Diagnostic{} : diagnostics[0];
}

TEST(RuleTuning, ChangesWhatItNames) {
  const auto rule = tuned("BrokerStopped",
                          "{for: 30m, keep_firing_for: 10s, severity: info, runbook: broker-down}");
  ASSERT_TRUE(rule);
  EXPECT_EQ(rule->hold, minutes(30));
  EXPECT_EQ(rule->keep_firing_for, seconds(10));
  EXPECT_EQ(rule->severity, Severity::info);
  EXPECT_EQ(rule->runbook, "broker-down");
}

TEST(RuleTuning, LeavesTheRestAsItIs) {
  const auto before = tuned("MonitorBlind", "{}");
  const auto after = tuned("MonitorBlind", "{severity: ticket}");
  ASSERT_TRUE(before && after);
  EXPECT_EQ(after->severity, Severity::ticket);
  EXPECT_EQ(after->hold, before->hold);
  EXPECT_EQ(after->runbook, before->runbook);
  EXPECT_EQ(after->summary, before->summary);
  EXPECT_EQ(after->exclude.size(), before->exclude.size());
  EXPECT_DOUBLE_EQ(after->when.threshold, before->when.threshold);
}

TEST(RuleTuning, SwitchesARuleOff) {
  EXPECT_FALSE(tuned("BrokerStopped", "{enabled: false}"));
}

TEST(RuleTuning, ChangesTheThresholdInTheMeasuresUnit) {
  EXPECT_DOUBLE_EQ(tuned("LagGrowing", "{threshold: 5000}")->when.threshold, 5000);
  EXPECT_DOUBLE_EQ(tuned("MetadataContradiction", "{threshold: 1m}")->when.threshold, 60);
}

TEST(RuleTuning, ChangesTheShareAndTheMinimumOfARatio) {
  const auto rule = tuned("ErrorRateHigh", "{threshold: 2.5%, min_events: 1000}");
  ASSERT_TRUE(rule);
  EXPECT_DOUBLE_EQ(rule->when.threshold, 0.025);
  EXPECT_DOUBLE_EQ(rule->when.least, 1000);
  EXPECT_THAT(mistake_in("tune:\n  ErrorRateHigh: {threshold: 2}\n").advice,
              testing::HasSubstr("write 2%"));
  EXPECT_THAT(mistake_in("tune:\n  LagGrowing: {min_events: 2}\n").what,
              testing::HasSubstr("'min_events' is of a condition like ratio("));
}

TEST(RuleTuning, AnExclusionOfAnotherDimensionKeepsTheOld) {
  const auto rule = tuned("MonitorBlind", "{exclude: {cluster: dev}}");
  ASSERT_TRUE(rule);
  ASSERT_EQ(rule->exclude.size(), 2U);
  EXPECT_EQ(rule->exclude[0].patterns.size(), 2U);
  EXPECT_EQ(rule->exclude[1].dimension, 0);
  EXPECT_EQ(rule->exclude[1].patterns[0].literal(), "dev");
}

TEST(RuleTuning, AnExclusionOfTheSameDimensionReplacesTheOld) {
  const auto rule = tuned("MonitorBlind", "{exclude: {collector: sources}}");
  ASSERT_TRUE(rule);
  ASSERT_EQ(rule->exclude.size(), 1U);
  EXPECT_EQ(rule->exclude[0].patterns.size(), 1U);
}

TEST(RuleTuning, SelectsAndLabels) {
  const auto rule = tuned("UnderReplicated", "{select: {topic: [a, b]}, labels: {team: data}}");
  ASSERT_TRUE(rule);
  ASSERT_EQ(rule->select.size(), 1U);
  EXPECT_EQ(rule->select[0].patterns.size(), 2U);
  EXPECT_THAT(rule->labels, testing::ElementsAre(testing::Pair("team", "data")));
}

TEST(RuleTuning, RefusesWhatItCannotDo) {
  struct Case {
    std::string changes;
    std::string what;
    std::string advice;
  };
  const std::vector<Case> cases{
      {"{sevrity: page}", "the tuning of BrokerDown has no key 'sevrity'",
       "did you mean 'severity'?"},
      {"{per: [cluster]}", "the tuning of BrokerDown has no key 'per'", ""},
      {"{threshold: 0}", "no threshold to tune", "one of your own"},
      {"{for: 31d}", "at most 30d", ""},
      {"{severity: critical}", "no severity 'critical'", "did you mean 'page'?"},
      {"{runbook: nothing}", "no runbook 'nothing'", ""},
      {"{select: {topic: a}}", "has no dimension 'topic'", "one of: cluster, broker"},
      {"{labels: {broker: a}}", "a label 'broker' already", ""},
      {"{enabled: no}", "must be true or false", ""},
      {"false", "the tuning of BrokerDown must be a map", ""}};
  for (const Case& test : cases) {
    const Diagnostic told = mistake_in("tune:\n  BrokerDown: " + test.changes + "\n");
    EXPECT_EQ(told.file, "highwater.yaml");
    EXPECT_EQ(told.line, 2) << test.changes;
    EXPECT_THAT(told.what, testing::HasSubstr(test.what));
    EXPECT_THAT(told.advice, testing::HasSubstr(test.advice));
  }
}

TEST(RuleTuning, RefusesAThresholdOfAnotherUnit) {
  EXPECT_THAT(mistake_in("tune:\n  LagGrowing: {threshold: 5m}\n").what,
              testing::HasSubstr("is a duration"));
}

TEST(RuleTuning, KnowsOnlyBuiltinRules) {
  const Diagnostic told = mistake_in("tune:\n  BrokerDwon: {for: 10s}\n");
  EXPECT_EQ(told.line, 2);
  EXPECT_EQ(told.column, 3);
  EXPECT_EQ(told.what, "there is no built-in rule 'BrokerDwon'");
  EXPECT_EQ(told.advice, "did you mean 'BrokerDown'?");
}

TEST(RuleTuning, NeedsTheBuiltinRules) {
  EXPECT_THAT(mistake_in("builtin: false\ntune:\n  BrokerDown: {for: 10s}\n").what,
              testing::HasSubstr("switched off"));
}

}  // namespace
}  // namespace highwater::rules
