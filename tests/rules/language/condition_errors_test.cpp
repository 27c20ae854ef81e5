// Conditions with mistakes: what people are told, and what to write in their place.
#include <gtest/gtest.h>

#include "tests/rules/language/load_errors_support.h"

namespace highwater::rules {
namespace {

using namespace testing;

TEST(RuleErrors, MeasuresThatDoNotExist) {
  expect_each("when", 3,
              {{"partition_undermin_isr == 1", "no measure 'partition_undermin_isr'",
                "did you mean 'partition_under_min_isr'?"},
               {"highwater_quorum_lost == 1", "no measure", "did you mean 'quorum_lost'?"},
               {"highwater_qourum_lost == 1", "no measure", "did you mean 'quorum_lost'?"},
               {"group_lag_records > group_lag_recrods", "no measure 'group_lag_recrods'",
                "did you mean 'group_lag_records'?"},
               {"cluster_info == 1", "always 1", "a measure that changes"}});
}

TEST(RuleErrors, OperatorsOfOtherLanguages) {
  expect_each("when", 3,
              {{"quorum_lost = 1", "'=' is no comparison", "did you mean '=='?"},
               {"quorum_lost === 1", "'===' is no comparison", "did you mean '=='?"},
               {"quorum_lost is 1", "'is' is no comparison", "did you mean '=='?"},
               {"group_lag_records over 5", "'over' is no comparison", "did you mean '>'?"},
               {"group_lag_records under 5", "'under' is no comparison", "did you mean '<'?"},
               {"group_lag_records => 5", "'=>' is no comparison", "did you mean '>='?"},
               {"group_lag_records =< 5", "'=<' is no comparison", "did you mean '<='?"},
               {"group_lag_records <> 5", "'<>' is no comparison", "did you mean '!='?"},
               {"group_lag_records \u2265 5", "is no comparison", "did you mean '>='?"},
               {"group_lag_records =~ \"a.*\"", "'=~' is no comparison", "'select'"},
               {"group_lag_records 5", "'5' is no comparison", "one of: == != < <= > >="},
               {"group_lag_records near 5", "'near' is no comparison", "one of: =="}});
}

TEST(RuleErrors, ConditionsThatAreNotWhole) {
  expect_each("when", 3,
              {{"\"\"", "the condition is empty", "like 'group_lag_records > 1000'"},
               {"quorum_lost", "compared with nothing", "MEASURE OPERATOR NUMBER"},
               {"group_lag_records >", "nothing stands after '>'", "MEASURE OPERATOR NUMBER"},
               {"\"> 5\"", "no measure before '>'", "MEASURE OPERATOR NUMBER"},
               {"5 < group_lag_records", "the measure comes first", "MEASURE OPERATOR NUMBER"},
               {"group_lag_records > 5 and quorum_lost == 1", "one comparison", "a rule for each"},
               {"group_lag_records > 5 or quorum_lost == 1", "one comparison", "a rule for each"},
               {"group_lag_records > 5 * 60", "'* 60' is too much", "one number"},
               {"group_lag_seconds > 5 min", "'min' is too much", "a duration without spaces"},
               {"[quorum_lost, 1]", "'when' must be text", ""}});
}

TEST(RuleErrors, QueriesOfPrometheus) {
  expect_each("when", 3,
              {{"sum(group_lag_records) > 5", "there is no function 'sum'", "'per'"},
               {"increase(topic_records_failed_total[5m]) > 5", "there is no function", "rate("},
               {"'group_lag_records{topic=\"a\"} > 5'", "without braces", "'select'"},
               {"group_lag_records > max(group_lag_records)", "functions are not known", ""}});
}

TEST(RuleErrors, NumbersThatAreNone) {
  expect_each("when", 3,
              {{"group_lag_records > nan", "nothing to compare with", "unknown"},
               {"group_lag_records < inf", "nothing to compare with", "unknown"},
               {"group_lag_records > -Infinity", "nothing to compare with", "unknown"},
               {"group_lag_records > 1e999", "too large", ""},
               {"group_lag_records > 1,000", "'1,000' is not a number", "write 1000"},
               {"group_lag_records > 1_000_000", "is not a number", "write 1000000"},
               {"group_lag_records > 010", "octal", "without the leading zero"},
               {"group_lag_records > +5", "neither a number nor a measure", "plus sign"},
               {"group_lag_records > 0x10", "'0x10' is not a number", "a plain number"},
               {"group_lag_records > '5'", "neither a number nor a measure", ""},
               {"quorum_lost == true", "'true' is not a number", "write 1"},
               {"quorum_lost == false", "'false' is not a number", "write 0"}});
}

TEST(RuleErrors, UnitsThatTheMeasureHasNot) {
  expect_each("when", 3,
              {{"group_lag_records > 5m", "'5m' is a duration", "a plain number"},
               {"group_lag_seconds > 5min", "unknown unit 'min'", ""},
               {"group_lag_seconds > 1.5h", "is not a duration", ""},
               {"group_lag_seconds > -5m", "cannot be negative", ""},
               {"topic_skew_ratio > 90%", "percent", "write 0.9"},
               {"topic_size_bytes > 10GiB", "has a unit", "write 10737418240"},
               {"topic_size_bytes > 1.5MB", "has a unit", "write 1500000"},
               {"group_lag_records > 10k", "has a unit", "write 10000"},
               {"group_lag_records > 10kB", "has a unit", "the plain number"}});
}

TEST(RuleErrors, ComparisonsThatMakeNoSense) {
  expect_each("when", 3,
              {{"quorum_lost == 2", "only ever 0 or 1", "'== 1' or '== 0'"},
               {"quorum_lost > 0", "only ever 0 or 1", "'== 1' or '== 0'"},
               {"quorum_lost >= 1", "only ever 0 or 1", "'== 1' or '== 0'"},
               {"broker_up < broker_failed", "only ever 0 or 1", "'==' or '!='"},
               {"topic_records_failed_total == 5", "is a counter", "rate("},
               {"topic_records_failed_total != 0", "is a counter", "rate("},
               {"group_lag_records > group_lag_records", "compared with itself", ""},
               {"group_lag_seconds > group_lag_growth_records", "in seconds", "of the same unit"},
               {"group_lag_records == topic_records_failed_total", "a counter", "ratio("}});
}

TEST(RuleErrors, ARightMeasureWithDimensionsThatTheLeftOneHasNot) {
  expect_each("when", 3,
              {{"topic_min_insync_replicas > partition_in_sync_replicas",
                "has the dimension 'partition'", "put 'partition_in_sync_replicas' on the left"},
               {"group_lag_records > partition_in_sync_replicas", "in records", "the same unit"},
               {"partition_leaderless == broker_up", "has the dimension 'broker'",
                "every dimension of the right one"}});
}

}  // namespace
}  // namespace highwater::rules
