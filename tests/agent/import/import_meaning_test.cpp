// What queries of other tools mean in measures; and that nothing of a query is left out unsaid.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/catalogue.h"
#include "agent/import/sli.h"

namespace highwater::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr QueryUse kSloth{.templated_windows = true};
// What a configuration adds.
const Measure kQueue{
    "queue_bytes", "Waiting.", Unit::bytes, MeasureType::gauge, {"cluster", "group", "source"}};

const MetricNames& names() {
  static const Catalogue measures = [] {
    const Measure* const more[] = {&kQueue};
    return catalogue_with(more);
  }();
  static const MetricNames instance{
      measures,
      {{"app_queue_kib", &kQueue, {{"grp", "group"}}, {{"source", "app"}}, 1024, ""},
       {"app_failed",
        catalogue().find("records_failed_total"),
        {{"grp", "group"}, {"topic", "topic"}},
        {},
        1,
        "only some"}},
      {"prod"}};
  return instance;
}

Result<ImportedSli> read_ratio(const std::string& query) {
  return sli_of_ratio(query, false, names(), kSloth);
}

ImportedSli ratio(const std::string& query) {
  const Result<ImportedSli> sli = read_ratio(query);
  EXPECT_TRUE(sli) << query << ": " << sli.error().message;
  return sli.value_or(ImportedSli());
}

std::string refusal(const std::string& query) {
  const Result<ImportedSli> sli = read_ratio(query);
  EXPECT_FALSE(sli) << query;
  return sli ? "" : sli.error().message;
}

ImportedSli of_events(const std::string& errors, const std::string& total) {
  const Result<ImportedSli> sli = sli_of_events(errors, false, total, names(), kSloth);
  EXPECT_TRUE(sli) << errors << ": " << sli.error().message;
  return sli.value_or(ImportedSli());
}

std::string refused_events(const std::string& errors, const std::string& total) {
  const Result<ImportedSli> sli = sli_of_events(errors, false, total, names(), kSloth);
  EXPECT_FALSE(sli) << errors;
  return sli ? "" : sli.error().message;
}

std::string over_time(const std::string& condition) {
  return "avg_over_time((" + condition + ")[{{.window}}:])";
}

struct LagQuery {
  const char* exporter;
  const char* rows;
};

TEST(ImportMeaning, TheSumOfLagByGroupAndTopicIsAMeasureOfItsOwn) {
  for (const LagQuery& query :
       {LagQuery{"kafka_exporter", "sum by (consumergroup, topic) (kafka_consumergroup_lag)"},
        LagQuery{"kafka_exporter", "sum(kafka_consumergroup_lag) by (consumergroup, topic)"},
        LagQuery{"kafka_exporter", "sum without (partition, instance) (kafka_consumergroup_lag)"},
        LagQuery{"kafka_exporter",
                 "sum by (consumergroup, topic) (clamp_min("
                 "kafka_consumergroup_lag, 0))"},
        LagQuery{"kafka_exporter", "kafka_consumergroup_lag_sum"},
        LagQuery{"kminion",
                 "sum by (group_id, topic_name) "
                 "(kminion_kafka_consumer_group_topic_partition_lag)"},
        LagQuery{"kminion", "kminion_kafka_consumer_group_topic_lag"},
        LagQuery{"kafka-lag-exporter", "sum by (group, topic) (kafka_consumergroup_group_lag)"},
        LagQuery{"kafka-lag-exporter", "kafka_consumergroup_group_topic_sum_lag"},
        LagQuery{"Highwater", "sum by (group, topic) (highwater_group_lag_records)"}}) {
    SCOPED_TRACE(query.rows);
    const ImportedSli sli = ratio(over_time(fmt::format("{} > bool 1000", query.rows)));
    EXPECT_EQ(sli.measure, "group_topic_lag_records");
    EXPECT_EQ(sli.good, "<= 1000");
    EXPECT_THAT(sli.per, ElementsAre("group", "topic"));
    EXPECT_THAT(sli.differences, IsEmpty());
  }
}

