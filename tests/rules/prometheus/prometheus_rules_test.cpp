#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/core/yaml.h"
#include "rules/language/load.h"
#include "rules/prometheus/promql.h"
#include "rules/prometheus/rules.h"
#include "tests/rules/local_catalogue.h"
#include "tests/rules/slo/slo_text.h"

namespace highwater::rules {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string generated(std::string_view text, const PrometheusOptions& options = {}) {
  Diagnostics diagnostics;
  const auto any_runbook = [](std::string_view) { return true; };
  const RuleSet rules =
      parse_rules(text, "rules.yaml", local_catalogue(), any_runbook, diagnostics);
  EXPECT_EQ(text_of(diagnostics), "");
  return prometheus_rules(rules, options);
}

std::string alert_with(const std::string& line) {
  return "alerts:\n  - name: Test\n    severity: ticket\n    runbook: lag\n    summary: \"x\"\n   "
         " " +
         line + "\n";
}

TEST(PrometheusRules, AreYamlThatNamesEverySlo) {
  const std::string text = generated(slo_with(kTimeSlo, {{"per", "[group, topic]"}}));
  Diagnostics diagnostics;
  const auto root = parse_yaml(text, "prometheus.yaml", diagnostics);
  ASSERT_TRUE(root) << text_of(diagnostics);
  const YamlNode* const groups = root->find("groups");
  ASSERT_EQ(groups->items.size(), 2U);
  EXPECT_EQ(groups->items[0].find("name")->scalar, "highwater slo test");
  // The state, seven windows, four of them long, the tier, and an alert for each tier.
  EXPECT_EQ(groups->items[0].find("rules")->items.size(), 1U + 7 + 4 + 1 + 4);
}

TEST(PrometheusRules, OfSeriesThatAreExportedWithFullDetailSaySo) {
  const auto says_so = [](const std::string& text, MetricsDetail detail) {
    PrometheusOptions options;
    options.detail = detail;
    return generated(text, options).find("metrics: {detail: full}") != std::string::npos;
  };
  const std::pair<const char*, bool> cases[] = {
      {"when: group_lag_records > 100", true},  // per partition: full detail alone
      {"when: partition_leaderless == 1", false},
      {"when: partition_leaderless == 0", true},  // only what holds is exported
      {"when: group_stalled_partitions < 3", true},
      {"when: group_stalled_partitions >= 3", false},
      {"when: group_topic_lag_records > 100", false},
      {"when: cluster_reachable == 0", false},
  };
  for (const auto& [condition, expected] : cases) {
    EXPECT_EQ(says_so(alert_with(condition), MetricsDetail::standard), expected) << condition;
    EXPECT_FALSE(says_so(alert_with(condition), MetricsDetail::full)) << condition;
  }
  const std::string per_partition = slo_with(kTimeSlo, {{"per", "[group, topic]"}});
  EXPECT_TRUE(says_so(per_partition, MetricsDetail::standard));
  EXPECT_FALSE(says_so("slos:\n  - use: partition-availability\n", MetricsDetail::standard));
}

TEST(PrometheusRules, TheBuiltInOnesWorkOnWhatIsExportedByDefault) {
  Diagnostics diagnostics;
  const RuleSet rules = load_rules(
      {}, local_catalogue(), [](std::string_view) { return true; }, diagnostics);
  EXPECT_EQ(text_of(diagnostics), "");
  EXPECT_THAT(need_full_detail(rules), testing::IsEmpty());
}

TEST(PrometheusRules, OfBudgetsKeepTheLabelsOfWhatTheBudgetBelongsTo) {
  EXPECT_THAT(generated(alert_with("when: slo_coverage_ratio < 0.5")),
              HasSubstr("min without (instance, job) (highwater_slo_coverage_ratio < 0.5)"));
}

TEST(PrometheusRules, TimeIsBadPerSubjectWhereAnyRowIs) {
  EXPECT_THAT(generated(slo_with(kTimeSlo, {{"per", "[group]"}})),
              HasSubstr("max by (cluster, group) (highwater_group_lag_seconds > bool 300)"));
}

TEST(PrometheusRules, AWindowHoldsTheSamplesThatHaveLasted) {
  EXPECT_THAT(generated(slo_with(kTimeSlo, {})),
              HasSubstr("avg_over_time(highwater_slo:bad:now{slo=\"test\"}[59m30s] offset 1m)"));
}

TEST(PrometheusRules, ATierWantsBothItsWindowsAndTheEvidenceOfWarmUp) {
  EXPECT_THAT(generated(slo_with(kTimeSlo, {})),
              HasSubstr("((highwater_slo:bad_ratio:1h{slo=\"test\"} * "
                        "highwater_slo:filled:1h{slo=\"test\"} / (1 - 0.995) > 14.4 * 1.000000001\n"
                        "            or highwater_slo:bad_ratio:1h{slo=\"test\"} / (1 - 0.995) > "
                        "14.4 * 1.000000001 and "
                        "last_over_time(highwater_slo:tier{slo=\"test\"}[1m30s]) == 1)\n"
                        "            and highwater_slo:bad_ratio:5m{slo=\"test\"} / (1 - 0.995) > "
                        "14.4 * 1.000000001) * 0 + 1"));
}

TEST(PrometheusRules, MinBadIsACondition) {
  const std::string text = generated(slo_with(kTimeSlo, {{"min_bad", "90s"}}));
  EXPECT_THAT(text, HasSubstr("[4m30s] offset 1m) * 60 >= 90 * 0.999999999"));
  EXPECT_THAT(generated(slo_with(kEventSlo, {{"min_bad", "7"}})),
              HasSubstr("sum_over_time(highwater_slo:bad:increase{slo=\"test\"}[4m30s]) >= 7 *"));
}

TEST(PrometheusRules, AnAlertThatStaysRemembersItsTier) {
  EXPECT_THAT(generated(slo_with(kTimeSlo, {{"keep_firing_for", "3m"}})),
              HasSubstr("and last_over_time(highwater_slo:tier{slo=\"test\"}[3m30s]) == 2"));
}

TEST(PrometheusRules, EventsAreCountedFromTheLastValueThatWasKnown) {
  EXPECT_THAT(generated(slo_with(kEventSlo, {})),
              HasSubstr("(highwater_topic_records_total - "
                        "last_over_time(highwater_topic_records_total[1h] offset 1m) >= 0)"));
}

TEST(PrometheusRules, GoodEventsAreTakenFromTheTotalOfEachWindow) {
  const std::string text = generated(slo_with(
      kEventSlo, {{"sli", "{good: topic_records_failed_total, total: topic_records_total}"}}));
  EXPECT_THAT(text, HasSubstr("1 - clamp_max(sum_over_time(highwater_slo:good:increase{slo="));
  // The share of the budget's window as a whole is taken from 1.
  EXPECT_THAT(text, HasSubstr("1 - (1 - clamp_max(sum_over_time(highwater_slo:good:increase{slo="));
}

TEST(PrometheusRules, WhatIsMissingCountsAsNoDataSaysForAnHour) {
  EXPECT_THAT(generated(slo_with(kTimeSlo, {{"no_data", "bad"}})),
              HasSubstr("group by (cluster) (last_over_time(highwater_group_lag_seconds[1h]))\n"));
  EXPECT_THAT(generated(slo_with(kTimeSlo, {{"no_data", "good"}})),
              HasSubstr("(last_over_time(highwater_group_lag_seconds[1h])) * 0\n"));
}

TEST(PrometheusRules, ARateIsAddedUpOverRowsThatAreCountedOnce) {
  EXPECT_THAT(
      generated(alert_with("when: rate(records_failed_total, 5m) > 10/s\n    per: [group]\n"
                           "    select: {topic: orders}")),
      HasSubstr("expr: |-\n          sum by (cluster, group) (max by (cluster, group, topic) "
                "(rate(highwater_records_failed_total{topic=\"orders\"}[5m]))) > 10\n"));
}

TEST(PrometheusRules, ARatioIsOneOfIncreases) {
  const std::string text =
      generated(alert_with("when: ratio(topic_records_failed_total, topic_records_total, 5m) > 1%\n"
                           "    min_events: 200"));
  EXPECT_THAT(text, HasSubstr("(increase(highwater_topic_records_failed_total[5m])))"));
  EXPECT_THAT(text, HasSubstr("> 0.01\n"));
  EXPECT_THAT(text, HasSubstr("(increase(highwater_topic_records_total[5m]))) >= 200\n"));
}

TEST(PrometheusRules, ThePastIsAnOffset) {
  EXPECT_THAT(generated(alert_with("when: group_lag_records_max > 3x 1h ago")),
              HasSubstr("max by (cluster, group) (max by (cluster, group) "
                        "(highwater_group_lag_records_max) > 3 * (max by (cluster, group) "
                        "(highwater_group_lag_records_max offset 1h) > 0))"));
  EXPECT_THAT(
      generated(alert_with("when: group_lag_records_max < 0.5x 1h ago\n    min_value: 100")),
      HasSubstr("< 0.5 * (max by (cluster, group) "
                "(highwater_group_lag_records_max offset 1h) >= 100)"));
}

TEST(PrometheusRules, ShortWindowsAreEvaluatedMoreOften) {
  EXPECT_THAT(generated(slo_with(kTimeSlo, {{"window", "7d"}})), HasSubstr("interval: 15s"));
  EXPECT_THAT(generated(slo_with(kTimeSlo, {})), HasSubstr("interval: 1m"));
  PrometheusOptions options;
  options.interval = std::chrono::seconds(20);
  EXPECT_THAT(generated(slo_with(kTimeSlo, {}), options), HasSubstr("interval: 20s"));
}

TEST(PrometheusRules, SelectionsAreMatchers) {
  const std::string text =
      generated(slo_with(kTimeSlo, {{"select", "{group: [\"pay.*-?\", plain], topic: orders}"},
                                    {"exclude", "{group: '/^a\"b|c$/', topic: [x, y]}"}}));
  EXPECT_THAT(text, HasSubstr(R"({group=~"pay\\..*-.|plain",topic="orders",)"
                              R"(group!~".*(?:^a\"b|c$).*",topic!~"x|y"} > bool 300)"));
}

TEST(PrometheusRules, EveryFormOfGoodHasItsOpposite) {
  const auto bad = [](const std::string& good) {
    const std::string text = generated(slo_with(kTimeSlo, {{"good", good}}));
    const size_t begin = text.find("max by (cluster) (") + 18;
    return text.substr(begin, text.find('\n', begin) - begin - 1);
  };
  const std::string lag = "highwater_group_lag_seconds";
  EXPECT_EQ(bad("\"< 5m\""), lag + " >= bool 300");
  EXPECT_EQ(bad("\">= 5m\""), lag + " < bool 300");
  EXPECT_EQ(bad("\"> 5m\""), lag + " <= bool 300");
  EXPECT_EQ(bad("\"== 0\""), lag + " != bool 0");
  EXPECT_EQ(bad("\"!= 3s\""), lag + " == bool 3");
  EXPECT_EQ(bad("\"between 1s and 5s\""), "(" + lag + " < bool 1) + (" + lag + " > bool 5)");
}

TEST(PrometheusRules, AlertsKeepTheirTimesAndTheirSubjects) {
  const std::string text = generated(alert_with(
      "when: group_lag_records > 100.5\n    per: [topic]\n    for: 2m\n    keep_firing_for: 5m"));
  EXPECT_THAT(text, HasSubstr("max by (cluster, topic) (highwater_group_lag_records > 100.5)"));
  EXPECT_THAT(text, HasSubstr("        for: 2m\n        keep_firing_for: 5m\n"));
}

TEST(PrometheusRules, TwoMeasuresAreJoinedOnTheRightOnesDimensions) {
  EXPECT_THAT(
      generated(alert_with("when: partition_in_sync_replicas <= topic_min_insync_replicas")),
      HasSubstr("min by (cluster, topic, partition) (highwater_partition_in_sync_replicas <= "
                "on (cluster, topic) group_left () max by (cluster, topic) "
                "(highwater_topic_min_insync_replicas))"));
}

TEST(PrometheusRules, PlaceholdersBecomeTemplates) {
  const std::string text = generated(
      "alerts:\n  - name: Test\n    severity: page\n    runbook: lag\n    for: 5m\n"
      "    when: broker_response_seconds > 1s\n"
      "    summary: \"{broker} \\\"of\\\" {cluster} in {value} for {since}: {note}\"\n");
  EXPECT_THAT(text, HasSubstr(R"(summary: "{{ $labels.broker }} \"of\" {{ $labels.cluster }} in )"
                              R"({{ $value | humanizeDuration }} for more than 5 min")"));
}

TEST(PrometheusRules, RunbooksAreUrls) {
  PrometheusOptions options;
  options.external_url = "https://highwater.example";
  EXPECT_THAT(generated(slo_with(kTimeSlo, {}), options),
              HasSubstr("runbook_url: \"https://highwater.example/runbooks/lag\""));
  EXPECT_THAT(generated(slo_with(kTimeSlo, {{"runbook", "https://wiki.example/lag"}}), options),
              HasSubstr("runbook_url: \"https://wiki.example/lag\""));
}

TEST(PrometheusRules, TextsOfPeopleAreNoTemplates) {
  const std::string text = generated(slo_with(kTimeSlo, {{"owner", "\"a {{ b }}\""}}));
  EXPECT_THAT(text, HasSubstr("owner: \"a {{ `{{` }} b }}\""));
}

TEST(PrometheusRules, NameTheMaintenanceWhoseTimeTheyCount) {
  const auto window = [](const char* name, std::vector<std::string> matchers, bool excludes) {
    Silence silence;
    silence.name = name;
    silence.matcher = Matcher::parse(matchers).value();
    silence.excludes_budget = excludes;
    return silence;
  };
  PrometheusOptions options;
  options.maintenance = {
      window("night", {"topic=orders", "cluster=prod"}, true),
      window("team", {"team=payments"}, true), window("hides-only", {"topic=orders"}, false),
      window("other-slo", {"alertname=Other"}, true), window("no-such-label", {"broker=3"}, true)};
  const std::string text = generated(
      slo_with(kTimeSlo, {{"per", "[group, topic]"}, {"select", "{topic: orders}"}}), options);
  EXPECT_THAT(text, HasSubstr("#  * test: night (topic=orders cluster=prod, once)\n"));
  EXPECT_THAT(text, HasSubstr("#  * test: team (team=payments, once)\n"));
  for (const char* const name : {"hides-only", "other-slo", "no-such-label", "not-selected"})
    EXPECT_THAT(text, Not(HasSubstr(name)));
  EXPECT_THAT(generated(slo_with(kTimeSlo, {})), Not(HasSubstr("budget: exclude")));
}

TEST(PrometheusRules, WithoutRulesThereAreNoGroups) {
  EXPECT_THAT(prometheus_rules({}, {}), HasSubstr("groups: []\n"));
}

TEST(Promql, WhatStandsInQuotesIsAscii) {
  EXPECT_EQ(promql::quoted("a\"b\\c`\n\x7f"), R"("a\"b\\c\x60\x0a\x7f")");
  EXPECT_EQ(promql::quoted("\xc3\xa4 \xf0\x9f\x98\x80"), R"("\u00e4 \U0001f600")");
  EXPECT_EQ(promql::quoted("\xff"), R"("\ufffd")");
  EXPECT_EQ(promql::quoted("\xe2\x82"), R"("\ufffd")");
}

TEST(Promql, YamlKeepsLettersAndEscapesWhatBreaksLines) {
  EXPECT_EQ(promql::yaml_quoted("\xc3\xa4: \"x\"\n\\"), "\"\xc3\xa4: \\\"x\\\"\\n\\\\\"");
  EXPECT_EQ(promql::yaml_quoted("\xe2\x80\xa8\xc2\x85\t"), R"("\u2028\u0085\x09")");
}

}  // namespace
}  // namespace highwater::rules
