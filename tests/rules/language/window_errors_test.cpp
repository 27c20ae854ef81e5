// Conditions over a window as they are written: what is read of them, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/language/condition_parser.h"
#include "rules/language/load.h"
#include "rules/wording.h"
#include "tests/rules/local_catalogue.h"

namespace highwater::rules {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::HasSubstr;

Condition read(std::string_view text) {
  const ParsedCondition parsed = parse_condition(text, local_catalogue());
  for (const TextError& error : parsed.errors)
    ADD_FAILURE() << text << ": " << error.what << ": " << error.advice;
  return parsed.condition;
}

struct Refused {
  std::string when;
  std::string what;    // a piece of it
  std::string advice;  // a piece of it
  std::string at;      // what the error points at; empty: anywhere
};

void expect_refused(const std::vector<Refused>& all) {
  for (const Refused& expected : all) {
    const ParsedCondition parsed = parse_condition(expected.when, local_catalogue());
    ASSERT_EQ(parsed.errors.size(), 1U) << expected.when;
    const TextError& error = parsed.errors[0];
    EXPECT_THAT(error.what, HasSubstr(expected.what)) << expected.when;
    EXPECT_THAT(error.advice, HasSubstr(expected.advice)) << expected.when;
    EXPECT_THAT(expected.when.substr(error.offset), testing::StartsWith(expected.at))
        << expected.when;
  }
}

std::string mistakes_in_rule(const std::string& rest, Duration sample_every = kSampleEvery) {
  Diagnostics diagnostics;
  (void)parse_rules(
      "alerts:\n  - {name: Test, severity: info, runbook: lag, summary: Something, " + rest + "}\n",
      "rules.yaml", local_catalogue(), [](std::string_view) { return true; }, diagnostics,
      sample_every);
  return text_of(diagnostics);
}

TEST(WindowConditions, ARate) {
  const Condition when = read("rate(records_failed_total, 5m) > 10/s");
  EXPECT_EQ(when.kind, ConditionKind::rate);
  EXPECT_EQ(when.left, local_catalogue().find("records_failed_total"));
  EXPECT_EQ(when.right, nullptr);
  EXPECT_EQ(when.window, minutes(5));
  EXPECT_EQ(when.comparison, Comparison::greater);
  EXPECT_DOUBLE_EQ(when.threshold, 10);
}

TEST(WindowConditions, ARatio) {
  const Condition when = read("ratio(records_failed_total, records_total, 10m) >= 0.5%");
  EXPECT_EQ(when.kind, ConditionKind::ratio);
  EXPECT_EQ(when.left, local_catalogue().find("records_failed_total"));
  EXPECT_EQ(when.right, local_catalogue().find("records_total"));
  EXPECT_EQ(when.window, minutes(10));
  EXPECT_DOUBLE_EQ(when.threshold, 0.005);
}

TEST(WindowConditions, AMultipleOfThePast) {
  const Condition when = read("group_lag_records > 3x 1h ago");
  EXPECT_EQ(when.kind, ConditionKind::past);
  EXPECT_EQ(when.left, local_catalogue().find("group_lag_records"));
  EXPECT_EQ(when.window, hours(1));
  EXPECT_DOUBLE_EQ(when.threshold, 3);
}

TEST(WindowConditions, SpacesDoNotMatter) {
  EXPECT_EQ(condition_text(read("  rate( records_failed_total ,5m)>10 /s ")),
            "rate(records_failed_total, 5m) > 10/s");
  EXPECT_EQ(condition_text(read("ratio (records_failed_total,records_total,5m)<= 99.9 %")),
            "ratio(records_failed_total, records_total, 5m) <= 99.9%");
  EXPECT_EQ(condition_text(read("group_lag_records<0.5x   30m\tago")),
            "group_lag_records < 0.5x 30m ago");
}

TEST(WindowConditions, CallsThatAreNotWhole) {
  expect_refused({
      {"rate(records_failed_total, 5m)", "compared with nothing", "rate(COUNTER, 5m) > 10/s",
       "rate("},
      {"rate(records_failed_total, 5m) >", "compared with nothing", "> 10/s", "rate("},
      {"rate(records_failed_total, 5m > 10/s", "never closed", "rate(COUNTER, 5m)", "rate("},
      {"rate() > 10/s", "takes a counter and a window", "rate(COUNTER, 5m)", "rate("},
      {"rate(records_failed_total) > 10/s", "takes a counter and a window", "5m", ""},
      {"rate(records_failed_total, ) > 10/s", "takes a counter and a window", "5m", ""},
      {"ratio(records_failed_total, 5m) > 1%", "takes a counter, a total and a window", "TOTAL",
       ""},
      {"rate(records_failed_total, 5m) over 10/s", "'over' is no comparison", "did you mean '>'?",
       "over"},
      {"rate(records_failed_total[5m]) > 10/s", "behind a comma",
       "write rate(records_failed_total, 5m)", "[5m]"},
      {"rate(records_failed_total{group=\"a\"}[5m]) > 10/s", "without braces", "'select'",
       "{group"},
  });
}

TEST(WindowConditions, FunctionsThatDoNotExist) {
  expect_refused({
      {"rates(records_failed_total, 5m) > 10/s", "no function 'rates'", "did you mean 'rate'?", ""},
      {"Ratio(a, b, 5m) > 1%", "no function 'Ratio'", "did you mean 'ratio'?", ""},
      {"increase(records_failed_total[5m]) > 10", "no function 'increase'", "rate(COUNTER, 5m)",
       ""},
      {"sum(rate(records_failed_total[5m])) > 10", "no function 'sum'", "'per'", ""},
      {"percentage(a, b, 5m) > 1%", "no function 'percentage'", "did you mean 'ratio'?", ""},
  });
}

TEST(WindowConditions, MeasuresThatDoNotFit) {
  expect_refused({
      {"rate(group_lag_records, 5m) > 10/s", "is a gauge", "'group_lag_records > 3x 1h ago'",
       "group_lag"},
      {"ratio(records_failed_total, group_lag_records, 5m) > 1%", "is a gauge", "its own past",
       "group_lag"},
      {"rate(records_faild_total, 5m) > 10/s", "no measure 'records_faild_total'",
       "did you mean 'records_failed_total'?", "records_faild"},
      {"ratio(records_total, records_total, 5m) > 1%", "compared with itself", "counts everything",
       "records_total, 5m"},
      {"quorum_lost > 3x 1h ago", "only ever 0 or 1", "'== 1'", ""},
      {"records_total > 3x 1h ago", "is a counter", "rate(records_total, 5m)", ""},
  });
}

TEST(WindowConditions, WindowsThatDoNotFit) {
  expect_refused({
      {"rate(records_failed_total, 5) > 10/s", "5", "", "5)"},
      {"rate(records_failed_total, 5min) > 10/s", "unknown unit 'min'", "", "5min"},
      {"rate(records_failed_total, 30s) > 10/s", "between 1m and 1d", "", "30s"},
      {"rate(records_failed_total, 30d) > 10/s", "between 1m and 1d", "an SLO", "30d"},
      {"group_lag_records > 3x 2d ago", "between 1m and 1d", "", "2d ago"},
  });
  EXPECT_THAT(mistakes_in_rule("when: 'rate(records_failed_total, 5m) > 1/s'", minutes(3)),
              HasSubstr("shorter than two polls (6m)"));
}

TEST(WindowConditions, NumbersOfARate) {
  const std::string rate = "rate(records_failed_total, 5m) > ";
  expect_refused({
      {rate + "10", "'10' is no rate", "write 10/s", "10"},
      {rate + "10/sec", "per second", "write 10/s", ""},
      {rate + "600/min", "per second", "write 10/s", ""},
      {rate + "90 per hour", "per second", "write 0.025/s", ""},
      {rate + "1%", "no rate", "ratio(COUNTER, TOTAL, 5m)", ""},
      {rate + "10 records", "no rate", "like 10/s", ""},
      {rate + "many", "is not a number", "like 10/s", ""},
      {rate + "-1/s", "less than nothing", "10/s", ""},
      {rate + "nan/s", "is not a number", "10/s", ""},
      {rate + "10/s and quorum_lost == 1", "no rate", "10/s", ""},
  });
}

TEST(WindowConditions, NumbersOfARatio) {
  const std::string ratio = "ratio(records_failed_total, records_total, 5m) > ";
  expect_refused({
      {ratio + "0.01", "no percentage", "write 1%", ""},
      {ratio + "5", "no percentage", "write 5%", ""},
      {ratio + "10/s", "per second and per hour", "like 1%", ""},
      {ratio + "1 percent", "no percentage", "like 1%", ""},
      {ratio + "-1%", "never negative", "", ""},
  });
}

TEST(WindowConditions, MultiplesThatAreNone) {
  expect_refused({
      {"group_lag_records > 3x", "no multiple of the past", "3x 1h ago", "3x"},
      {"group_lag_records > 3x 1h", "no multiple of the past", "write '3x 1h ago'", ""},
      {"group_lag_records > 1h ago", "no multiple of the past", "'2x 1h ago'", ""},
      {"group_lag_records > 3 x 1h ago", "no multiple of the past", "3x 1h ago", ""},
      {"group_lag_records > 3 times 1h ago", "no multiple of the past", "3x 1h ago", ""},
      {"group_lag_records > 3X 1h ago", "no factor", "write 3x", ""},
      {"group_lag_records > 300% 1h ago", "no factor", "write 3x", ""},
      {"group_lag_records > 0x 1h ago", "no factor", "greater than 0", ""},
      {"group_lag_records > yx 1h ago", "is not a number", "3x 1h ago", ""},
  });
}

TEST(WindowConditions, WhatAlwaysOrNeverHolds) {
  const std::string ratio = "ratio(records_failed_total, records_total, 5m)";
  expect_refused({
      {"rate(records_failed_total, 5m) >= 0/s", "always holds", "0/s", ""},
      {"rate(records_failed_total, 5m) < 0/s", "never holds", "", ""},
      {"rate(records_failed_total, 5m) == 1/s", "hit by chance", "'>' or '<'", ""},
      {ratio + " >= 0%", "always holds", "from 0% to 100%", ""},
      {ratio + " < 0%", "never holds", "", ""},
      {ratio + " <= 100%", "always holds", "", ""},
      {ratio + " != 1%", "hit by chance", "", ""},
      {"group_lag_records > 0.5x 1h ago", "always holds of what stays as it is", "above 1x", ""},
      {"group_lag_records >= 1x 1h ago", "always holds", "", ""},
      {"group_lag_records < 2x 1h ago", "always holds", "", ""},
      {"group_lag_records == 2x 1h ago", "hit by chance", "", ""},
  });
  (void)read("rate(records_failed_total, 5m) <= 0/s");
  (void)read(ratio + " > 0%");
  (void)read(ratio + " < 100%");
  (void)read("group_lag_records > 1x 1h ago");
}

TEST(WindowConditions, ACounterIsNotComparedWithANumber) {
  for (const char* when :
       {"records_failed_total > 5", "records_failed_total >= 5", "records_failed_total == 5",
        "records_failed_total > records_total", "records_failed_total > group_lag_records",
        "group_lag_records > records_failed_total"}) {
    expect_refused(
        {{when, "'records_failed_total' is a counter", "rate(records_failed_total, 5m)", ""}});
  }
}

TEST(WindowConditions, AMinimumIsOfItsForm) {
  EXPECT_EQ(mistakes_in_rule("when: 'ratio(records_failed_total, records_total, 5m) > 1%', "
                             "min_events: 100"),
            "");
  EXPECT_EQ(mistakes_in_rule("when: group_lag_seconds > 3x 1h ago, min_value: 5m"), "");
  EXPECT_THAT(mistakes_in_rule("when: 'rate(records_failed_total, 5m) > 1/s', min_events: 100"),
              HasSubstr("'min_events' is of a condition like ratio("));
  EXPECT_THAT(mistakes_in_rule("when: group_lag_records > 5, min_value: 100"),
              HasSubstr("'min_value' is of a condition like '> 3x 1h ago'"));
  EXPECT_THAT(mistakes_in_rule("when: 'ratio(records_failed_total, records_total, 5m) > 1%', "
                               "min_events: 0"),
              HasSubstr("must be more than 0"));
  EXPECT_THAT(mistakes_in_rule("when: 'ratio(records_failed_total, records_total, 5m) > 1%', "
                               "min_events: 5m"),
              HasSubstr("is a duration"));
}

TEST(WindowConditions, BothCountersOfARatioHaveTheSameDimensions) {
  const std::string ratio = "when: 'ratio(records_failed_total, topic_records_total, 5m) > 1%', ";
  EXPECT_THAT(mistakes_in_rule(ratio + "enabled: true"), HasSubstr("not the same dimensions"));
  EXPECT_EQ(mistakes_in_rule(ratio + "per: [topic]"), "");
  EXPECT_THAT(mistakes_in_rule(ratio + "per: [group]"),
              HasSubstr("'topic_records_total' has no dimension 'group'"));
  EXPECT_THAT(mistakes_in_rule(ratio + "per: [topic], select: {group: a}"),
              HasSubstr("'topic_records_total' has no dimension 'group'"));
}

}  // namespace
}  // namespace highwater::rules