TEST(ImportMeaning, ASumOverWhatIsNoMeasureIsRefused) {
  EXPECT_THAT(refusal(over_time("sum by (consumergroup) (kafka_consumergroup_lag) > bool 9")),
              HasSubstr("'sum' over several rows (topic, partition) cannot be said"));
  EXPECT_THAT(refusal(over_time("sum by (consumergroup, topic) (kafka_consumergroup_lag{partition"
                                "=~\"0|1\"}) > bool 9")),
              HasSubstr("'sum' over several rows (partition)"));
}

TEST(ImportMeaning, ASumOfOneRowIsThatRow) {
  const ImportedSli sli =
      ratio(over_time(R"(sum(kafka_consumergroup_lag_sum{consumergroup="a",topic="b"}) > bool 9)"));
  EXPECT_EQ(sli.measure, "group_topic_lag_records");
  EXPECT_THAT(sli.per, IsEmpty());
}

TEST(ImportMeaning, TheLargestIsTooHighWhileAnyIs) {
  const ImportedSli sli =
      ratio(over_time("max by (consumergroup) (kafka_consumergroup_lag) > bool 9"));
  EXPECT_EQ(sli.measure, "group_lag_records");
  EXPECT_THAT(sli.per, ElementsAre("group"));
  EXPECT_THAT(sli.differences, IsEmpty());
  EXPECT_THAT(refusal(over_time("max by (consumergroup) (kafka_consumergroup_lag) < bool 9")),
              HasSubstr("bad only while all of several rows are"));
  EXPECT_THAT(refusal(over_time("min by (consumergroup) (kafka_consumergroup_lag) > bool 9")),
              HasSubstr("bad only while all of several rows are"));
  EXPECT_THAT(refusal(over_time("avg by (consumergroup) (kafka_consumergroup_lag) > bool 9")),
              HasSubstr("'avg' over several rows"));
}

TEST(ImportMeaning, ABooleanTurnsAroundWithItsComparison) {
  EXPECT_EQ(ratio("1 - avg_over_time(highwater_broker_up[{{.window}}])").good, "== 1");
  EXPECT_EQ(ratio(over_time("max(highwater_quorum_lost) == bool 1")).good, "== 0");
  EXPECT_EQ(ratio(over_time("1 - min by (cluster) (highwater_broker_up)")).good, "== 1");
  EXPECT_THAT(refusal(over_time("1 - max by (cluster) (highwater_broker_up)")),
              HasSubstr("bad only while all"));
}

TEST(ImportMeaning, RowsThatKeepTheirLabelsHaveABudgetEach) {
  EXPECT_THAT(ratio(over_time("kafka_consumergroup_lag{topic=\"a\"} > bool 9")).per,
              ElementsAre("group", "partition"));
}

TEST(ImportMeaning, AnAvailabilityWithoutDataIsBad) {
  const ImportedSli sampled =
      ratio("1 - avg_over_time((sum(highwater_cluster_reachable) or vector(0))[{{.window}}:])");
  EXPECT_EQ(sampled.no_data, "bad");
  EXPECT_THAT(sampled.differences, IsEmpty());
  const ImportedSli whole =
      ratio("1 - (avg(avg_over_time(highwater_cluster_reachable[{{.window}}])) or vector(0))");
  EXPECT_EQ(whole.no_data, "bad");
  EXPECT_THAT(whole.differences, ElementsAre(HasSubstr("counts every gap as bad")));
}

TEST(ImportMeaning, FailuresWithoutDataAreNone) {
  EXPECT_EQ(ratio(over_time("max(kafka_consumergroup_lag) > bool 9 or vector(0)")).no_data, "good");
  EXPECT_EQ(ratio(over_time("max(kafka_consumergroup_lag) > bool 9 or vector(1)")).no_data, "bad");
  EXPECT_EQ(ratio(over_time("(max(kafka_consumergroup_lag) or vector(0)) > bool 9")).no_data,
            "good");
  EXPECT_THAT(refusal("avg(" + over_time("kafka_consumergroup_lag > bool 9") + ") or vector(0.5)"),
              HasSubstr("neither good nor bad"));
}

