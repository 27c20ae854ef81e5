// SLOs of Sloth as rules of ours.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/import/sloth.h"
#include "import_support.h"

namespace highwater::agent {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ImportSloth, TakesOverTheShareOfTimeInWhichAMetricWasTooHigh) {
  const Imported got = from_sloth(sloth(raw(
      R"(avg_over_time((kafka_consumergroup_lag_sum{consumergroup="pay",topic="orders"} > bool 1000)[{{.window}}:1m]))")));
  EXPECT_THAT(got.losses, IsEmpty());
  ASSERT_EQ(got.rules.slos.size(), 1U);
  const rules::SloRule& slo = got.rules.slos[0];
  EXPECT_EQ(slo.name, "payments-lag");
  EXPECT_EQ(slo.sli.first.measure->name, "group_topic_lag_records");
  EXPECT_EQ(slo.sli.good.high, 1000);
  EXPECT_TRUE(slo.sli.good.high_is_good);
  EXPECT_EQ(slo.sli.first.scope.select.size(), 2U);
  EXPECT_DOUBLE_EQ(slo.objective, 0.99);
  EXPECT_EQ(slo.window.length, std::chrono::hours(24 * 30));
  EXPECT_EQ(slo.tiers.size(), 4U);
  EXPECT_EQ(slo.runbook, "https://wiki.example.com/lag");
  EXPECT_EQ(slo.owner, "money");
  EXPECT_EQ(slo.description, "not too far behind");
}

TEST(ImportSloth, TakesOverSamplesCountedOverTime) {
  const Imported got = from_sloth(
      sloth("events:\n"
            "        error_query: sum(sum_over_time((kminion_kafka_consumer_group_topic_lag{"
            "group_id=\"pay\",topic_name=\"orders\"} >= bool 50)[{{.window}}:]))\n"
            "        total_query: sum(count_over_time(kminion_kafka_consumer_group_topic_lag{"
            "group_id=\"pay\",topic_name=\"orders\"}[{{.window}}:]))"));
  EXPECT_THAT(got.losses, IsEmpty());
  ASSERT_EQ(got.rules.slos.size(), 1U);
  EXPECT_EQ(got.rules.slos[0].sli.good.high, 50);
  EXPECT_FALSE(got.rules.slos[0].sli.good.high_is_good);
}

TEST(ImportSloth, AMeasureThatIsYesOrNoNeedsNoComparison) {
  const Imported got =
      from_sloth(sloth(raw(R"(1 - avg_over_time(highwater_broker_up{broker="1"}[{{.window}}]))")));
  EXPECT_THAT(got.losses, IsEmpty());
  EXPECT_THAT(got.yaml, HasSubstr("    sli: broker_up\n    select: {broker: \"1\"}\n"
                                  "    good: \"== 1\"\n"));
}

TEST(ImportSloth, LabelsOfAnAggregationBecomeBudgetsOfTheirOwn) {
  const Imported got = from_sloth(sloth(raw(
      R"(max by (consumergroup) (avg_over_time((kafka_consumergroup_lag{topic=~"orders|pay-.*"} > bool 9)[{{.window}}:])))")));
  EXPECT_THAT(got.yaml, HasSubstr("    select: {topic: [\"orders\", \"pay-*\"]}\n"
                                  "    per: [group]\n"));
  EXPECT_THAT(got.losses, ElementsAre(HasSubstr("several rows (topic, partition) share a budget")));
}

TEST(ImportSloth, SaysWhichMetricsMeanNothingHere) {
  const Imported got = from_sloth(
      sloth("events: {error_query: 'sum(rate(http_errors_total[{{.window}}]))', total_query: "
            "'sum(rate(http_requests_total[{{.window}}]))'}"));
  EXPECT_THAT(got.rules.slos, IsEmpty());
  EXPECT_THAT(got.losses,
              ElementsAre("theirs.yaml:9: SLO 'Lag': no measure of Highwater means the same as "
                          "'http_errors_total'"));
  EXPECT_THAT(got.yaml, HasSubstr("#   line 9: SLO 'Lag': no measure of Highwater"));
  EXPECT_THAT(got.yaml, HasSubstr("# Nothing is left"));
}

