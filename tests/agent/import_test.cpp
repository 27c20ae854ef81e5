// SLOs of Sloth and OpenSLO as rules of ours.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/agent.h"
#include "agent/import/openslo.h"
#include "agent/import/sloth.h"
#include "rules/language/load.h"

namespace highwater::agent {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const ImportContext& context() {
  static const ImportContext instance{catalogue(), [](std::string_view name) {
                                        return name == "lag-growing" || name == "under-replicated";
                                      }};
  return instance;
}

struct Imported {
  std::string yaml;
  std::vector<std::string> losses;
  rules::RuleSet rules;
};

template <class Importer>
Imported imported(Importer importer, std::string_view text) {
  Diagnostics diagnostics;
  std::optional<Import> import = importer(text, "theirs.yaml", context(), diagnostics);
  for (const Diagnostic& diagnostic : diagnostics) ADD_FAILURE() << diagnostic.text();
  Imported result;
  if (!import) return result;
  result.yaml = write_rules(*import, context());
  for (const Loss& loss : import->losses) result.losses.push_back(loss_text(*import, loss));
  if (result.yaml.find("\nslos:\n") == std::string::npos) return result;
  // Whatever comes out has to pass `highwater check`.
  result.rules = rules::parse_rules(result.yaml, "ours.yaml", catalogue(), context().runbook_exists,
                                    diagnostics);
  for (const Diagnostic& diagnostic : diagnostics)
    ADD_FAILURE() << diagnostic.text() << "\n" << result.yaml;
  return result;
}

Imported from_sloth(std::string_view text) {
  return imported(import_sloth, text);
}

Imported from_openslo(std::string_view text) {
  return imported(import_openslo, text);
}

std::string sloth(const std::string& sli, const std::string& objective = "99") {
  return "version: prometheus/v1\n"
         "service: payments\n"
         "labels: {team: money}\n"
         "slos:\n"
         "  - name: Lag\n"
         "    objective: " +
         objective +
         "\n"
         "    description: not too far behind\n"
         "    sli:\n      " +
         sli +
         "\n"
         "    alerting:\n"
         "      annotations: {runbook: \"https://wiki.example.com/lag\"}\n";
}

std::string raw(const std::string& query) {
  return "raw: {error_ratio_query: '" + query + "'}";
}

TEST(ImportSloth, TakesOverTheShareOfTimeInWhichAMetricWasTooHigh) {
  const Imported got = from_sloth(sloth(raw(
      R"(avg_over_time((kafka_consumergroup_lag_sum{consumergroup="pay",topic="orders"} > bool 1000)[{{.window}}:1m]))")));
  EXPECT_THAT(got.losses, IsEmpty());
  ASSERT_EQ(got.rules.slos.size(), 1U);
  const rules::SloRule& slo = got.rules.slos[0];
  EXPECT_EQ(slo.name, "payments-lag");
  EXPECT_EQ(slo.sli.first.measure->name, "group_lag_records_sum");
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
      R"(max by (consumergroup) (avg_over_time((kafka_consumergroup_lag{topic=~"orders|pay-.*"} > bool 9)[5m:])))")));
  EXPECT_THAT(got.yaml, HasSubstr("    select: {topic: [\"orders\", \"pay-*\"]}\n"
                                  "    per: [group]\n"));
  EXPECT_THAT(got.losses, ElementsAre(HasSubstr("several rows (topic) share a budget")));
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
  const Imported got =
      from_sloth(sloth(raw("avg_over_time((sum(kafka_consumergroup_lag) > bool 9)[5m:])")));
  EXPECT_THAT(got.losses, ElementsAre(HasSubstr("'sum' over several rows cannot be said")));
}

TEST(ImportSloth, LabelsOfPrometheusAreLeftOutAndSaid) {
  const Imported got =
      from_sloth(sloth(raw(R"(avg_over_time((kafka_brokers{job="kafka"} < bool 3)[5m:]))")));
  EXPECT_THAT(got.losses, ElementsAre(HasSubstr("the label 'job' is Prometheus' own")));
  ASSERT_EQ(got.rules.slos.size(), 1U);
  EXPECT_EQ(got.rules.slos[0].sli.good.low, 3);
}