TEST(ImportMeaning, ARowOfItsOwnForNoDataIsSaid) {
  const ImportedSli sli =
      ratio("1 - (avg_over_time(highwater_broker_up[{{.window}}]) or vector(0))");
  EXPECT_EQ(sli.no_data, "bad");
  EXPECT_THAT(sli.differences, ElementsAre(HasSubstr("adds a row without labels"),
                                           HasSubstr("counts every gap as bad")));
}

TEST(ImportMeaning, AComparisonWithoutBoolIsReadAsMeantAndSaid) {
  const ImportedSli sli = ratio(over_time("kafka_brokers < 3"));
  EXPECT_EQ(sli.good, ">= 3");
  EXPECT_THAT(sli.differences, ElementsAre(HasSubstr("'<' without 'bool'")));
}

TEST(ImportMeaning, CountsOfSamplesThatHoldNeedNoBool) {
  const ImportedSli sli = ratio(
      "count_over_time((kafka_brokers < 3)[{{.window}}:]) / "
      "count_over_time(kafka_brokers[{{.window}}:])");
  EXPECT_EQ(sli.good, ">= 3");
  EXPECT_THAT(sli.differences, IsEmpty());
  EXPECT_THAT(refusal("count_over_time((kafka_brokers < bool 3)[{{.window}}:]) / "
                      "count_over_time(kafka_brokers[{{.window}}:])"),
              HasSubstr("counts every sample, whatever its value"));
}

TEST(ImportMeaning, TheTotalHasToCountTheSameSamples) {
  const std::string held = "sum_over_time((kafka_brokers < bool 3)[{{.window}}:])";
  EXPECT_THAT(
      refused_events(held, "count_over_time(kafka_topic_partitions{topic=\"a\"}[{{.window}}:])"),
      HasSubstr("samples of another series"));
  EXPECT_THAT(refused_events(held, "count_over_time(kafka_brokers[1h:])"),
              HasSubstr("one query is over"));
  EXPECT_THAT(refused_events(held, "kafka_brokers"), HasSubstr("does not count the samples"));
}

TEST(ImportMeaning, TheLargestOfSeveralRowsIsNoSum) {
  EXPECT_THAT(refused_events("max(rate(highwater_records_failed_total[{{.window}}]))",
                             "sum(rate(highwater_records_total[{{.window}}]))"),
              HasSubstr("'max' over several rows"));
}

TEST(ImportMeaning, AComparisonWithoutBoolIsSaidToBeReadAsOne) {
  EXPECT_THAT(ratio(over_time("kafka_brokers < 3")).differences,
              ElementsAre(HasSubstr("'<' without 'bool' was read as '< bool'")));
}

TEST(ImportMeaning, EventsAreSumsOfBothCounters) {
  const ImportedSli sli =
      of_events("sum by (group) (rate(highwater_records_failed_total[{{.window}}])) or vector(0)",
                "sum by (group) (rate(highwater_records_total[{{.window}}]))");
  EXPECT_EQ(sli.measure, "records_failed_total");
  EXPECT_EQ(sli.total, "records_total");
  EXPECT_FALSE(sli.first_is_good);
  EXPECT_THAT(sli.per, ElementsAre("group"));
}

TEST(ImportMeaning, CountersWithoutSumHaveABudgetPerRow) {
  const ImportedSli sli = of_events("rate(highwater_records_failed_total[{{.window}}])",
                                    "rate(highwater_records_total[{{.window}}])");
  EXPECT_THAT(sli.per, ElementsAre("group", "topic"));
  EXPECT_THAT(sli.differences, IsEmpty());
}

TEST(ImportMeaning, TheTwoQueriesOfEventsHaveToBeAlike) {
  const std::string bad = "rate(highwater_records_failed_total[{{.window}}])";
  const std::string all = "rate(highwater_records_total[{{.window}}])";
  EXPECT_THAT(refused_events("max(" + bad + ")", "sum(" + all + ")"),
              HasSubstr("'max' over several rows"));
  EXPECT_THAT(refused_events("sum(" + bad + ")", "max(" + all + ")"),
              HasSubstr("'max' over several rows"));
  EXPECT_THAT(refused_events(bad, "sum(" + all + ")"), HasSubstr("keep different labels"));
  EXPECT_THAT(
      refused_events("sum(" + bad + ")", "sum(increase(highwater_records_total[{{.window}}]))"),
      HasSubstr("one query has 'rate' and the other has 'increase'"));
  EXPECT_THAT(refused_events("sum(rate(highwater_records_failed_total{topic=\"a\"}[{{.window}}]))",
                             "sum(" + all + ")"),
              HasSubstr("select different rows"));
}

