// `during:` as people write it: what it means, where mistakes are found, and what people are told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/language/load.h"
#include "rules/open_hours.h"
#include "rules/prometheus/rules.h"
#include "tests/rules/local_catalogue.h"
#include "tests/rules/slo/slo_text.h"

namespace highwater::rules {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string rule_text(const std::string& during, const std::string& hold = "5m") {
  return "alerts:\n"
         "  - name: Silent\n"
         "    when: topic_newest_record_age_seconds > 0s\n"
         "    for: " +
         hold +
         "\n"
         "    severity: page\n"
         "    runbook: lag\n"
         "    summary: Silent\n"
         "    during: " +
         during + "\n";
}

RuleSet load(const std::string& text, Diagnostics& diagnostics) {
  return parse_rules(
      text, "rules.yaml", local_catalogue(), [](std::string_view) { return true; }, diagnostics);
}

std::string meaning_of(const std::string& during) {
  Diagnostics diagnostics;
  const RuleSet rules = load(rule_text(during), diagnostics);
  if (!diagnostics.empty()) return text_of(diagnostics);
  return rules.alerts.at(0).during->text();
}

struct Mistake {
  std::string during;
  std::string what;
  std::string advice;
};

void expect_one(const std::string& text, int line, const std::string& what,
                const std::string& advice) {
  Diagnostics diagnostics;
  (void)load(text, diagnostics);
  ASSERT_EQ(diagnostics.size(), 1U) << text << text_of(diagnostics);
  EXPECT_EQ(diagnostics[0].line, line) << text;
  EXPECT_GE(diagnostics[0].column, 1) << text;
  EXPECT_THAT(diagnostics[0].what, HasSubstr(what));
  EXPECT_THAT(diagnostics[0].advice, HasSubstr(advice));
}

TEST(HoursErrors, DaysAndHoursHaveManyForms) {
  EXPECT_EQ(meaning_of("{days: mon-fri}"), "mon-fri UTC");
  EXPECT_EQ(meaning_of("{days: [Sat, SUNDAY]}"), "sat, sun UTC");
  EXPECT_EQ(meaning_of("{days: \"mon, wed - fri\"}"), "mon, wed-fri UTC");
  EXPECT_EQ(meaning_of("{days: fri-mon}"), "mon, fri-sun UTC");
  EXPECT_EQ(meaning_of("{hours: 8-18}"), "daily 08:00-18:00 UTC");
  EXPECT_EQ(meaning_of("{hours: [13:00-24:00, 8:00-12:00]}"),
            "daily 08:00-12:00 and 13:00-24:00 UTC");
  EXPECT_EQ(meaning_of("{hours: \"22:00-06:00\", time_zone: Europe/Berlin}"),
            "daily 22:00-06:00 Europe/Berlin");
  EXPECT_EQ(meaning_of("{except: 2026-12-25}"), "daily UTC, except 2026-12-25");
  EXPECT_EQ(meaning_of("{except: [2026-12-25, 2026-01-01, 2026-12-25]}"),
            "daily UTC, except 2026-01-01, 2026-12-25");
}

TEST(HoursErrors, WhatMakesNoSenseIsToldAtItsPlace) {
  const std::vector<Mistake> mistakes{
      {"mon-fri", "'during' must be a map", "write it like {days: mon-fri"},
      {"{}", "'during' is always", "say days or hours"},
      {"{days: mon-sun, hours: \"00:00-24:00\"}", "'during' is always", "remove it"},
      {"{days: fry}", "there is no day 'fry'", ""},
      {"{days: mon-frii}", "there is no day 'frii'", "friday"},
      {"{days: weekend}", "there is no day 'weekend'", "write sat-sun"},
      {"{days: []}", "'days' is empty", "mon-fri"},
      {"{days: \"\"}", "there is no day ''", "mon-fri"},
      {"{days: {mon: true}}", "'days' must be text or a list", "mon-fri"},
      {"{hours: 8}", "'8' is no range of hours", "08:00-18:00"},
      {"{hours: 8-25}", "'25' is no time of the day", "08:00-18:00"},
      {"{hours: \"08:60-18:00\"}", "'08:60' is no time of the day", "08:00-18:00"},
      {"{hours: \"8am-6pm\"}", "'8am' is no time of the day", "08:00-18:00"},
      {"{hours: \"24:00-06:00\"}", "'24:00' is no time of the day at which anything begins",
       "write 00:00"},
      {"{hours: \"08:00-08:00\"}", "the range '08:00-08:00' is empty", "leave 'hours' out"},
      {"{hours: []}", "'hours' is empty", "08:00-18:00"},
      {"{days: mon, time_zone: Berlin}", "there is no time zone 'Berlin'", "Europe/Berlin"},
      {"{days: mon, except: [25.12.2026]}", "'25.12.2026' is no date", "like 2026-12-25"},
      {"{days: mon, except: 2026-02-30}", "'2026-02-30' is no date", "like 2026-12-25"},
      {"{days: mon, timezone: UTC}", "'during' has no key 'timezone'", "write it as 'time_zone'"},
      {"{days: mon, hour: 8-18}", "'during' has no key 'hour'", "hours"}};
  for (const Mistake& mistake : mistakes)
    expect_one(rule_text(mistake.during), 8, mistake.what, mistake.advice);
}

TEST(HoursErrors, AHoldThatNeverFits) {
  expect_one(rule_text("{hours: 8-18}", "10h"), 4, "it can never fire: 'for' (10h) does not fit",
             "shorter than 10h");
  EXPECT_EQ(meaning_of("{hours: [8-12, 12-18]}"), "daily 08:00-12:00 and 12:00-18:00 UTC");
  Diagnostics diagnostics;
  (void)load(rule_text("{days: mon-fri}", "4d"), diagnostics);
  EXPECT_EQ(text_of(diagnostics), "");
}

TEST(HoursErrors, EventsHaveNoHours) {
  Diagnostics diagnostics;
  (void)load_slos(slo_with(kEventSlo, {{"during", "{days: mon-fri}"}}), diagnostics);
  ASSERT_EQ(diagnostics.size(), 1U) << text_of(diagnostics);
  EXPECT_THAT(diagnostics[0].what, HasSubstr("this SLO counts events"));
}

TEST(HoursErrors, TiersMustFitIntoTheHours) {
  // Of an hour a day, the long window of an hour holds all, and that of three days three.
  Diagnostics diagnostics;
  const RuleSet rules =
      load_slos(slo_with(kTimeSlo, {{"during", "{hours: 8-9}"}, {"min_bad", "90m"}}), diagnostics);
  ASSERT_EQ(diagnostics.size(), 1U) << text_of(diagnostics);
  EXPECT_THAT(diagnostics[0].what, HasSubstr("'min_bad' (1h30m) is more than the whole budget"));
}

TEST(HoursErrors, ABuiltinRuleIsTunedToHours) {
  Diagnostics diagnostics;
  const auto root = parse_yaml(
      "tune: {LagGrowing: {during: {days: mon-fri}}, AtMinIsr: {during: {hours: \"12:00-12:30\"}}}",
      "highwater.yaml", diagnostics);
  const RuleSettings settings = read_rule_settings(*root, "highwater.yaml", diagnostics);
  const RuleSet rules = load_rules(
      settings, local_catalogue(), [](std::string_view) { return true; }, diagnostics);
  ASSERT_EQ(diagnostics.size(), 1U) << text_of(diagnostics);
  EXPECT_THAT(diagnostics[0].what, HasSubstr("'for' (1h) does not fit"));
  const auto rule = std::ranges::find(rules.alerts, "LagGrowing", &AlertRule::name);
  ASSERT_NE(rule->during, nullptr);
  EXPECT_EQ(rule->during->text(), "mon-fri UTC");
}

TEST(HoursErrors, FreshnessAsksWhichTopics) {
  Diagnostics diagnostics;
  (void)load("slos:\n  - use: freshness\n", diagnostics);
  ASSERT_EQ(diagnostics.size(), 1U) << text_of(diagnostics);
  EXPECT_EQ(diagnostics[0].line, 2);
  EXPECT_THAT(diagnostics[0].what, HasSubstr("'freshness' without 'select' would judge"));
  EXPECT_THAT(diagnostics[0].advice, HasSubstr("select: {topic: orders}"));
  diagnostics.clear();
  EXPECT_EQ(load("slos:\n  - {use: freshness, select: {topic: \"*\"}}\n", diagnostics).slos.size(),
            1U);
  EXPECT_EQ(text_of(diagnostics), "");
}

TEST(HoursErrors, PrometheusIsToldWhatItCannotHave) {
  Diagnostics diagnostics;
  RuleSet rules = load(rule_text("{days: mon-fri}"), diagnostics);
  const std::string text = prometheus_rules(rules, {});
  EXPECT_THAT(text, HasSubstr("# Left out, because they hold at certain times"));
  EXPECT_THAT(text, HasSubstr("#  * Silent\n"));
  EXPECT_THAT(text, HasSubstr("groups: []"));
  EXPECT_THAT(text, Not(HasSubstr("alert:")));
  rules.alerts[0].during = nullptr;
  EXPECT_THAT(prometheus_rules(rules, {}), Not(HasSubstr("Left out")));
}

}  // namespace
}  // namespace highwater::rules
