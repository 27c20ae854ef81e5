// SLOs that make no sense: where each is found, and what people are told. A mistake is told once.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "tests/rules/local_catalogue.h"
#include "tests/rules/slo/slo_text.h"

namespace highwater::rules {
namespace {

struct BadSlo {
  Lines changes;
  Expected expected;
};

void expect_each(const Lines& slo, const std::vector<BadSlo>& cases) {
  for (const BadSlo& bad : cases) expect_one(slo_with(slo, bad.changes), bad.expected);
}

TEST(SloErrors, TheSlosThatTheyAreMadeFromAreRight) {
  EXPECT_EQ(text_of(mistakes_in(slo_with(kTimeSlo, {}))), "");
  EXPECT_EQ(text_of(mistakes_in(slo_with(kEventSlo, {}))), "");
}

TEST(SloErrors, Objectives) {
  expect_each(
      kTimeSlo,
      {{{{"objective", "100%"}}, {5, "100 % leaves no error budget", "like 99.9%"}},
       {{{"objective", "1"}}, {5, "100 % leaves no error budget", "like 99.9%"}},
       {{{"objective", "0%"}}, {5, "0 % is always met", "like 99.5%"}},
       {{{"objective", "99.5"}}, {5, "'objective' is 99.5: percent, or a share?", "write 99.5%"}},
       {{{"objective", "99,5%"}}, {5, "must be a percentage, not '99,5%'", "write 99.5%"}},
       {{{"objective", "101%"}}, {5, "between 0 and 100 %", "like 99.5%"}},
       {{{"objective", "-1%"}}, {5, "between 0 and 100 %", "like 99.5%"}},
       {{{"objective", "three nines"}}, {5, "must be a percentage", "like 99.5%"}},
       {{{"objective", "[99.5%]"}}, {5, "'objective' must be text", ""}}});
}

TEST(SloErrors, Windows) {
  expect_each(kTimeSlo,
              {{{{"window", "30"}}, {6, "'window': 30 has no unit", "write 30d"}},
               {{{"window", "30 days"}}, {6, "'30 days' is no window", "did you mean '30d'?"}},
               {{{"window", "monthly"}}, {6, "'monthly' is no window", "did you mean 'month'?"}},
               {{{"window", "1M"}}, {6, "'1M' is no window", "did you mean 'month'?"}},
               {{{"window", "year"}}, {6, "'year' is no window", "like 30d"}},
               {{{"window", "400d"}}, {6, "between 1h and 366d, not 400d", "28d and 30d"}},
               {{{"window", "5m"}}, {6, "between 1h and 366d, not 5m", "28d and 30d"}},
               {{{"window", "3d"}}, {6, "shorter than a minute", "at least 6d"}},
               {{{"window", "month"}, {"time_zone", "Berlin"}},
                {8, "no time zone 'Berlin'", "like Europe/Berlin"}},
               {{{"window", "month"}, {"time_zone", "UTC+2"}},
                {8, "no time zone 'UTC+2'", "like Europe/Berlin"}},
               {{{"time_zone", "UTC"}}, {8, "a rolling window has no time zone", "week, month"}}});
}

TEST(SloErrors, Slis) {
  expect_each(
      kTimeSlo,
      {{{{"sli", "group_lag_secnds"}},
        {3, "no measure 'group_lag_secnds'", "did you mean 'group_lag_seconds'?"}},
       {{{"sli", "highwater_group_lag_seconds"}},
        {3, "no measure 'highwater_group_lag_seconds'", "did you mean 'group_lag_seconds'?"}},
       {{{"sli", "cluster_info"}, {"good", ""}}, {3, "always 1", "a measure that changes"}},
       {{{"sli", "topic_records_failed_total"}, {"good", "\"<= 5\""}},
        {3, "is a counter: it only grows", "count events"}},
       {{{"sli", "group_lag_seconds <= 5m"}}, {3, "'sli' names a measure and no more", "'good'"}},
       {{{"sli", "max(group_lag_seconds)"}}, {3, "functions and braces are not known", "'per'"}},
       {{{"sli", "\"group_lag_seconds{topic='a'}\""}}, {3, "not known here", "'select'"}},
       {{{"sli", "[group_lag_seconds]"}}, {3, "must be a measure, or a pair of counters", "{bad:"}},
       {{{"sli", ""}}, {2, "an SLO has no 'sli'", "required"}}});
}

TEST(SloErrors, SlisThatCountEvents) {
  const auto sli = [](const std::string& text, Expected expected) {
    return BadSlo{{{"sli", text}}, std::move(expected)};
  };
  const std::string bad = "bad: topic_records_failed_total";
  const std::string total = "total: topic_records_total";
  expect_each(
      kEventSlo,
      {sli("{" + bad + ", good: topic_records_total, " + total + "}",
           {3, "both bad and good events", "keep one"}),
       sli("{" + total + "}", {3, "neither 'bad' nor 'good'", "sli: {bad:"}),
       sli("{" + bad + "}", {3, "'sli' has no 'total'", "required"}),
       sli("{" + bad + ", total: topic_record_total}",
           {3, "no measure 'topic_record_total'", "did you mean 'topic_records_total'?"}),
       sli("{" + bad + ", total: group_lag_records}",
           {3, "'group_lag_records' is no counter", "judge time by it"}),
       sli("{bad: topic_records_total, " + total + "}", {3, "a part of itself", "two counters"}),
       sli("{bad: topic_bytes_total, " + total + "}",
           {3, "counts bytes, 'topic_records_total' records", "the same things"}),
       sli("{" + bad + ", " + total + ", totl: x}",
           {3, "'sli' has no key 'totl'", "did you mean 'total'?"}),
       {{{"good", "\"<= 5\""}}, {7, "'good' judges time, and this SLO counts events", "remove"}}});
}

TEST(SloErrors, WhatIsGood) {
  const auto records = [](const std::string& good, Expected expected) {
    return BadSlo{{{"sli", "group_lag_records"}, {"good", good}}, std::move(expected)};
  };
  const auto boolean = [](const std::string& good, Expected expected) {
    return BadSlo{{{"sli", "broker_up"}, {"good", good}}, std::move(expected)};
  };
  expect_each(
      kTimeSlo,
      {{{{"good", ""}}, {2, "an SLO that judges time has no 'good'", "like \"<= 5m\""}},
       {{{"good", "\"\""}}, {4, "'good' is empty", "like \"<= 5m\""}},
       {{{"good", "5m"}}, {4, "how to compare with 5m", "write \"<= 5m\""}},
       {{{"good", "!= 3"}}, {4, "how to compare with 3", "with the quotes"}},
       {{{"good", "\"=< 5m\""}}, {4, "'=<' is no comparison", "did you mean '<='?"}},
       {{{"good", "below 5m"}}, {4, "'below' is no comparison", "did you mean '<'?"}},
       {{{"good", "near 5m"}}, {4, "'near' is no comparison", "like \"<= 5m\""}},
       {{{"good", "group_lag_seconds < 5m"}}, {4, "'sli' names the measure already", "like"}},
       {{{"good", "\"<=\""}}, {4, "nothing stands after '<='", "like \"<= 5m\""}},
       {{{"good", "< 5 min"}}, {4, "'min' is too much here", "without spaces"}},
       {{{"good", "\">= 1m and <= 5m\""}}, {4, "is too much here", "between 1 and 5"}},
       {{{"good", "between 1m"}}, {4, "'between 1m' is no range", "between 1 and 5"}},
       {{{"good", "between 5m and 1m"}}, {4, "nothing lies between", "between 1m and 5m"}},
       {{{"good", "\">= 0\""}}, {4, "never negative: every value is good", ""}},
       {{{"good", "\"< 0\""}}, {4, "never negative: no value is good", ""}},
       {{{"good", "> 5m"}}, {4, "not YAML", "quote the value"}},
       records("\"<= 5m\"", {4, "'5m' is a duration", "a plain number"}),
       records("\"<= 010\"", {4, "octal", "without the leading zero"}),
       records("\"<= 10k\"", {4, "has a unit", "write 10000"}),
       records("\"<= NaN\"", {4, "nothing to compare with", "unknown"}),
       boolean("\"== 5\"", {4, "only ever 0 or 1", "\"== 1\" or \"== 0\""}),
       boolean("\"<= 1\"", {4, "only ever 0 or 1", "\"== 1\" or \"== 0\""}),
       boolean("between 0 and 1", {4, "only ever 0 or 1", "\"== 1\" or \"== 0\""}),
       boolean("\"== true\"", {4, "'true' is not a number", "write 1"})});
}

TEST(SloErrors, DimensionsThatAMeasureHasNot) {
  const std::string two = "{bad: topic_records_failed_total, total: group_records_read_total}";
  expect_each(
      kTimeSlo,
      {{{{"per", "[gruop]"}}, {8, "has no dimension 'gruop'", "did you mean 'group'?"}},
       {{{"per", "[partition]"}}, {8, "has no dimension 'partition'", "cluster, group, topic"}},
       {{{"per", "[group, group]"}}, {8, "'group' is in 'per' twice", "keep one"}},
       {{{"per", "[]"}}, {8, "must be a list", "one budget for each cluster"}},
       {{{"select", "{partition: 1}"}}, {8, "has no dimension 'partition'", "cluster, group"}},
       {{{"select", "{group: \"/(/\"}"}}, {8, "not a regular expression", ""}},
       {{{"exclude", "{topik: a}"}}, {8, "has no dimension 'topik'", "did you mean 'topic'?"}},
       {{{"group", "payments"}}, {8, "an SLO has no key 'group'", "'select: {group: ...}'"}}});
  expect_each(kEventSlo,
              {{{{"sli", two}, {"per", "[group]"}},
                {7, "'topic_records_failed_total' has no dimension 'group'", "cluster, topic"}},
               {{{"sli", two}, {"per", "group"}},
                {7, "'topic_records_failed_total' has no dimension 'group'", "cluster, topic"}},
               {{{"sli", two}, {"select", "{group: a}"}},
                {7, "'topic_records_failed_total' has no dimension 'group'", "cluster, topic"}},
               {{{"sli", two}, {"exclude", "{topic: a, group: a}"}},
                {7, "'topic_records_failed_total' has no dimension 'group'", "cluster, topic"}}});
}

TEST(SloErrors, Tiers) {
  const auto tiers = [](const std::string& text, Expected expected) {
    return BadSlo{{{"tiers", text}}, std::move(expected)};
  };
  const auto tier = [&](const std::string& text, Expected expected) {
    return tiers("[{" + text + "}]", std::move(expected));
  };
  expect_each(
      kTimeSlo,
      {tiers("[]", {8, "must be a list with at least one tier", "burn: 14.4"}),
       tiers("page", {8, "must be a list with at least one tier", "burn: 14.4"}),
       tier("long: 1h, severity: page", {8, "a tier has no 'burn'", "required"}),
       tier("burn: 2, severity: page", {8, "a tier has no 'long'", "required"}),
       tier("burn: 2, long: 1h", {8, "a tier has no 'severity'", "required"}),
       tier("burn: 2, long: 1h, severity: critical", {8, "no severity", "did you mean 'page'?"}),
       tier("burn: 2x, long: 1h, severity: page", {8, "must be a number, not '2x'", "write 2"}),
       tier("burn: 014, long: 1h, severity: page", {8, "octal", "without the leading zero"}),
       tier("burn: 0, long: 1h, severity: page", {8, "must be above 0", "exactly the budget"}),
       tier("burn: 2, long: 1h, severity: page, shrt: 5m",
            {8, "a tier has no key 'shrt'", "did you mean 'short'?"}),
       tier("burn: 200, long: 1h, severity: page",
            {8, "the tier 200x over 1h and 5m can never fire", "a 'burn' below 200"}),
       tier("burn: 2, long: 1h, short: 1h, severity: page",
            {8, "'short' (1h) is not shorter than 'long' (1h)", "a twelfth"}),
       tier("burn: 2, long: 5m, short: 1h, severity: page",
            {8, "'short' (1h) is not shorter than 'long' (5m)", "exchange them"}),
       tier("burn: 2, long: 31d, severity: page",
            {8, "'long' (31d) is longer than the SLO's window (30d)", "a shorter one"}),
       tier("burn: 9, long: 1h, short: 10s, severity: page",
            {8, "the short window of the tier 9x over 1h and 10s is shorter than a minute", "1m"}),
       tier("burn: 2, long: 10m, severity: page", {8, "shorter than a minute", "make it 1m"}),
       tier("burn: 2, long: 20m, severity: page",
            {8, "one bad sample (15s) sets off the tier 2x over 20m and 1m40s: 12 s",
             "add 'min_bad: 30s'"}),
       tiers("[{burn: 9, long: 1h, severity: page}, {burn: 8, long: 1h, severity: page}]",
             {8, "a page tier over 1h and 5m already", "keep one"})});
}

TEST(SloErrors, DefaultTiersThatDoNotFitTheObjectiveAndTheWindow) {
  expect_each(kTimeSlo, {{{{"objective", "90%"}},
                          {5, "the default tier 14.4x over 1h and 5m can never fire",
                           "raise the objective above 93.0556%"}},
                         {{{"objective", "99.99%"}},
                          {5, "one bad sample (15s) sets off the default tier 14.4x over 1h and 5m",
                           "add 'min_bad: 30s'"}},
                         {{{"objective", "99.9999%"}},
                          {5, "one bad sample (15s) sets off", "its whole budget is 2.6 s"}}});
}

TEST(SloErrors, WindowsAreMeasuredByHowOftenIsPolled) {
  Diagnostics diagnostics;
  (void)parse_rules(
      slo_with(kTimeSlo, {}), "slos.yaml", local_catalogue(), [](auto) { return true; },
      diagnostics, std::chrono::minutes(5));
  ASSERT_EQ(diagnostics.size(), 1U) << text_of(diagnostics);
  EXPECT_THAT(diagnostics[0].what, testing::HasSubstr("shorter than two polls (10m)"));
}

TEST(SloErrors, TheLeastThatMustBeBad) {
  expect_each(
      kTimeSlo,
      {{{{"min_bad", "30"}}, {8, "'min_bad': 30 has no unit", "like 30s"}},
       {{{"min_bad", "a bit"}}, {8, "is not a duration", "like 30s"}},
       {{{"min_bad", "4h"}}, {8, "'min_bad' (4h) is more than the whole budget: 3 h 36 min", ""}},
       {{{"min_bad", "6m"}},
        {8, "can never fire: 'min_bad' (6m) is longer than its short window", "at most 5m"}}});
  expect_each(kEventSlo,
              {{{{"min_bad", "30s"}}, {7, "30s is a duration, and this SLO counts events", "10"}},
               {{{"min_bad", "1.5"}}, {7, "must be a number of events", "10"}},
               {{{"min_bad", "-1"}}, {7, "must be a number of events", "10"}},
               {{{"min_bad", "010"}}, {7, "octal", "without the leading zero"}}});
}

TEST(SloErrors, WhatMissingDataMeans) {
  expect_each(kTimeSlo,
              {{{{"no_data", "ok"}}, {8, "'no_data' cannot be 'ok'", "did you mean 'good'?"}},
               {{{"no_data", "no"}}, {8, "'no_data' cannot be 'no'", "did you mean 'hold'?"}},
               {{{"no_data", "wait"}}, {8, "'no_data' cannot be 'wait'", "hold, bad, good"}},
               {{{"min_coverage", "0%"}}, {8, "nothing seen would be nothing wrong", "50%"}},
               {{{"min_coverage", "50"}}, {8, "percent, or a share?", "write 50%"}},
               {{{"min_coverage", "150%"}}, {8, "between 0 and 100 %", ""}}});
}

TEST(SloErrors, NamesTextsAndRunbooks) {
  const std::string kebab = "neither lower-case with '-' nor PascalCase";
  expect_each(
      kTimeSlo,
      {{{{"name", "payments_lag"}}, {2, kebab, "write it like payments-lag"}},
       {{{"name", "payments--lag"}}, {2, kebab, "write it like payments-lag"}},
       {{{"name", "Payments Lag"}}, {2, kebab, "write it like payments-lag"}},
       {{{"name", "7-lags"}}, {2, kebab, "write it like payments-lag"}},
       {{{"name", std::string(101, 'a')}}, {2, "longer than 100 characters", "telephone"}},
       {{{"name", ""}}, {2, "an SLO has no 'name'", "required"}},
       {{{"runbook", ""}}, {2, "an SLO has no 'runbook'", "required"}},
       {{{"runbook", "lagg"}}, {7, "no runbook 'lagg'", "write runbooks/lagg.md"}},
       {{{"owner", "\"\""}}, {8, "'owner' must be one line", "the team"}},
       {{{"summary", "\"{grup} lags\""}}, {8, "no placeholder '{grup}'", "one of: cluster, slo"}},
       {{{"per", "[group]"}, {"summary", "\"{grup} lags\""}},
        {9, "no placeholder '{grup}'", "did you mean 'group'?"}},
       {{{"summary", "\"{group} lags\""}},
        {8, "'{group}' differs from row to row", "add it to 'per'"}},
       {{{"description", "\"{objektive}\""}},
        {8, "no placeholder '{objektive}'", "did you mean 'objective'?"}},
       {{{"description", "\"{count} rows\""}}, {8, "no placeholder '{count}'", ""}},
       {{{"labels", "{group: x}"}}, {8, "a label 'group' already", "another name"}},
       {{{"labels", "{owner: x}"}}, {8, "a label 'owner' already", "another name"}}});
}

TEST(SloErrors, OtherValues) {
  expect_each(kTimeSlo, {{{{"keep_firing_for", "60d"}}, {8, "must be at most 30d", ""}},
                         {{{"keep_firing_for", "-1m"}}, {8, "must not be negative", ""}}});
  for (const Lines& changes : {Lines{{"max_entities", "0"}}, Lines{{"max_entities", "1000000"}},
                               Lines{{"enabled", "yes"}}, Lines{{"enabled", "1"}}}) {
    const Diagnostics diagnostics = mistakes_in(slo_with(kTimeSlo, changes));
    ASSERT_EQ(diagnostics.size(), 1U) << text_of(diagnostics);
    EXPECT_EQ(diagnostics[0].line, 8);
    EXPECT_THAT(diagnostics[0].what, testing::HasSubstr(" must be "));
  }
}

TEST(SloErrors, KeysThatNobodyKnows) {
  const std::vector<std::array<std::string, 2>> cases{{"objectiv", "did you mean 'objective'?"},
                                                      {"target", "as 'objective'"},
                                                      {"severity", "each of the 'tiers'"},
                                                      {"for", "the windows of the 'tiers'"},
                                                      {"when", "'good' compares it"},
                                                      {"timezone", "as 'time_zone'"},
                                                      {"expr", "'good' compares it"},
                                                      {"runbook_url", "as 'runbook'"},
                                                      {"annotations", "keys of the SLO itself"}};
  for (const auto& [key, advice] : cases) {
    expect_one(slo_with(kTimeSlo, {{key, "x"}}),
               {8, fmt::format("an SLO has no key '{}'", key), advice});
  }
}

}  // namespace
}  // namespace highwater::rules
