// SLOs that are right, and what becomes of them.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/rules/local_catalogue.h"
#include "tests/rules/slo/slo_text.h"

namespace highwater::rules {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<SloRule> load(std::string_view text) {
  Diagnostics diagnostics;
  RuleSet rules = load_slos(text, diagnostics);
  EXPECT_EQ(text_of(diagnostics), "") << text;
  return std::move(rules.slos);
}

SloRule load_one(const Lines& slo, const Lines& changes) {
  auto slos = load(slo_with(slo, changes));
  return slos.size() == 1 ? slos.front() : SloRule{};
}

TEST(SloLoader, ReadsEveryKeyOfAnSloThatJudgesTime) {
  const auto slos = load(R"(
slos:
  - name: payments-lag
    sli: group_lag_seconds
    select: {group: ["payments-*", "/^pay/"]}
    exclude: {topic: test}
    per: [topic, group]
    good: "<= 5m"
    objective: 99.9%
    window: month
    time_zone: Europe/Berlin
    tiers:
      - {burn: 2, long: 1d, short: 2h, severity: ticket}
      - {burn: 6, long: 6h, severity: page}
      - {burn: 14.4, long: 1h, short: 6m, severity: page}
    min_bad: 1m30s
    no_data: bad
    min_coverage: 80%
    keep_firing_for: 2m
    max_entities: 500
    runbook: lag
    owner: Team Payments
    summary: "{slo} {objective} {window} {burn} {left} {exhausted_in} {tier} {value} {note} {group}"
    description: "More about {topic} of {cluster}"
    labels: {team: data}
    enabled: true
)");
  ASSERT_EQ(slos.size(), 1U);
  const SloRule& slo = slos[0];
  EXPECT_EQ(slo.name, "payments-lag");
  EXPECT_FALSE(slo.sli.is_events());
  EXPECT_EQ(slo.sli.first.measure, local_catalogue().find("group_lag_seconds"));
  const RowScope& scope = slo.sli.first.scope;
  ASSERT_EQ(scope.select.size(), 1U);
  EXPECT_EQ(scope.select[0].dimension, 1);
  EXPECT_EQ(scope.select[0].patterns.size(), 2U);
  ASSERT_EQ(scope.exclude.size(), 1U);
  EXPECT_EQ(scope.exclude[0].dimension, 2);
  EXPECT_TRUE(scope.aggregated);
  EXPECT_THAT(scope.per, testing::ElementsAre(0, 1, 2));
  EXPECT_THAT(subject_dimensions(slo), testing::ElementsAre("cluster", "group", "topic"));
  EXPECT_TRUE(slo.sli.good.contains(300));
  EXPECT_FALSE(slo.sli.good.contains(300.1));
  EXPECT_EQ(slo.objective, 0.999);  // exactly
  EXPECT_EQ(slo.window.kind, SloWindow::Kind::month);
  EXPECT_EQ(slo.window.length, hours(24 * 30));
  EXPECT_EQ(slo.window.time_zone, "Europe/Berlin");
  ASSERT_EQ(slo.tiers.size(), 3U);
  EXPECT_DOUBLE_EQ(slo.tiers[0].factor, 14.4);
  EXPECT_EQ(slo.tiers[0].short_window, minutes(6));
  EXPECT_DOUBLE_EQ(slo.tiers[1].factor, 6);
  EXPECT_EQ(slo.tiers[1].short_window, minutes(30)) << "a twelfth by default";
  EXPECT_EQ(slo.tiers[2].severity, Severity::ticket);
  EXPECT_DOUBLE_EQ(slo.min_bad, 90);
  EXPECT_EQ(slo.no_data, NoData::bad);
  EXPECT_DOUBLE_EQ(slo.min_coverage, 0.8);
  EXPECT_EQ(slo.keep_firing_for, minutes(2));
  EXPECT_EQ(slo.max_entities, 500U);
  EXPECT_EQ(slo.runbook, "lag");
  EXPECT_EQ(slo.owner, "Team Payments");
  EXPECT_EQ(slo.description, "More about {topic} of {cluster}");
  EXPECT_THAT(slo.labels, testing::ElementsAre(testing::Pair("team", "data")));
  EXPECT_EQ(slo.where, "slos.yaml:3");
}

TEST(SloLoader, WhatIsNotSaidHasADefault) {
  const SloRule slo = load_one(kTimeSlo, {});
  EXPECT_THAT(slo.sli.first.scope.per, testing::ElementsAre(0)) << "a budget for each cluster";
  EXPECT_TRUE(slo.sli.first.scope.aggregated);
  EXPECT_EQ(slo.window.kind, SloWindow::Kind::rolling);
  EXPECT_EQ(slo.window.time_zone, "");
  EXPECT_EQ(slo.tiers.size(), 4U);
  EXPECT_DOUBLE_EQ(slo.min_bad, 0);
  EXPECT_EQ(slo.no_data, NoData::hold);
  EXPECT_DOUBLE_EQ(slo.min_coverage, 0.5);
  EXPECT_EQ(slo.max_entities, 10'000U);
  EXPECT_EQ(slo.summary,
            "{slo}: group_lag_seconds {now:is|was} {value}, good is <= 5m ({cluster}), {budget}");
  EXPECT_EQ(load_one(kTimeSlo, {{"per", "[topic, group]"}}).summary,
            "{slo}: group_lag_seconds of {group}, {topic} {now:is|was} {value}, good is <= 5m "
            "({cluster}), {budget}");
  EXPECT_EQ(load_one(kEventSlo, {}).summary,
            "{slo}: {value} of the events {now:are|were} bad ({cluster}), {budget}");
}

TEST(SloLoader, ReadsAnSloThatCountsEvents) {
  const SloRule slo =
      load_one(kEventSlo, {{"per", "[topic]"}, {"select", "{topic: orders}"}, {"min_bad", "10"}});
  ASSERT_TRUE(slo.sli.is_events());
  EXPECT_EQ(slo.sli.first.measure, local_catalogue().find("topic_records_failed_total"));
  EXPECT_EQ(slo.sli.total->measure, local_catalogue().find("topic_records_total"));
  EXPECT_FALSE(slo.sli.first_is_good);
  EXPECT_DOUBLE_EQ(slo.min_bad, 10);
  EXPECT_TRUE(load_one(kEventSlo, {{"sli",
                                    "{good: topic_records_failed_total, "
                                    "total: topic_records_total}"}})
                  .sli.first_is_good);
}

TEST(SloLoader, TheScopeOfAnEventSloIsThatOfBothCountersInTheOrderOfEach) {
  const SloRule slo = load_one(kEventSlo, {{"sli",
                                            "{bad: topic_records_failed_total, total: "
                                            "group_records_read_total}"},
                                           {"per", "[topic]"},
                                           {"select", "{topic: orders}"}});
  ASSERT_TRUE(slo.sli.is_events());
  EXPECT_THAT(slo.sli.first.scope.per, testing::ElementsAre(0, 1));
  EXPECT_THAT(slo.sli.total->scope.per, testing::ElementsAre(0, 2));
  EXPECT_EQ(slo.sli.first.scope.select.at(0).dimension, 1);
  EXPECT_EQ(slo.sli.total->scope.select.at(0).dimension, 2);
  EXPECT_THAT(subject_dimensions(slo), testing::ElementsAre("cluster", "topic"));
}

TEST(SloLoader, ReadsObjectivesExactly) {
  const std::vector<std::pair<std::string, double>> cases{
      {"99.9%", 0.999},   {"99.5 %", 0.995},  {"0.995", 0.995},    {"99%", 0.99},
      {"99.95%", 0.9995}, {"99.73%", 0.9973}, {"\"99.1%\"", 0.991}};
  for (const auto& [text, objective] : cases) {
    EXPECT_EQ(load_one(kTimeSlo, {{"objective", text}, {"min_bad", "30s"}}).objective, objective)
        << text;
  }
}

TEST(SloLoader, ReadsWindows) {
  using Kind = SloWindow::Kind;
  const std::vector<std::tuple<std::string, Kind, Duration>> cases{
      {"7d", Kind::rolling, hours(24 * 7)},   {"4w", Kind::rolling, hours(24 * 28)},
      {"90d", Kind::rolling, hours(24 * 90)}, {"week", Kind::week, hours(24 * 7)},
      {"month", Kind::month, hours(24 * 30)}, {"quarter", Kind::quarter, hours(24 * 90)}};
  for (const auto& [text, kind, length] : cases) {
    const SloRule slo = load_one(kTimeSlo, {{"window", text}});
    EXPECT_EQ(slo.window.kind, kind) << text;
    EXPECT_EQ(slo.window.length, length) << text;
    EXPECT_EQ(slo.window.time_zone, kind == Kind::rolling ? "" : "UTC") << text;
  }
}

struct GoodCase {
  std::string text;
  std::vector<double> good;
  std::vector<double> bad;
};

TEST(SloLoader, ReadsWhichValuesAreGood) {
  const std::vector<GoodCase> cases{{"\"<= 1000\"", {-5, 0, 1000}, {1000.5, kInfinity}},
                                    {"\"<1000\"", {999}, {1000}},
                                    {"\">= 5\"", {5, kInfinity}, {4.9, -kInfinity}},
                                    {"\"> 5\"", {5.1}, {5}},
                                    {"== 0", {0}, {0.1, -1}},
                                    {"\"!= 3\"", {2, 4, kInfinity}, {3}},
                                    {"between 1 and 5", {1, 3, 5}, {0.9, 5.1}},
                                    {"between -5 and 5", {-5, 5}, {-6, 6}}};
  for (const auto& [text, good, bad] : cases) {
    const GoodRange range =
        load_one(kTimeSlo, {{"sli", "group_lag_growth_records"}, {"good", text}}).sli.good;
    for (const double value : good) EXPECT_TRUE(range.contains(value)) << text << " " << value;
    for (const double value : bad) EXPECT_FALSE(range.contains(value)) << text << " " << value;
    EXPECT_FALSE(range.contains(std::nan(""))) << text;
  }
}

TEST(SloLoader, ReadsDurationsOfMeasuresInSeconds) {
  const GoodRange range = load_one(kTimeSlo, {{"good", "between 90s and 1h"}}).sli.good;
  EXPECT_DOUBLE_EQ(range.low, 90);
  EXPECT_DOUBLE_EQ(range.high, 3600);
}

TEST(SloLoader, DefaultTiersAreThoseOfTheWorkbookForThirtyDays) {
  const auto tiers = default_tiers(hours(24 * 30));
  ASSERT_EQ(tiers.size(), 4U);
  const std::vector<std::tuple<double, Duration, Duration, Severity>> expected{
      {14.4, hours(1), minutes(5), Severity::page},
      {6, hours(6), minutes(30), Severity::page},
      {3, hours(24), hours(2), Severity::ticket},
      {1, hours(72), hours(6), Severity::ticket}};
  for (size_t i = 0; i < tiers.size(); ++i) {
    EXPECT_EQ(
        std::tuple(tiers[i].factor, tiers[i].long_window, tiers[i].short_window, tiers[i].severity),
        expected[i]);
  }
}

TEST(SloLoader, DefaultTiersSpendTheSameShareOfAnyWindow) {
  const auto tiers = default_tiers(hours(24 * 7));
  EXPECT_EQ(tiers[0].long_window, minutes(14));
  EXPECT_EQ(tiers[0].short_window, seconds(70));
  EXPECT_EQ(tiers[3].long_window, Duration(hours(24 * 7)) / 10);
}

TEST(SloLoader, DefaultsFillWhatAnSloDoesNotSay) {
  const auto slos = load(R"(
defaults:
  objective: 99%
  window: quarter
  time_zone: Europe/Berlin
  min_bad: 1m
  runbook: lag
  owner: platform
  labels: {team: platform, floor: "3"}
slos:
  - {name: one, sli: group_lag_seconds, good: "<= 5m"}
  - name: two
    sli: group_lag_seconds
    good: "<= 5m"
    objective: 99.5%
    window: 30d
    min_bad: 2m
    labels: {team: payments}
  - {name: events, sli: {bad: topic_records_failed_total, total: topic_records_total}}
)");
  ASSERT_EQ(slos.size(), 3U);
  EXPECT_DOUBLE_EQ(slos[0].objective, 0.99);
  EXPECT_EQ(slos[0].window.time_zone, "Europe/Berlin");
  EXPECT_DOUBLE_EQ(slos[0].min_bad, 60);
  EXPECT_EQ(slos[0].owner, "platform");
  EXPECT_DOUBLE_EQ(slos[1].objective, 0.995);
  EXPECT_EQ(slos[1].window.kind, SloWindow::Kind::rolling);
  EXPECT_EQ(slos[1].window.time_zone, "");
  EXPECT_DOUBLE_EQ(slos[1].min_bad, 120);
  EXPECT_THAT(slos[1].labels,
              testing::ElementsAre(testing::Pair("team", "payments"), testing::Pair("floor", "3")));
  EXPECT_DOUBLE_EQ(slos[2].min_bad, 0) << "a duration is not meant for events";
}

TEST(SloLoader, ABuiltinSloIsSwitchedOnWithOneLine) {
  Diagnostics diagnostics;
  const auto slos = parse_rules("slos:\n  - use: consumer-lag\n", "slos.yaml", local_catalogue(),
                                repository_has_runbook, diagnostics)
                        .slos;
  EXPECT_EQ(text_of(diagnostics), "");
  ASSERT_EQ(slos.size(), 1U);
  EXPECT_EQ(slos[0].name, "consumer-lag");
  EXPECT_EQ(slos[0].sli.first.measure, local_catalogue().find("group_lag_seconds_max"));
  EXPECT_THAT(subject_dimensions(slos[0]), testing::ElementsAre("cluster", "group", "topic"));
  EXPECT_EQ(slos[0].where, "slos.yaml:2");
}

TEST(SloLoader, WhatStandsBesideUseAndThenTheDefaultsComeBeforeTheBuiltinSlo) {
  const auto slos = load(R"(
defaults: {runbook: lag, window: 28d}
slos:
  - use: consumer-lag
    name: payments-lag
    good: "<= 50"
    select: {group: "payments-*"}
  - use: consumer-lag
    name: brokers
    sli: broker_response_seconds
    good: "<= 1s"
)");
  ASSERT_EQ(slos.size(), 2U);
  EXPECT_EQ(slos[0].name, "payments-lag");
  EXPECT_DOUBLE_EQ(slos[0].sli.good.high, 50);
  EXPECT_DOUBLE_EQ(slos[0].objective, 0.99);
  EXPECT_EQ(slos[0].window.length, hours(24 * 28));
  EXPECT_EQ(slos[0].runbook, "lag");
  EXPECT_THAT(subject_dimensions(slos[0]), testing::ElementsAre("cluster", "group", "topic"));
  EXPECT_THAT(subject_dimensions(slos[1]), testing::ElementsAre("cluster"))
      << "'per' spoke of the other measure";
}

TEST(SloLoader, EveryBuiltinSloLoadsAndStandsInTheDocument) {
  Diagnostics diagnostics;
  const auto root = parse_yaml(builtin_slos_text(), "builtin_slos.yaml", diagnostics);
  ASSERT_TRUE(root) << text_of(diagnostics);
  EXPECT_EQ(builtin_slos_text(), read_repository_file("rules/builtin_slos.yaml"));
  const std::string document = read_repository_file("docs/rules.md");
  const auto slos = parse_rules(builtin_slos_text(), "builtin_slos.yaml", local_catalogue(),
                                repository_has_runbook, diagnostics)
                        .slos;
  EXPECT_EQ(text_of(diagnostics), "");
  ASSERT_EQ(slos.size(), root->find("slos")->items.size());
  for (size_t i = 0; i < slos.size(); ++i) {
    const SloRule& slo = slos[i];
    const YamlNode& node = root->find("slos")->items[i];
    std::string per = "cluster";
    if (node.find("per") != nullptr) {
      per.clear();
      for (const YamlNode& dimension : node.find("per")->items)
        per += (per.empty() ? "" : " and ") + dimension.scalar;
    }
    const std::string good =
        slo.sli.is_events()
            ? fmt::format("not counted by `{}`, of `{}`", slo.sli.first.measure->name,
                          slo.sli.total->measure->name)
            : fmt::format("`{} {}`", slo.sli.first.measure->name, node.find("good")->scalar);
    const std::string line = fmt::format("| {} | {} | {} | {} | {} |", slo.name, good, per,
                                         node.find("objective")->scalar, slo.runbook);
    EXPECT_NE(document.find(line + "\n"), std::string::npos) << "docs/rules.md lacks\n" << line;
    EXPECT_THAT(slo.description, testing::HasSubstr("First: "));
  }
}

TEST(SloLoader, AnSloThatIsSwitchedOffIsCheckedAndNotReturned) {
  EXPECT_TRUE(load(slo_with(kTimeSlo, {{"enabled", "false"}})).empty());
  EXPECT_EQ(mistakes_in(slo_with(kTimeSlo, {{"enabled", "false"}, {"good", "< 0"}})).size(), 1U);
}

TEST(SloLoader, AlertsAndSlosStandInOneFile) {
  Diagnostics diagnostics;
  const RuleSet rules = load_slos(
      "alerts:\n  - {name: Lost, when: quorum_lost == 1, "
      "severity: page, runbook: lag, summary: s}\n" +
          slo_with(kTimeSlo, {}),
      diagnostics);
  EXPECT_EQ(text_of(diagnostics), "");
  EXPECT_EQ(rules.alerts.size(), 1U);
  EXPECT_EQ(rules.slos.size(), 1U);
}

}  // namespace
}  // namespace highwater::rules