TEST(ImportSloth, SaysWhatASumOverRowsWouldHide) {
  const Imported got = from_sloth(
      sloth(raw("avg_over_time((sum(kafka_consumergroup_lag) > bool 9)[{{.window}}:])")));
  EXPECT_THAT(
      got.losses,
      ElementsAre(HasSubstr("'sum' over several rows (group, topic, partition) cannot be said")));
}

TEST(ImportSloth, LabelsOfPrometheusAreLeftOutAndSaid) {
  const Imported got = from_sloth(
      sloth(raw(R"(avg_over_time((kafka_brokers{job="kafka"} < bool 3)[{{.window}}:]))")));
  EXPECT_THAT(got.losses, ElementsAre(HasSubstr("the label 'job' is Prometheus' own")));
  ASSERT_EQ(got.rules.slos.size(), 1U);
  EXPECT_EQ(got.rules.slos[0].sli.good.low, 3);
}

TEST(ImportSloth, AlertsThatCouldNeverFireAreLeftOut) {
  const Imported got =
      from_sloth(sloth(raw("avg_over_time((kafka_brokers < bool 3)[{{.window}}:])"), "90"));
  EXPECT_THAT(got.losses, ElementsAre(HasSubstr("1 of its alerts could never fire")));
  ASSERT_EQ(got.rules.slos.size(), 1U);
  EXPECT_EQ(got.rules.slos[0].tiers.size(), 3U);
}

TEST(ImportSloth, ATightObjectiveGetsALeastBadTime) {
  const Imported got =
      from_sloth(sloth(raw("avg_over_time((kafka_brokers < bool 3)[{{.window}}:])"), "99.99"));
  EXPECT_THAT(got.losses, ElementsAre(HasSubstr("'min_bad: 1m' was added")));
  ASSERT_EQ(got.rules.slos.size(), 1U);
  EXPECT_EQ(got.rules.slos[0].min_bad, 60);
}

TEST(ImportSloth, DisabledAlertsTakeTheirTiersWithThem) {
  const Imported got =
      from_sloth(sloth(raw("avg_over_time((kafka_brokers < bool 3)[{{.window}}:])")) +
                 "      page_alert: {disable: true}\n");
  ASSERT_EQ(got.rules.slos.size(), 1U);
  ASSERT_EQ(got.rules.slos[0].tiers.size(), 2U);
  EXPECT_EQ(got.rules.slos[0].tiers[0].severity, Severity::ticket);
}

TEST(ImportSloth, AMissingRunbookIsStoodInForAndSaid) {
  std::string text =
      sloth(raw("avg_over_time((kafka_consumergroup_members < bool 1)[{{.window}}:])"));
  text.resize(text.find("    alerting:"));
  const Imported got = from_sloth(text);
  EXPECT_THAT(got.losses, Contains(HasSubstr("the agent's own 'lag-growing' stands in")));
  ASSERT_EQ(got.rules.slos.size(), 1U);
}

TEST(ImportSloth, ReadsTheKubernetesResourceToo) {
  const Imported got = from_sloth(R"yaml(
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: x}
spec:
  service: payments
  slos:
    - name: brokers
      objective: 99.5
      sli: {raw: {errorRatioQuery: "avg_over_time((kafka_brokers < bool 3)[{{.window}}:])"
}
}
      alerting: {annotations: {runbook_url: "https://wiki.example.com/x"}, ticketAlert: {disable: true}}
)yaml");
  EXPECT_THAT(got.losses, IsEmpty());
  ASSERT_EQ(got.rules.slos.size(), 1U);
  EXPECT_EQ(got.rules.slos[0].tiers.size(), 2U);
}