TEST(ImportSloth, AlertsThatCouldNeverFireAreLeftOut) {
  const Imported got = from_sloth(sloth(raw("avg_over_time((kafka_brokers < bool 3)[5m:])"), "90"));
  EXPECT_THAT(got.losses, ElementsAre(HasSubstr("1 of its alerts could never fire")));
  ASSERT_EQ(got.rules.slos.size(), 1U);
  EXPECT_EQ(got.rules.slos[0].tiers.size(), 3U);
}

TEST(ImportSloth, ATightObjectiveGetsALeastBadTime) {
  const Imported got =
      from_sloth(sloth(raw("avg_over_time((kafka_brokers < bool 3)[5m:])"), "99.99"));
  EXPECT_THAT(got.losses, ElementsAre(HasSubstr("'min_bad: 1m' was added")));
  ASSERT_EQ(got.rules.slos.size(), 1U);
  EXPECT_EQ(got.rules.slos[0].min_bad, 60);
}

TEST(ImportSloth, DisabledAlertsTakeTheirTiersWithThem) {
  const Imported got = from_sloth(sloth(raw("avg_over_time((kafka_brokers < bool 3)[5m:])")) +
                                  "      page_alert: {disable: true}\n");
  ASSERT_EQ(got.rules.slos.size(), 1U);
  ASSERT_EQ(got.rules.slos[0].tiers.size(), 2U);
  EXPECT_EQ(got.rules.slos[0].tiers[0].severity, Severity::ticket);
}

TEST(ImportSloth, AMissingRunbookIsStoodInForAndSaid) {
  std::string text = sloth(raw("avg_over_time((kafka_consumergroup_members < bool 1)[5m:])"));
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

TEST(ImportSloth, RefusesFilesOfOthers) {
  Diagnostics diagnostics;
  EXPECT_FALSE(
      import_sloth("apiVersion: openslo/v1\nkind: SLO\n", "x.yaml", context(), diagnostics));
  ASSERT_EQ(diagnostics.size(), 1U);
  EXPECT_THAT(diagnostics[0].advice, HasSubstr("import openslo"));
}

constexpr const char* kOpenSlo = R"(apiVersion: openslo/v1
kind: SLI
metadata: {name: lag}
spec:
  thresholdMetric:
    metricSource:
      type: Prometheus
      spec: {query: 'max by (group) (kafka_consumergroup_group_max_lag{group=~"pay.*"})'}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: Payments Lag}
spec:
  service: payments
  indicatorRef: lag
  budgetingMethod: Timeslices
  timeWindow: [{duration: 4w, isRolling: true}]
  objectives:
    - {op: lte, value: 500, target: 0.995, timeSliceTarget: 1, timeSliceWindow: 1m}
---
apiVersion: openslo/v1
kind: Service
metadata: {name: payments}
)";

TEST(ImportOpenSlo, TakesOverAThresholdOnAGaugeFromSeveralDocuments) {
  const Imported got = from_openslo(kOpenSlo);
  EXPECT_THAT(got.losses, ElementsAre(HasSubstr("it names no runbook")));
  ASSERT_EQ(got.rules.slos.size(), 1U);
  const rules::SloRule& slo = got.rules.slos[0];
  EXPECT_EQ(slo.name, "payments-lag");
  EXPECT_EQ(slo.sli.first.measure->name, "group_lag_records_max");
  EXPECT_EQ(slo.sli.good.high, 500);
  EXPECT_EQ(slo.window.length, std::chrono::hours(24 * 28));
  EXPECT_DOUBLE_EQ(slo.objective, 0.995);
  EXPECT_EQ(slo.labels,
            (std::vector<std::pair<std::string, std::string>>{{"service", "payments"}}));
}