TEST(ImportMeaning, AllButTheGoodOnesAreBad) {
  const std::string good = "sum(rate(highwater_records_failed_total[{{.window}}]))";
  const std::string all = "sum(rate(highwater_records_total[{{.window}}]))";
  EXPECT_TRUE(ratio("1 - " + good + " / " + all).first_is_good);
  EXPECT_TRUE(ratio("(" + all + " - " + good + ") / " + all).first_is_good);
  EXPECT_TRUE(of_events(all + " - " + good, all).first_is_good);
  EXPECT_THAT(refused_events(all + " - " + good, good), HasSubstr("not the total"));
}

TEST(ImportMeaning, RangesOfTheirOwnAndCountersWithoutRateAreSaid) {
  EXPECT_THAT(ratio("avg_over_time((kafka_brokers < bool 3)[5m:])").differences,
              ElementsAre(HasSubstr("its range [5m:] is fixed")));
  EXPECT_THAT(
      of_events("sum(highwater_records_failed_total)", "sum(highwater_records_total)").differences,
      ElementsAre(HasSubstr("count since their processes began")));
}

TEST(ImportMeaning, MetricsOfTheConfigurationAreKnownByTheirNamesThere) {
  const ImportedSli sli = ratio(over_time("max by (grp) (app_queue_kib) > bool 4"));
  EXPECT_EQ(sli.measure, "queue_bytes");
  EXPECT_EQ(sli.good, "<= 4096");
  EXPECT_THAT(sli.per, ElementsAre("group"));
  EXPECT_EQ(sli.select.at("source"), std::vector<std::string>{"app"});
  EXPECT_THAT(refusal(over_time("max by (other) (app_queue_kib) > bool 4")),
              HasSubstr("no dimension like the label 'other'"));
  EXPECT_THAT(of_events("sum(rate(app_failed[{{.window}}]))",
                        "sum(rate(highwater_records_total[{{.window}}]))")
                  .differences,
              ElementsAre("only some"));
}

TEST(ImportMeaning, ClustersOfTheConfigurationAreKnown) {
  const auto differences = [](const std::string& cluster) {
    return ratio(over_time("highwater_cluster_brokers{cluster=\"" + cluster + "\"} < bool 3"))
        .differences;
  };
  EXPECT_THAT(differences("prod"), IsEmpty());
  EXPECT_THAT(differences("stage"), ElementsAre(HasSubstr("clusters are called here")));
}

TEST(ImportMeaning, WhatHasNoMeaningHereIsRefused) {
  const std::string good = over_time("kafka_brokers < bool 3");
  for (const char* const query :
       {"absent(kafka_brokers)", "topk(1, kafka_brokers)", "quantile(0.9, kafka_brokers)",
        "avg_over_time(kafka_brokers offset 5m)", "count(kafka_brokers)"})
    EXPECT_FALSE(read_ratio(query)) << query;
  EXPECT_THAT(refusal(good + " * 100"), HasSubstr("'*'"));
  EXPECT_THAT(refusal(good + " and kafka_brokers"), HasSubstr("'and'"));
  EXPECT_THAT(refusal(good + " or kafka_brokers"), HasSubstr("'or' of two metrics"));
  EXPECT_THAT(refusal("last_over_time(" + good + "[5m:])"), HasSubstr("'last_over_time'"));
  EXPECT_THAT(refusal(over_time("max by (topic) (kafka_consumergroup_lag) by (topic) > bool 1")),
              HasSubstr("'by (topic)' cannot be said"));
  EXPECT_THAT(refusal(good + "[5m]"), HasSubstr("'[5m]' cannot be said"));
  EXPECT_THAT(refusal("1 - bool " + good), HasSubstr("'bool' cannot be said"));
  EXPECT_THAT(refusal("1 - ignoring (x) " + good), HasSubstr("'ignoring (x)' cannot be said"));
}

}  // namespace
}  // namespace highwater::agent