TEST(ImportSloth, NamesCannotEscapeTheirComment) {
  const Imported got = from_sloth(
      "version: prometheus/v1\nservice: x\nslos:\n  - name: \"a\\nslos: [evil]\"\n    "
      "objective: "
      "99\n    sli: {plugin: {id: p}}\n");
  EXPECT_THAT(got.yaml, HasSubstr("SLO 'a slos: [evil]': its SLI is a plugin"));
  EXPECT_THAT(got.rules.slos, IsEmpty());
}

TEST(ImportSloth, AnAvailabilityWithoutDataIsBad) {
  const Imported got = from_sloth(sloth(
      raw("1 - (avg(avg_over_time(highwater_cluster_reachable[{{.window}}])) or vector(0))")));
  ASSERT_EQ(got.rules.slos.size(), 1U);
  EXPECT_EQ(got.rules.slos[0].no_data, rules::NoData::bad);
  EXPECT_THAT(got.losses, ElementsAre(HasSubstr("'no_data: bad' counts every gap as bad")));
}

TEST(ImportSloth, SeveralDocumentsAreReadWithTheirOwnService) {
  const std::string one = sloth(raw("avg_over_time((kafka_brokers < bool 3)[{{.window}}:])"));
  std::string other = one;
  other.replace(other.find("payments"), 8, "shipping");
  const Imported got = from_sloth("--- # first\n" + one + "---\n" + other + "---\nkind: Other\n");
  ASSERT_EQ(got.rules.slos.size(), 2U);
  EXPECT_EQ(got.rules.slos[1].name, "shipping-lag");
  EXPECT_THAT(got.losses, ElementsAre("theirs.yaml:26: a document is no SLO file of Sloth: left "
                                      "out"));
}

TEST(ImportSloth, ReadsAListOfResources) {
  const Imported got = from_sloth(R"yaml(
apiVersion: v1
kind: List
items:
  - apiVersion: sloth.slok.dev/v1
    kind: PrometheusServiceLevel
    metadata: {name: x, namespace: monitoring, labels: {prometheus: k8s}}
    spec:
      service: payments
      slos:
        - name: brokers
          objective: 99.5
          sli: {raw: {errorRatioQuery: "avg_over_time((kafka_brokers < bool 3)[{{.window}}:])"}}
          alerting: {annotations: {runbook: lag-growing, runbook_url: "https://x"}}
)yaml");
  EXPECT_EQ(got.written, 1U);
  EXPECT_THAT(got.losses,
              ElementsAre(HasSubstr("PrometheusServiceLevel 'x': 'metadata.namespace'"),
                          HasSubstr("PrometheusServiceLevel 'x': 'metadata.labels' was not taken"),
                          HasSubstr("SLO 'brokers': 'alerting.annotations.runbook_url'")));
}

TEST(ImportSloth, AnOwnerIsOneAndATeamStaysALabel) {
  std::string text = sloth(raw("avg_over_time((kafka_brokers < bool 3)[{{.window}}:])"));
  text.replace(text.find("{team: money}"), 13, "{team: money, owner: anna}");
  const Imported got = from_sloth(text);
  ASSERT_EQ(got.rules.slos.size(), 1U);
  EXPECT_EQ(got.rules.slos[0].owner, "anna");
  EXPECT_EQ(got.rules.slos[0].labels,
            (std::vector<std::pair<std::string, std::string>>{{"team", "money"}}));
  EXPECT_THAT(got.losses, IsEmpty());
}

TEST(ImportSloth, RefusesFilesOfOthers) {
  Diagnostics diagnostics;
  EXPECT_FALSE(
      import_sloth("apiVersion: openslo/v1\nkind: SLO\n", "x.yaml", import_context(), diagnostics));
  ASSERT_EQ(diagnostics.size(), 1U);
  EXPECT_THAT(diagnostics[0].advice, HasSubstr("highwater-import openslo"));
}

}  // namespace
}  // namespace highwater::agent
