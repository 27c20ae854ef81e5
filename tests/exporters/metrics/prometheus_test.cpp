#include "exporters/metrics/prometheus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "prometheus_support.h"

namespace highwater {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

// The lines of one family, its comments included.
std::string family(const std::string& text, const std::string& name) {
  std::istringstream lines(text);
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    const bool comment = line.starts_with("# HELP " + name + " ") ||
                         line.starts_with("# TYPE " + name + " ") ||
                         line.starts_with("# UNIT " + name + " ");
    if (comment || line.starts_with(name + "{") || line.starts_with(name + " "))
      result += line + "\n";
  }
  return result;
}

TEST(Metrics, AreWrittenInTheTextFormat) {
  const Report report = report_of(
      {make_observation("prod", "brokers",
                        {make_table(kBrokerUp, {{{"prod", "1"}, 1}, {{"prod", "2"}, 0}}),
                         make_table(kBrokerResponse, {{{"prod", "1"}, 0.0125},
                                                      {{"prod", "2"}, 0, Unknown::timed_out}}),
                         make_table(kElections, {{{"prod", "1"}, 12}})})});
  const std::string text = page(&report);
  EXPECT_EQ(family(text, "highwater_broker_up"),
            "# HELP highwater_broker_up Whether the broker answers.\n"
            "# TYPE highwater_broker_up gauge\n"
            "highwater_broker_up{cluster=\"prod\",broker=\"1\"} 1\n"
            "highwater_broker_up{cluster=\"prod\",broker=\"2\"} 0\n");
  EXPECT_EQ(family(text, "highwater_broker_response_seconds"),
            "# HELP highwater_broker_response_seconds How long it took to answer.\n"
            "# TYPE highwater_broker_response_seconds gauge\n"
            "highwater_broker_response_seconds{cluster=\"prod\",broker=\"1\"} 0.0125\n");
  EXPECT_EQ(family(text, "highwater_broker_elections_total"),
            "# HELP highwater_broker_elections_total Elections seen.\n"
            "# TYPE highwater_broker_elections_total counter\n"
            "highwater_broker_elections_total{cluster=\"prod\",broker=\"1\"} 12\n");
}

TEST(Metrics, AreWrittenInOpenMetrics) {
  const Report report = report_of(
      {make_observation("prod", "brokers",
                        {make_table(kBrokerResponse, {{{"prod", "1"}, 0.5}}),
                         make_table(kElections, {{{"prod", "1"}, 12}})}),
       make_observation("prod", "groups", {make_table(kLagSum, {{{"prod", "g", "t"}, 5}})})});
  const std::string text = page(&report, MetricsFormat::openmetrics);
  EXPECT_EQ(family(text, "highwater_broker_response_seconds"),
            "# HELP highwater_broker_response_seconds How long it took to answer.\n"
            "# TYPE highwater_broker_response_seconds gauge\n"
            "# UNIT highwater_broker_response_seconds seconds\n"
            "highwater_broker_response_seconds{cluster=\"prod\",broker=\"1\"} 0.5\n");
  EXPECT_EQ(family(text, "highwater_broker_elections"),
            "# HELP highwater_broker_elections Elections seen.\n"
            "# TYPE highwater_broker_elections counter\n");
  EXPECT_THAT(text,
              HasSubstr("\nhighwater_broker_elections_total{cluster=\"prod\",broker=\"1\"} 12\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE highwater_group_topic_lag_records gauge\n"));
  EXPECT_TRUE(text.ends_with("\n# EOF\n"));
}

std::string series(const std::string& text, const std::string& name) {
  std::istringstream lines(text);
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    if (line.find(name) != std::string::npos) result += line + "\n";
  }
  return result;
}

