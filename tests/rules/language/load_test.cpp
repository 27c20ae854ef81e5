#include "rules/language/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/local_catalogue.h"

namespace highwater::rules {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

bool knows_runbook(std::string_view name) {
  return name == "lag" || name == "under-min-isr";
}

std::vector<AlertRule> parse(std::string_view text) {
  Diagnostics diagnostics;
  auto rules =
      parse_rules(text, "rules.yaml", local_catalogue(), knows_runbook, diagnostics).alerts;
  EXPECT_EQ(text_of(diagnostics), "");
  return rules;
}

// A rule with this condition, and more lines of YAML below it.
AlertRule parse_one(const std::string& when, const std::string& more = "") {
  auto rules = parse("alerts:\n  - name: Test\n    when: " + when +
                     "\n    severity: info\n    runbook: lag\n    summary: Something\n" + more);
  return rules.empty() ? AlertRule{} : rules.front();
}

TEST(RuleLoader, ReadsEveryKeyOfARule) {
  const auto rules = parse(R"(
alerts:
  - name: UnderMinIsr
    when: partition_under_min_isr == 1
    select: {topic: ["a*", "/^b/"], partition: "0"}
    exclude: {topic: abc}
    per: [cluster, topic]
    for: 30s
    keep_firing_for: 2m
    severity: page
    runbook: under-min-isr
    summary: "{topic} of {cluster}: {count}, {value}, {note}, {for}, {since}"
    description: "More about {topic}"
    labels: {team: data, tier: "1"}
    enabled: true
)");
  ASSERT_EQ(rules.size(), 1U);
  const AlertRule& rule = rules[0];
  EXPECT_EQ(rule.name, "UnderMinIsr");
  EXPECT_EQ(rule.when.left, local_catalogue().find("partition_under_min_isr"));
  EXPECT_EQ(rule.when.comparison, Comparison::equal);
  EXPECT_DOUBLE_EQ(rule.when.threshold, 1);
  EXPECT_EQ(rule.when.right, nullptr);
  ASSERT_EQ(rule.select.size(), 2U);
  EXPECT_EQ(rule.select[0].dimension, 1);
  ASSERT_EQ(rule.select[0].patterns.size(), 2U);
  EXPECT_TRUE(rule.select[0].patterns[0].matches("abc"));
  EXPECT_TRUE(rule.select[0].patterns[1].matches("bcd"));
  EXPECT_EQ(rule.select[1].dimension, 2);
  ASSERT_EQ(rule.exclude.size(), 1U);
  EXPECT_EQ(rule.exclude[0].patterns[0].literal(), "abc");
  EXPECT_TRUE(rule.aggregated);
  EXPECT_THAT(rule.per, testing::ElementsAre(0, 1));
  EXPECT_EQ(rule.hold, seconds(30));
  EXPECT_EQ(rule.keep_firing_for, minutes(2));
  EXPECT_EQ(rule.severity, Severity::page);
  EXPECT_EQ(rule.runbook, "under-min-isr");
  EXPECT_EQ(rule.summary, "{topic} of {cluster}: {count}, {value}, {note}, {for}, {since}");
  EXPECT_EQ(rule.description, "More about {topic}");
  EXPECT_THAT(rule.labels,
              testing::ElementsAre(testing::Pair("team", "data"), testing::Pair("tier", "1")));
  EXPECT_EQ(rule.where, "rules.yaml:3");
}

TEST(RuleLoader, WithoutPerEveryRowIsAnAlert) {
  const AlertRule rule = parse_one("partition_under_min_isr == 1");
  EXPECT_FALSE(rule.aggregated);
  EXPECT_TRUE(rule.per.empty());
  EXPECT_EQ(rule.hold, Duration::zero());
  EXPECT_EQ(rule.keep_firing_for, Duration::zero());
}

TEST(RuleLoader, PerAlwaysHoldsTheClusterAndTheMeasuresOrder) {
  EXPECT_THAT(parse_one("group_lag_records > 5", "    per: [topic, group]\n").per,
              testing::ElementsAre(0, 1, 2));
  EXPECT_THAT(parse_one("group_lag_records > 5", "    per: topic\n").per,
              testing::ElementsAre(0, 2));
}

TEST(RuleLoader, ReadsNumbersInTheMeasuresUnit) {
  const std::vector<std::pair<std::string, double>> cases{
      {"group_lag_records > 1000", 1000},    {"group_lag_records>1000", 1000},
      {"group_lag_records >= 1e3", 1000},    {"topic_skew_ratio > 0.25", 0.25},
      {"group_lag_seconds > 5m", 300},       {"group_lag_seconds > 1h30m", 5400},
      {"group_lag_seconds > 250ms", 0.25},   {"group_lag_seconds > 300", 300},
      {"group_lag_growth_records > -5", -5}, {"group_lag_growth_records >-5", -5},
      {"'group_lag_records   !=   0'", 0},   {"topic_size_bytes < 1.5e9", 1.5e9}};
  for (const auto& [when, threshold] : cases)
    EXPECT_DOUBLE_EQ(parse_one(when).when.threshold, threshold) << when;
}

TEST(RuleLoader, ReadsEveryComparison) {
  const std::vector<std::pair<std::string, Comparison>> cases{
      {"==", Comparison::equal},  {"!=", Comparison::not_equal},
      {"<", Comparison::less},    {"<=", Comparison::less_or_equal},
      {">", Comparison::greater}, {">=", Comparison::greater_or_equal}};
  for (const auto& [text, comparison] : cases)
    EXPECT_EQ(parse_one("group_lag_records " + text + " 7").when.comparison, comparison) << text;
}

TEST(RuleLoader, ComparesTwoMeasuresWhenTheLeftHasEveryDimensionOfTheRight) {
  const AlertRule rule = parse_one("partition_in_sync_replicas < topic_min_insync_replicas");
  EXPECT_EQ(rule.when.left, local_catalogue().find("partition_in_sync_replicas"));
  EXPECT_EQ(rule.when.right, local_catalogue().find("topic_min_insync_replicas"));
}

TEST(RuleLoader, ARunbookMayBeAUrl) {
  const auto rules = parse(
      "alerts:\n  - {name: Test, when: quorum_lost == 1, severity: page, summary: Lost,\n"
      "     runbook: 'https://wiki.example.com/kafka?page=1#lost'}\n");
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_EQ(rules[0].runbook, "https://wiki.example.com/kafka?page=1#lost");
}

TEST(RuleLoader, ARuleThatIsSwitchedOffIsNotReturned) {
  EXPECT_TRUE(parse("alerts:\n  - {name: Test, when: quorum_lost == 1, severity: page,\n"
                    "     summary: Lost, runbook: lag, enabled: false}\n")
                  .empty());
}

TEST(RuleLoader, KeepsTheOrderOfTheFile) {
  const std::string rest =
      ", when: quorum_lost == 1, severity: page, summary: Lost, runbook: lag}\n";
  const auto rules = parse("alerts:\n  - {name: Zebra" + rest + "  - {name: Ant" + rest +
                           "  - {name: Mole" + rest);
  ASSERT_EQ(rules.size(), 3U);
  EXPECT_EQ(rules[0].name, "Zebra");
  EXPECT_EQ(rules[1].name, "Ant");
  EXPECT_EQ(rules[2].name, "Mole");
}

TEST(RuleLoader, TrimsTheEndOfAFoldedSummary) {
  const auto rules = parse(
      "alerts:\n  - name: Test\n    when: quorum_lost == 1\n    severity: page\n    runbook: lag\n"
      "    summary: >\n      Lost\n      at last\n");
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_EQ(rules[0].summary, "Lost at last");
}

}  // namespace
}  // namespace highwater::rules
