// SLOs that are made of others (`all_of`): how they are read, and what is said of wrong ones. How
// they are judged is in cases/composite.yaml.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "rules/prometheus/rules.h"
#include "rules/wording.h"
#include "tests/rules/local_catalogue.h"
#include "tests/rules/slo/slo_text.h"

namespace highwater::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string time_slo(const std::string& name, const std::string& more = "") {
  return fmt::format(
      "  - {{name: {}, sli: group_lag_seconds, good: \"<= 5m\", objective: 99%, window: 30d, "
      "runbook: lag{}}}\n",
      name, more);
}

// From line 2 on.
std::string composite(const std::string& all_of, const std::string& more = "") {
  return fmt::format(
      "  - name: all\n    all_of: {}\n    objective: 99%\n    window: 30d\n    runbook: lag\n{}",
      all_of, more);
}

RuleSet load(const std::string& text) {
  Diagnostics diagnostics;
  RuleSet rules = load_slos(text, diagnostics);
  EXPECT_EQ(text_of(diagnostics), "") << text;
  return rules;
}

TEST(CompositeSlo, HasTheBudgetsOfItsPartsWhereverTheyAreWritten) {
  const std::string per = ", per: [topic, group]";
  const RuleSet rules =
      load("slos:\n" + composite("[one, two]") + time_slo("one", per) + time_slo("two", per));
  ASSERT_EQ(rules.slos.size(), 3U);
  const SloRule& whole = *std::ranges::find(rules.slos, "all", &SloRule::name);
  EXPECT_THAT(whole.sli.all_of, ElementsAre("one", "two"));
  EXPECT_THAT(subject_dimensions(whole), ElementsAre("cluster", "group", "topic"));
  EXPECT_EQ(sli_text(whole.sli), "all of one, two");
  EXPECT_EQ(bad_parts(whole.sli, 2), "two");
  EXPECT_EQ(bad_parts(whole.sli, 3), "one, two");
}

TEST(CompositeSlo, MayBeAPartItself) {
  const RuleSet rules =
      load("slos:\n" + composite("[one, inner]") +
           "  - {name: inner, all_of: [one, two], objective: 99%, window: 30d, runbook: lag}\n" +
           time_slo("one") + time_slo("two"));
  ASSERT_EQ(rules.slos.size(), 4U);
  EXPECT_EQ(rules.slos.back().name, "all");
}

TEST(CompositeSlo, Mistakes) {
  const std::string parts = time_slo("one") + time_slo("two");
  const auto expect = [&](const std::string& slo, const Expected& expected,
                          const std::string& others) {
    expect_one("slos:\n" + slo + others, expected);
  };
  expect(composite("[one, tow]"), {3, "there is no SLO 'tow'", "did you mean 'two'?"}, parts);
  expect(composite("[one]"), {3, "must list two SLOs or more", "like [payments-lag"}, parts);
  expect(composite("one"), {3, "must list two SLOs or more", "like [payments-lag"}, parts);
  expect(composite(""), {3, "'all_of' has no value", "give it one, or remove the line"}, parts);
  expect(composite("[one, one]"), {3, "'one' is listed twice", "remove one"}, parts);
  expect(composite("[one, all]"), {3, "'all' is part of itself", "take one"}, parts);
  expect(composite("[one, two]", "    good: \"<= 5\"\n"),
         {7, "'good' is about a measure", "each of those SLOs has its own"}, parts);
  expect(composite("[one, two]", "    sli: group_lag_seconds\n"),
         {7, "both 'sli' and 'all_of'", "keep 'sli'"}, parts);
  expect(composite("[one, two]"), {3, "'two' is switched off", "switch it on"},
         time_slo("one") + time_slo("two", ", enabled: false"));
  expect(composite("[one, two]"),
         {3, "'two' has a budget for each cluster, topic, 'one' for each cluster, group",
          "the same 'per'"},
         time_slo("one", ", per: [group]") + time_slo("two", ", per: [topic]"));
  expect(composite("[one, errors]"), {3, "'errors' counts events", "judge time"},
         time_slo("one") +
             "  - {name: errors, sli: {bad: topic_records_failed_total, total: "
             "topic_records_total}, objective: 99%, window: 30d, runbook: lag}\n");
}

TEST(CompositeSlo, AMistakeInAPartIsSaidOnce) {
  expect_one("slos:\n" + composite("[one, two]") + time_slo("one") +
                 "  - {name: two, sli: group_lag_secnds, good: \"<= 5m\", objective: 99%, window: "
                 "30d, runbook: lag}\n",
             {8, "no measure 'group_lag_secnds'", ""});
}

TEST(CompositeSlo, ForPrometheusReadsWhatItsPartsRecord) {
  const RuleSet rules =
      load("slos:\n" + composite("[one, two]") + time_slo("one") + time_slo("two"));
  const std::string text = prometheus_rules(rules, {});
  EXPECT_THAT(text, HasSubstr("max by (cluster) (highwater_slo:bad:now{slo=~\"one|two\"}) == 1"));
  EXPECT_LT(text.find("highwater slo two"), text.find("highwater slo all"));
}

TEST(CompositeSlo, WithHoursInAPartIsLeftOutForPrometheus) {
  const std::string hours = ", during: {days: mon-fri, hours: \"08:00-18:00\", time_zone: UTC}";
  const RuleSet rules =
      load("slos:\n" + composite("[one, two]") + time_slo("one") + time_slo("two", hours));
  EXPECT_THAT(not_for_prometheus(rules), ElementsAre("two", "all"));
  EXPECT_THAT(prometheus_rules(rules, {}), Not(HasSubstr("highwater slo all")));
}

}  // namespace
}  // namespace highwater::rules