TEST(Metrics, WriteHistogramsWithBucketsThatIncludeThoseBelow) {
  const Report report = report_of({observation_with_a_histogram()});
  EXPECT_EQ(series(page(&report), "record_way_seconds"),
            "# HELP highwater_record_way_seconds How long a record was on its way.\n"
            "# TYPE highwater_record_way_seconds histogram\n"
            "highwater_record_way_seconds_bucket{cluster=\"prod\",le=\"0.5\"} 2\n"
            "highwater_record_way_seconds_bucket{cluster=\"prod\",le=\"1.0\"} 3\n"
            "highwater_record_way_seconds_bucket{cluster=\"prod\",le=\"10.0\"} 4\n"
            "highwater_record_way_seconds_bucket{cluster=\"prod\",le=\"+Inf\"} 5\n"
            "highwater_record_way_seconds_sum{cluster=\"prod\"} 24.375\n"
            "highwater_record_way_seconds_count{cluster=\"prod\"} 5\n");
}

TEST(Metrics, LinkABucketToItsTraceInOpenMetricsWhereTracesAreSent) {
  const Report report = report_of({observation_with_a_histogram()});
  MetricsOptions options;
  options.traces = true;
  const std::string text = page(&report, MetricsFormat::openmetrics, options);
  EXPECT_THAT(text,
              HasSubstr("\nhighwater_record_way_seconds_bucket{cluster=\"prod\",le=\"1.0\"} 3 # "
                        "{trace_id=\"0102030405060708090a0b0c0d0e0f10\"} 0.75 1700000000.250\n"));
  EXPECT_THAT(text,
              HasSubstr("\nhighwater_record_way_seconds_bucket{cluster=\"prod\",le=\"10.0\"} 4\n"));
  EXPECT_THAT(page(&report, MetricsFormat::text, options), Not(HasSubstr("trace_id")));
  EXPECT_THAT(page(&report, MetricsFormat::openmetrics), Not(HasSubstr("trace_id")));
}

TEST(Metrics, LeaveOutAHistogramThatIsTooOldToSpeakForThePresent) {
  const Report report = report_of({observation_with_a_histogram()});
  const Now later{test_now().steady + 1h, test_now().wall + 1h};
  EXPECT_EQ(series(page(&report, MetricsFormat::text, {}, later), "record_way_seconds"), "");
}

TEST(Metrics, LeaveOutWhatIsUnknown) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Report report = report_of(
      {make_observation("prod", "groups",
                        {make_table(kLagSum, {{{"prod", "g", "a"}, 5},
                                              {{"prod", "g", "b"}, 77, Unknown::no_commit},
                                              {{"prod", "g", "c"}, nan, Unknown::leaderless},
                                              {{"prod", "g", "d"}, nan}})})});
  const std::string text = page(&report);
  EXPECT_EQ(family(text, "highwater_group_topic_lag_records"),
            "# HELP highwater_group_topic_lag_records The same by topic.\n"
            "# TYPE highwater_group_topic_lag_records gauge\n"
            "highwater_group_topic_lag_records{cluster=\"prod\",group=\"g\",topic=\"a\"} 5\n");
  EXPECT_THAT(text, Not(HasSubstr("nan")));
  EXPECT_THAT(text, Not(HasSubstr("NaN")));
}

TEST(Metrics, LeaveOutPartitionsUnlessFullDetailIsAskedFor) {
  const Report report =
      report_of({make_observation("prod", "groups",
                                  {make_table(kLag, {{{"prod", "g", "t", "0"}, 5}}),
                                   make_table(kLagSum, {{{"prod", "g", "t"}, 5}})})});
  EXPECT_THAT(page(&report), Not(HasSubstr("highwater_group_lag_records{")));
  EXPECT_THAT(page(&report), HasSubstr("highwater_group_topic_lag_records{"));
  MetricsOptions options;
  options.detail = MetricsDetail::full;
  EXPECT_THAT(page(&report, MetricsFormat::text, options),
              HasSubstr("highwater_group_lag_records{cluster=\"prod\",group=\"g\",topic=\"t\","
                        "partition=\"0\"} 5\n"));
}

