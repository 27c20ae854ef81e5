// SLOs of OpenSLO as rules of ours.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/import/openslo.h"
#include "import_support.h"

namespace highwater::agent {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

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
  EXPECT_THAT(got.losses, ElementsAre(HasSubstr("it names no runbook"),
                                      HasSubstr("its time slices of 1m count as a whole")));
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
  EXPECT_THAT(got.losses, ElementsAre(HasSubstr("SLI 'lag' was not taken over: no SLO uses it"),
                                      "theirs.yaml:14: SLO 'Payments Lag': there is no SLI 'log' "
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

TEST(ImportOpenSlo, TimeSlicesOfARatioAreSaid) {
  const std::string text = R"(apiVersion: openslo/v1
kind: SLO
metadata: {name: replicated, annotations: {runbook: under-replicated}}
spec:
  indicator:
    metadata: {name: x}
    spec:
      ratioMetric:
        counter: true
        bad: {metricSource: {spec: {query: 'sum(highwater_records_failed_total)'}}}
        total: {metricSource: {spec: {query: 'sum(highwater_records_total)'}}}
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.99}]
)";
  EXPECT_THAT(from_openslo(text).losses, IsEmpty());
  const std::string slices = with(text, "Occurrences", "Timeslices");
  EXPECT_THAT(from_openslo(slices).losses,
              ElementsAre(HasSubstr("it counts time slices; here events are counted")));
  EXPECT_THAT(from_openslo(with(slices, "{target: 0.99}",
                                "{target: 0.99, timeSliceTarget: 0.9, timeSliceWindow: 5m}"))
                  .losses,
              ElementsAre(HasSubstr("it counts time slices of 5m with 90% good events")));
  EXPECT_THAT(from_openslo(with(text, "counter: true", "counter: false")).losses,
              ElementsAre(HasSubstr("count since their processes began")));
}

TEST(ImportOpenSlo, LabelsOfTheMetadataAreTakenOver) {
  const Imported got =
      from_openslo(with(kOpenSlo, "{name: Payments Lag}",
                        "{name: Payments Lag, labels: {owner: money, area: [x], areas: [y, z]}}"));
  ASSERT_EQ(got.rules.slos.size(), 1U);
  EXPECT_EQ(got.rules.slos[0].owner, "money");
  EXPECT_EQ(got.rules.slos[0].labels, (std::vector<std::pair<std::string, std::string>>{
                                          {"service", "payments"}, {"area", "x"}}));
  EXPECT_THAT(got.losses, Contains(HasSubstr("'metadata.labels.areas' was not taken over")));
}

TEST(ImportOpenSlo, AWindowThatDoesNotRollIsTheCalendars) {
  const Imported month = from_openslo(
      with(kOpenSlo, "{duration: 4w, isRolling: true}", "{duration: 1M, isRolling: false}"));
  EXPECT_THAT(month.losses, Contains(HasSubstr("it does not roll and has no calendar")));
  ASSERT_EQ(month.rules.slos.size(), 1U);
  EXPECT_EQ(month.rules.slos[0].window.kind, rules::SloWindow::Kind::month);
  const Imported weeks = from_openslo(
      with(kOpenSlo, "{duration: 4w, isRolling: true}", "{duration: 4w, isRolling: false}"));
  EXPECT_EQ(weeks.written, 0U);
  EXPECT_THAT(weeks.losses, Contains(HasSubstr("there is no calendar window of '4w'")));
}

TEST(ImportOpenSlo, ARollingMonthIsThirtyDaysAndSaid) {
  const Imported got = from_openslo(with(kOpenSlo, "duration: 4w", "duration: 1M"));
  EXPECT_THAT(got.losses, Contains(HasSubstr("its window '1M' became the last 30d")));
}

TEST(ImportOpenSlo, SaysWhatIsThereTwice) {
  const Imported got = from_openslo(std::string(kOpenSlo) + "---\n" + kOpenSlo);
  EXPECT_THAT(got.losses, Contains(HasSubstr("SLI 'lag': there is another one")));
  EXPECT_THAT(got.losses, Contains(HasSubstr("this one is called 'payments-lag-2'")));
  EXPECT_EQ(got.written, 2U);
}

TEST(ImportOpenSlo, QueriesForOthersAreSaid) {
  const Imported got = from_openslo(with(kOpenSlo, "type: Prometheus", "type: Datadog"));
  EXPECT_EQ(got.written, 0U);
  EXPECT_THAT(got.losses, Contains(HasSubstr("its queries are for 'Datadog'")));
}

TEST(ImportOpenSlo, DocumentsOfOthersAreSaid) {
  const Imported got = from_openslo(std::string(kOpenSlo) + "--- {kind: ConfigMap}\n");
  EXPECT_EQ(got.written, 1U);
  EXPECT_THAT(got.losses, Contains("theirs.yaml:24: a document is no OpenSLO: left out"));
}

TEST(ImportOpenSlo, RefusesWhatIsNoYaml) {
  Diagnostics diagnostics;
  EXPECT_FALSE(import_openslo("a: [", "x.yaml", import_context(), diagnostics));
  EXPECT_FALSE(diagnostics.empty());
  Diagnostics empty;
  EXPECT_FALSE(import_openslo("---\n---\n", "x.yaml", import_context(), empty));
  EXPECT_EQ(empty.size(), 1U);
}

TEST(ImportOpenSlo, NamesTheLineOfALaterDocument) {
  Diagnostics diagnostics;
  EXPECT_FALSE(import_openslo("apiVersion: openslo/v1\nkind: Service\n---\na: b\na: c\n", "x.yaml",
                              import_context(), diagnostics));
  ASSERT_EQ(diagnostics.size(), 1U);
  EXPECT_EQ(diagnostics[0].line, 5);
}

}  // namespace
}  // namespace highwater::agent
