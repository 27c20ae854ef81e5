// Mistakes of whole rule files with SLOs: their keys, defaults, names, and how many are told.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/local_catalogue.h"
#include "tests/rules/slo/slo_text.h"

namespace highwater::rules {
namespace {

TEST(SloFileErrors, Files) {
  expect_one("slos: []\n", {1, "'slos' is empty", "remove the file"});
  expect_one("slos: {name: test}\n", {1, "'slos' must be a list", "'- name:'"});
  expect_one("defaults: {objective: 99%}\nslos:\n  - use: consumer-leg\n",
             {3, "no built-in SLO 'consumer-leg'", "did you mean 'consumer-lag'?"});
  expect_one("slos:\n  - use: [consumer-lag]\n",
             {2, "'use' must be the name of a built-in SLO", "one of: consumer-lag"});
  expect_one(
      "slo:\n  - name: test\nalerts:\n  - {name: A, when: quorum_lost == 1, severity: page,\n"
      "     runbook: lag, summary: s}\n",
      {1, "no key 'slo'", "did you mean 'slos'?"});
  expect_one(slo_with(kTimeSlo, {}) + "---\n" + slo_with(kTimeSlo, {}),
             {9, "a second document", "one document per file"});
  expect_one(slo_with(kTimeSlo, {}) + "    objective: 99%\n",
             {8, "the key 'objective' is here twice", "keep one"});
  expect_one(slo_with(kTimeSlo, {}) + "version: prometheus/v1\n", {8, "'version'", "Sloth"});
  expect_one(slo_with(kTimeSlo, {}) + "apiVersion: openslo/v1\n", {8, "'apiVersion'", "OpenSLO"});
}

TEST(SloFileErrors, Defaults) {
  const std::string slos = slo_with(kTimeSlo, {{"objective", ""}});
  expect_one("defaults: {objektive: 99%}\n" + slo_with(kTimeSlo, {}),
             {1, "'defaults' has no key 'objektive'", "did you mean 'objective'?"});
  expect_one("defaults: {good: \"<= 5m\"}\n" + slo_with(kTimeSlo, {}),
             {1, "'defaults' has no key 'good'", ""});
  expect_one(
      "defaults: {objective: 99%}\nalerts:\n  - {name: A, when: quorum_lost == 1,\n"
      "     severity: page, runbook: lag, summary: s}\n",
      {1, "'defaults' are those of 'slos'", "remove"});
  const Diagnostics once = mistakes_in("defaults: {objective: 100%}\n" + slos +
                                       "  - {name: other, sli: broker_up, good: \"== 1\", "
                                       "window: 30d, runbook: lag}\n");
  ASSERT_EQ(once.size(), 1U) << text_of(once);
  EXPECT_EQ(once[0].line, 1);
}

TEST(SloFileErrors, ANameStandsOnceAmongAlertsAndSlos) {
  const std::string one = slo_with(kTimeSlo, {{"name", "Lost"}});
  expect_one(one + one.substr(one.find('\n') + 1),
             {8, "there is a rule 'Lost' already, at slos.yaml:2", "rename"});
  expect_one(one +
                 "alerts:\n  - {name: Lost, when: quorum_lost == 1, severity: page, runbook: lag,"
                 " summary: s}\n",
             {2, "there is a rule 'Lost' already, at slos.yaml:9", "rename"});
  expect_one(
      "slos:\n  - use: consumer-lag\n    runbook: lag\n  - use: consumer-lag\n"
      "    runbook: lag\n",
      {4, "there is a rule 'consumer-lag' already, at slos.yaml:2", "rename"});
}

TEST(SloFileErrors, AMistakeInWhatABuiltinSloSaysStandsWhereItIsUsed) {
  expect_one("slos:\n  - name: mine\n    use: consumer-lag\n", {3, "no runbook 'lag-growing'", ""});
}

TEST(SloFileErrors, AreAllToldAtOnceFromTheTop) {
  const Diagnostics diagnostics = mistakes_in(R"(slos:
  - name: a_b
    sli: group_lag_seconds
    good: "<= 5 records"
    per: [partition]
    objective: 99.5
    window: 30
    tiers: [{burn: x, long: 1h, severity: page}]
    min_bad: 7
    no_data: maybe
    runbook: none
    summary: "{nothing"
    nonsense: 1
  - sli: {bad: topic_records_failed_total}
)");
  std::vector<int> lines;
  for (const Diagnostic& diagnostic : diagnostics) lines.push_back(diagnostic.line);
  EXPECT_THAT(lines, testing::ElementsAre(2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 14, 14, 14, 14))
      << text_of(diagnostics);
}

TEST(SloFileErrors, OneFileHasAThousandRegularExpressionsAtMost) {
  std::string patterns;
  for (int i = 0; i < 500; ++i) patterns += fmt::format("/a{}/, ", i);
  const std::string select = "{group: [" + patterns + "a]}";
  const std::string right = slo_with(kTimeSlo, {{"select", select}, {"exclude", select}});
  EXPECT_EQ(text_of(mistakes_in(right)), "");
  expect_one(right + "  - {name: other, select: {group: /b/}}\n",
             {10, "more than 1000 regular expressions", "use globs"});
}

TEST(SloFileErrors, AreCountedToAThousandAndNoFurther) {
  std::string text = "slos:\n";
  for (int i = 0; i < 5000; ++i) text += "  - nothing\n";
  const Diagnostics diagnostics = mistakes_in(text);
  ASSERT_EQ(diagnostics.size(), 1001U);
  EXPECT_THAT(diagnostics.back().what, testing::HasSubstr("there are 1000 mistakes above"));
}

}  // namespace
}  // namespace highwater::rules