TEST(Metrics, ShowAStateOnlyWhereItHolds) {
  const Report report = report_of(
      {make_observation("prod", "partitions",
                        {make_table(kLeaderless, {{{"prod", "t", "0"}, 0},
                                                  {{"prod", "t", "1"}, 1},
                                                  {{"prod", "t", "2"}, 1, Unknown::timed_out}})})});
  EXPECT_EQ(family(page(&report), "highwater_partition_leaderless"),
            "# HELP highwater_partition_leaderless Whether nobody leads it.\n"
            "# TYPE highwater_partition_leaderless gauge\n"
            "highwater_partition_leaderless{cluster=\"prod\",topic=\"t\",partition=\"1\"} 1\n");
  MetricsOptions options;
  options.detail = MetricsDetail::full;
  EXPECT_THAT(page(&report, MetricsFormat::text, options),
              HasSubstr("highwater_partition_leaderless{cluster=\"prod\",topic=\"t\","
                        "partition=\"0\"} 0\n"));
}

TEST(Metrics, OfABudgetHaveTheLabelsOfWhatItBelongsTo) {
  const Report report = report_of(
      {make_observation("prod", "slos",
                        {make_table(kCoverage, {{{"prod", "lag", "group=my-app topic=orders"}, 1},
                                                {{"prod", "odd", R"(group="a b=\"c\"" slo=x)"}, 1},
                                                {{"prod", "up", ""}, 1}})})});
  EXPECT_EQ(family(page(&report), "highwater_slo_coverage_ratio"),
            "# HELP highwater_slo_coverage_ratio How much is known.\n"
            "# TYPE highwater_slo_coverage_ratio gauge\n"
            "highwater_slo_coverage_ratio{cluster=\"prod\",slo=\"lag\",group=\"my-app\","
            "topic=\"orders\"} 1\n"
            "highwater_slo_coverage_ratio{cluster=\"prod\",slo=\"odd\",group=\"a b=\\\"c\\\"\","
            "entity_slo=\"x\"} 1\n"
            "highwater_slo_coverage_ratio{cluster=\"prod\",slo=\"up\"} 1\n");
}

TEST(Metrics, SayInOpenMetricsWhatIsInfo) {
  const Report report = report_of(
      {make_observation("prod", "brokers", {make_table(kBrokerInfo, {{{"prod", "1", "r"}, 1}})})});
  EXPECT_THAT(page(&report, MetricsFormat::openmetrics),
              HasSubstr("# TYPE highwater_broker info\n"
                        "highwater_broker_info{cluster=\"prod\",broker=\"1\",rack=\"r\"} 1\n"));
  EXPECT_THAT(page(&report), HasSubstr("# TYPE highwater_broker_info gauge\n"));
}

TEST(Metrics, OfACollectorThatFellSilentEnd) {
  const Report report = report_of(
      {make_observation("prod", "brokers", {make_table(kBrokerUp, {{{"prod", "1"}, 1}})}, 16s)});
  const std::string text = page(&report);
  EXPECT_EQ(family(text, "highwater_broker_up"), "");
  EXPECT_THAT(text,
              HasSubstr("highwater_collector_up{cluster=\"prod\",collector=\"brokers\"} 0\n"));
  EXPECT_THAT(
      text,
      HasSubstr("highwater_collector_age_seconds{cluster=\"prod\",collector=\"brokers\"} 16\n"));
}

TEST(Metrics, EndAlsoWhenThePipelineStandsStill) {
  const Report report = report_of(
      {make_observation("prod", "brokers", {make_table(kBrokerUp, {{{"prod", "1"}, 1}})})});
  Now later = test_now();
  later.steady += 1min;
  EXPECT_EQ(family(page(&report, MetricsFormat::text, {}, later), "highwater_broker_up"), "");
}

TEST(Metrics, OfSeveralClustersStandUnderOneHelp) {
  const Report report =
      report_of({make_observation("a", "brokers", {make_table(kBrokerUp, {{{"a", "1"}, 1}})}),
                 make_observation("a", "groups", {make_table(kLagSum, {{{"a", "g", "t"}, 5}})}),
                 make_observation("b", "brokers", {make_table(kBrokerUp, {{{"b", "1"}, 1}})})});
  EXPECT_EQ(family(page(&report), "highwater_broker_up"),
            "# HELP highwater_broker_up Whether the broker answers.\n"
            "# TYPE highwater_broker_up gauge\n"
            "highwater_broker_up{cluster=\"a\",broker=\"1\"} 1\n"
            "highwater_broker_up{cluster=\"b\",broker=\"1\"} 1\n");
}

TEST(Metrics, EscapeTheNamesOfTheirLabels) {
  const Report report = report_of({make_observation(
      "prod", "groups", {make_table(kLagSum, {{{"prod", "a\"b\\c\nd\xc3\xa4", "t"}, 5}})})});
  EXPECT_THAT(page(&report), HasSubstr("group=\"a\\\"b\\\\c\\nd\xc3\xa4\",topic=\"t\"} 5\n"));
}

TEST(Metrics, WriteNumbersInTheirShortestForm) {
  const std::pair<double, std::string> cases[] = {
      {0, "0"},
      {-0.0, "0"},
      {0.1, "0.1"},
      {1.0 / 3, "0.3333333333333333"},
      {1700000000.125, "1700000000.125"},
      {123456789012, "123456789012"},
      {9007199254740993, "9007199254740992"},
      {1e300, "1e+300"},
      {kInfinity, "+Inf"},
      {-kInfinity, "-Inf"},
      {-5, "-5"},
  };
  for (const auto& [value, text] : cases) {
    const Report report = report_of(
        {make_observation("p", "brokers", {make_table(kBrokerResponse, {{{"p", "1"}, value}})})});
    EXPECT_THAT(
        page(&report),
        HasSubstr("highwater_broker_response_seconds{cluster=\"p\",broker=\"1\"} " + text + "\n"));
  }
}

TEST(Metrics, SayWhichAlertsStandAndCountThem) {
  Report report = report_of({});
  report.alerts = {broker_down_alert()};
  report.alerts[0].labels = {
      {"team", "kafka"}, {"cluster", "liar"}, {"not-a-label", "x"}, {"__name__", "x"}};
  Alert pending;
  pending.rule = "LagGrowing";
  pending.entity = make_entity({{"cluster", "prod"}, {"group", "g"}});
  report.alerts.push_back(pending);
  report.incidents = {broker_down_incident()};
  const std::string text = page(&report);
  EXPECT_EQ(family(text, "highwater_alert"),
            "# HELP highwater_alert An alert that is pending or firing, with the labels of what it "
            "is about; always 1.\n"
            "# TYPE highwater_alert gauge\n"
            "highwater_alert{alertname=\"BrokerDown\",severity=\"page\",state=\"firing\","
            "broker=\"3\",cluster=\"prod\",team=\"kafka\"} 1\n"
            "highwater_alert{alertname=\"LagGrowing\",severity=\"ticket\",state=\"pending\","
            "cluster=\"prod\",group=\"g\"} 1\n");
  EXPECT_THAT(text, HasSubstr("highwater_alerts{severity=\"page\",state=\"firing\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("highwater_incidents{severity=\"page\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("highwater_incidents{severity=\"ticket\"} 0\n"));
}

TEST(Metrics, CapTheAlertsThatAreListedButNotTheirCount) {
  Report report = report_of({});
  for (size_t i = 0; i < kMaxAlertSeries + 5; ++i)
    report.alerts.push_back(broker_down_alert(std::to_string(i)));
  const std::string text = page(&report);
  size_t listed = 0;
  for (size_t at = 0; (at = text.find("\nhighwater_alert{", at)) != std::string::npos; ++at)
    ++listed;
  EXPECT_EQ(listed, kMaxAlertSeries);
  EXPECT_THAT(text, HasSubstr("highwater_alerts{severity=\"page\",state=\"firing\"} 10005\n"));
}

}  // namespace
}  // namespace highwater