std::string with(std::string text, const std::string& before, const std::string& after) {
  text.replace(text.find(before), before.size(), after);
  return text;
}

TEST(ImportOpenSlo, ACalendarMonthIsOne) {
  const Imported got = from_openslo(with(kOpenSlo, "{duration: 4w, isRolling: true}",
                                         "{duration: 1M, calendar: {startTime: 2024-01-01 "
                                         "00:00:00, timeZone: Europe/Berlin}}"));
  EXPECT_THAT(got.losses, Contains(HasSubstr("its calendar windows begin with")));
  ASSERT_EQ(got.rules.slos.size(), 1U);
  EXPECT_EQ(got.rules.slos[0].window.kind, rules::SloWindow::Kind::month);
  EXPECT_EQ(got.rules.slos[0].window.time_zone, "Europe/Berlin");
}

TEST(ImportOpenSlo, EachObjectiveIsAnSloOfItsOwn) {
  const Imported got = from_openslo(
      with(kOpenSlo, "  objectives:\n",
           "  objectives:\n    - {displayName: far, op: lt, value: 9000, target: 0.99}\n"));
  ASSERT_EQ(got.rules.slos.size(), 2U);
  EXPECT_EQ(got.rules.slos[0].name, "payments-lag-far");
  EXPECT_EQ(got.rules.slos[1].name, "payments-lag-99-5");
}

TEST(ImportOpenSlo, SaysThatAnIndicatorIsMissing) {
  const Imported got = from_openslo(with(kOpenSlo, "indicatorRef: lag", "indicatorRef: log"));
  EXPECT_THAT(got.losses, ElementsAre("theirs.yaml:14: SLO 'Payments Lag': there is no SLI 'log' "
                                      "in this file"));
}

TEST(ImportOpenSlo, AlertPoliciesAreSaid) {
  const Imported got = from_openslo(
      std::string(kOpenSlo) +
      "---\napiVersion: openslo/v1\nkind: AlertPolicy\nmetadata: {name: fast}\nspec: {}\n");
  EXPECT_THAT(got.losses, Contains(HasSubstr("AlertPolicy 'fast' was not taken over")));
}

TEST(ImportOpenSlo, ARatioOfGoodTimeIsTakenOver) {
  const Imported got = from_openslo(R"(apiVersion: openslo/v1
kind: SLO
metadata: {name: replicated}
spec:
  indicator:
    metadata: {name: x}
    spec:
      ratioMetric:
        rawType: success
        raw:
          metricSource:
            spec: {query: '1 - avg_over_time(kafka_topic_partition_under_replicated_partition{topic="orders",partition="0"}[5m])'}
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{targetPercent: 99.9}]
)");
  EXPECT_THAT(got.losses, ElementsAre(HasSubstr("it names no runbook")));
  ASSERT_EQ(got.rules.slos.size(), 1U);
  EXPECT_EQ(got.rules.slos[0].sli.good.high, 0);
  EXPECT_EQ(got.rules.slos[0].runbook, "under-replicated");
}

TEST(ImportOpenSlo, RefusesWhatIsNoYaml) {
  Diagnostics diagnostics;
  EXPECT_FALSE(import_openslo("a: [", "x.yaml", context(), diagnostics));
  EXPECT_FALSE(diagnostics.empty());
  Diagnostics empty;
  EXPECT_FALSE(import_openslo("---\n---\n", "x.yaml", context(), empty));
  EXPECT_EQ(empty.size(), 1U);
}

TEST(ImportOpenSlo, NamesTheLineOfALaterDocument) {
  Diagnostics diagnostics;
  EXPECT_FALSE(import_openslo("apiVersion: openslo/v1\nkind: Service\n---\na: b\na: c\n", "x.yaml",
                              context(), diagnostics));
  ASSERT_EQ(diagnostics.size(), 1U);
  EXPECT_EQ(diagnostics[0].line, 5);
}

}  // namespace
}  // namespace highwater::agent
