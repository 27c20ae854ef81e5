#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "rules/language/load.h"
#include "rules/wording.h"
#include "tests/rules/local_catalogue.h"

namespace highwater::rules {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

std::vector<AlertRule> load_builtin() {
  Diagnostics diagnostics;
  std::vector<AlertRule> rules =
      load_rules(RuleSettings{}, local_catalogue(), repository_has_runbook, diagnostics).alerts;
  EXPECT_EQ(text_of(diagnostics), "");
  return rules;
}

const AlertRule& rule_named(const std::vector<AlertRule>& rules, std::string_view name) {
  const auto found = std::ranges::find(rules, name, &AlertRule::name);
  if (found == rules.end()) throw std::runtime_error("there is no rule " + std::string(name));
  return *found;
}

// The rule's line in the table of docs/rules.md.
std::string table_line(const AlertRule& rule) {
  std::string per;
  for (const int place : rule.per)
    per += fmt::format("{}{}", per.empty() ? "" : ", ", rule.when.left->dimensions[place]);
  return fmt::format("| {} | `{}` | {} | {} | {} | {} | [{}](../runbooks/{}.md) |", rule.name,
                     condition_text(rule.when), rule.aggregated ? per : "each row",
                     format_duration(rule.hold), format_duration(rule.keep_firing_for),
                     severity_name(rule.severity), rule.runbook, rule.runbook);
}

// The rule's line in the table of docs/incidents.md.
std::string cause_line(const AlertRule& rule) {
  const FaultKeys& keys = rule.fault_keys;
  std::vector<std::string> causes;
  for (const std::string& name : cause_kind_names()) {
    if (keys.caused_by.value().has(parse_cause_kind(name).value())) causes.push_back(name);
  }
  std::string fault;
  for (const std::string& name : fault_names()) {
    if (keys.fault == parse_fault(name)) fault = fmt::format("`{}`", name);
  }
  return fmt::format("| {} | {} | {} |", rule.name, fault,
                     causes.empty() ? "nothing" : fmt::format("{}", fmt::join(causes, ", ")));
}

TEST(BuiltinRules, LoadWithoutAMistakeAndHaveTheirRunbooks) {
  EXPECT_EQ(load_builtin().size(), 65U);
}

TEST(BuiltinRules, AreTheFileTextForText) {
  EXPECT_EQ(builtin_rules_text(), read_repository_file("rules/builtin.yaml"));
}

TEST(BuiltinRules, PageOnlyForWhatNeedsAPersonNow) {
  std::vector<std::string> pages;
  for (const AlertRule& rule : load_builtin()) {
    if (rule.severity == Severity::page) pages.push_back(rule.name);
  }
  EXPECT_THAT(pages,
              testing::UnorderedElementsAre(
                  "BrokerDown", "LeaderlessPartitions", "UnderMinIsr", "QuorumLost", "LagTooOld",
                  "ClusterUnreachable", "CredentialsRefused", "BrokerCertificateExpiresSoon",
                  "ClientCertificateExpiresSoon", "MetadataContradiction", "RecordsLost",
                  "RetentionWillDeleteUnread", "LogDirOffline", "LogDirFull", "LogDirFullSoon",
                  "MonitorBlind", "CanaryRecordsLost", "ClusterLooksEmpty", "NodeCannotReachBroker",
                  "NodeLogDirFull", "NodeLogDirInodes"));
}

TEST(BuiltinRules, AnOrderlyStopIsATicketAfterTenMinutes) {
  const auto rules = load_builtin();
  const AlertRule& rule = rule_named(rules, "BrokerStopped");
  EXPECT_EQ(rule.severity, Severity::ticket);
  EXPECT_EQ(rule.hold, minutes(10));
}

TEST(BuiltinRules, AContradictionCountsFromTwentySeconds) {
  const auto rules = load_builtin();
  const AlertRule& rule = rule_named(rules, "MetadataContradiction");
  EXPECT_EQ(rule.when.comparison, Comparison::greater);
  EXPECT_DOUBLE_EQ(rule.when.threshold, 20);
  EXPECT_EQ(rule.hold, seconds(0));
}

TEST(BuiltinRules, OneFailedRecordInAHundredIsATicketWhereThereAreEnough) {
  const auto rules = load_builtin();
  const AlertRule& rule = rule_named(rules, "ErrorRateHigh");
  EXPECT_EQ(condition_text(rule.when), "ratio(records_failed_total, records_total, 5m) > 1%");
  EXPECT_DOUBLE_EQ(rule.when.least, 200);
  EXPECT_EQ(rule.severity, Severity::ticket);
}

TEST(BuiltinRules, BlindnessIsJudgedOverAllReasonsTogether) {
  const auto rules = load_builtin();
  const AlertRule& rule = rule_named(rules, "MonitorBlind");
  EXPECT_EQ(rule.when.left->dimensions, (std::vector<std::string_view>{"cluster", "collector"}));
  ASSERT_EQ(rule.exclude.size(), 1U);
  EXPECT_TRUE(rule.exclude[0].patterns[0].matches("canary"));
}

TEST(BuiltinRules, SayWhatToLookAtFirst) {
  for (const AlertRule& rule : load_builtin()) {
    EXPECT_NE(rule.description.find("First: "), std::string::npos) << rule.name;
    EXPECT_EQ((rule.summary + rule.description).find("{note}"), std::string::npos)
        << rule.name << ": the note stands beside its texts";
  }
}

TEST(BuiltinRules, StandInTheDocumentedTableAsTheyAre) {
  const std::string document = read_repository_file("docs/rules.md");
  for (const AlertRule& rule : load_builtin()) {
    EXPECT_TRUE(document.find(table_line(rule) + "\n") != std::string::npos)
        << "docs/rules.md lacks this line:\n"
        << table_line(rule);
  }
}

TEST(BuiltinRules, StandInTheDocumentedTableOfCausesAsTheyAre) {
  const std::string document = read_repository_file("docs/incidents.md");
  for (const AlertRule& rule : load_builtin()) {
    ASSERT_TRUE(rule.fault_keys.caused_by) << rule.name;
    EXPECT_TRUE(document.find(cause_line(rule) + "\n") != std::string::npos)
        << "docs/incidents.md lacks this line:\n"
        << cause_line(rule);
  }
}

TEST(BuiltinRules, EveryRuleOfTheDocumentedTableExists) {
  std::set<std::string> names;
  for (const AlertRule& rule : load_builtin()) names.insert(rule.name);
  std::istringstream lines(read_repository_file("docs/rules.md"));
  size_t rows = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| ") || line.find("../runbooks/") == std::string::npos) continue;
    ++rows;
    EXPECT_TRUE(names.contains(line.substr(2, line.find(' ', 2) - 2))) << line;
  }
  EXPECT_EQ(rows, names.size());
}

TEST(BuiltinRules, EveryExampleOfTheDocumentLoads) {
  std::istringstream lines(read_repository_file("docs/rules.md"));
  std::string example;
  int examples = 0;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line == "```yaml") {
      inside = true;
      example.clear();
    } else if (line == "```" && inside) {
      inside = false;
      const bool slos = example.starts_with("slos:") || example.starts_with("defaults:");
      if (!slos && !example.starts_with("alerts:")) continue;
      Diagnostics diagnostics;
      const RuleSet rules =
          parse_rules(example, "example", local_catalogue(), repository_has_runbook, diagnostics);
      EXPECT_FALSE(slos ? rules.slos.empty() : rules.alerts.empty());
      EXPECT_EQ(text_of(diagnostics), "") << example;
      ++examples;
    } else if (inside) {
      example += line + "\n";
    }
  }
  EXPECT_GE(examples, 3);
}

}  // namespace
}  // namespace highwater::rules
