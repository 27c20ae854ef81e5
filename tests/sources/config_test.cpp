// `sources:` and `measures:` of the configuration.
#include "agent/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/catalogue.h"
#include "agent/load.h"

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;
using sources::CellRule;
using sources::Combine;
using sources::PageFormat;

constexpr std::string_view kHead = "clusters:\n  - {name: prod, bootstrap: \"kafka-1:9092\"}\n";

std::optional<Config> read(std::string_view body, std::string& mistakes,
                           std::string_view head = kHead) {
  Diagnostics diagnostics;
  auto config = parse_config(std::string(head) + std::string(body), "/etc/hw.yaml", diagnostics);
  for (const Diagnostic& diagnostic : diagnostics) mistakes += diagnostic.text() + "\n";
  return config;
}

Config fine(std::string_view body) {
  std::string mistakes;
  auto config = read(body, mistakes);
  EXPECT_TRUE(config) << mistakes;
  return config.value_or(Config{});
}

std::string mistakes_of(std::string_view body, std::string_view head = kHead) {
  std::string mistakes;
  EXPECT_FALSE(read(body, mistakes, head)) << body;
  return mistakes;
}

// With one source named app, over HTTP.
std::string with_app(std::string_view measure) {
  return "sources: [{name: app, url: \"http://h/metrics\"}]\nmeasures:\n  - " +
         std::string(measure) + "\n";
}

TEST(SourcesConfig, EveryKeyOfASourceIsRead) {
  const Config config = fine(R"(sources:
  - name: app
    url: https://app:9404/metrics
    every: 30s
    timeout: 3s
    limit: 1MiB
    bearer_token_file: token
    ca_file: ca.pem
    verify: false
    certificate: client.pem
    key: client.key
  - {name: text, file: "/var/lib/x/*.prom", max_age: 10m, every: 2s}
  - {name: rest, url: "http://c:8083/", format: json, basic_auth: {user: u, password: p}}
)");
  const auto& all = config.sources.sources;
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].name.text(), "app");
  EXPECT_EQ(all[0].cluster.text(), "prod");
  EXPECT_EQ(all[0].every, 30s);
  EXPECT_EQ(all[0].timeout, 3s);
  EXPECT_EQ(all[0].limit, 1048576U);
  EXPECT_EQ(all[0].credentials.bearer_token_file, "/etc/token");
  EXPECT_EQ(all[0].ca_file, "/etc/ca.pem");
  EXPECT_FALSE(all[0].verify);
  EXPECT_EQ(all[0].certificate, "/etc/client.pem");
  EXPECT_EQ(all[0].key, "/etc/client.key");
  EXPECT_EQ(all[1].path, "/var/lib/x/*.prom");
  EXPECT_EQ(all[1].max_age, 10min);
  EXPECT_EQ(all[1].timeout, 2s) << "a try ends before the next one";
  EXPECT_EQ(all[2].format, PageFormat::json);
  EXPECT_EQ(all[2].credentials.user, "u");
}

TEST(SourcesConfig, EveryKeyOfAMeasureIsRead) {
  const Config config = fine(with_app(R"(name: app_lost_total
    source: app
    metric: [lost_total, lost]
    type: counter
    unit: records
    help: How many records were lost
    dimensions: {group: client_group, app: "=billing", from: "@source", cluster: "=prod"}
    select: {kind: ["a*", b]}
    exclude: {error: NONE}
    scale: 1000
    combine: sum)"));
  ASSERT_EQ(config.measures.size(), 1U);
  const Measure& measure = *config.measures[0];
  EXPECT_EQ(measure.name, "app_lost_total");
  EXPECT_EQ(measure.help, "How many records were lost.");
  EXPECT_EQ(measure.unit, Unit::records);
  EXPECT_EQ(measure.type, MeasureType::counter);
  EXPECT_THAT(measure.dimensions, testing::ElementsAre("cluster", "group", "app", "from"));
  ASSERT_EQ(config.sources.mappings.size(), 1U);
  const auto& mapping = config.sources.mappings[0];
  EXPECT_EQ(mapping.measure, &measure);
  EXPECT_THAT(mapping.metrics, testing::ElementsAre("lost_total", "lost"));
  EXPECT_EQ(mapping.cells[0].text, "prod");
  EXPECT_EQ(mapping.cells[1].from, CellRule::From::label);
  EXPECT_EQ(mapping.cells[1].text, "client_group");
  EXPECT_EQ(mapping.cells[2].from, CellRule::From::constant);
  EXPECT_EQ(mapping.cells[3].from, CellRule::From::source);
  ASSERT_EQ(mapping.filters.size(), 2U);
  EXPECT_EQ(mapping.filters[0].patterns.size(), 2U);
  EXPECT_TRUE(mapping.filters[1].exclude);
  EXPECT_EQ(mapping.scale, 1000);
  EXPECT_EQ(mapping.combine, Combine::sum);
}

TEST(SourcesConfig, JsonIsKnownByThePathsOfItsMeasures) {
  const Config config = fine(with_app(R"(name: task_broken
    source: app
    path: "*.tasks[].state"
    unit: boolean
    values: {FAILED: 1, "*": 0}
    dimensions: {connector: $1, task: "*.tasks[].id"})"));
  EXPECT_EQ(config.sources.sources[0].format, PageFormat::json);
  const auto& mapping = config.sources.mappings[0];
  EXPECT_EQ(mapping.cells[1].from, CellRule::From::wildcard);
  EXPECT_EQ(mapping.cells[1].wildcard, 0U);
  EXPECT_EQ(mapping.cells[2].from, CellRule::From::path);
  EXPECT_THAT(mapping.words, testing::ElementsAre(testing::Pair("FAILED", 1)));
  EXPECT_EQ(mapping.other_words, 0);
}

TEST(SourcesConfig, AMeasureReadAgainIsTheSameMeasure) {
  const std::string text = with_app("{name: depth_again, source: app, metric: depth}");
  EXPECT_EQ(fine(text).measures, fine(text).measures);
}

TEST(SourcesConfig, SeveralEntriesMayFillOneMeasure) {
  const Config config = fine(with_app(R"({name: app_x, source: app, metric: x, dimensions: [a]}
  - {name: app_x, source: app, metric: y, dimensions: {a: b}})"));
  EXPECT_EQ(config.measures.size(), 1U);
  ASSERT_EQ(config.sources.mappings.size(), 2U);
  EXPECT_EQ(config.sources.mappings[0].measure, config.sources.mappings[1].measure);
}

TEST(SourcesConfig, KnownMeasuresAreFilledWithTheirOwnDimensions) {
  const Config config =
      fine(with_app("{name: records_failed_total, source: app, metric: x, dimensions: [group]}"));
  EXPECT_TRUE(config.measures.empty());
  const auto& mapping = config.sources.mappings[0];
  EXPECT_EQ(mapping.measure, catalogue().find("records_failed_total"));
  ASSERT_EQ(mapping.cells.size(), 3U);
  EXPECT_EQ(mapping.cells[1].text, "group");
  EXPECT_EQ(mapping.cells[2].from, CellRule::From::constant);
  EXPECT_EQ(mapping.cells[2].text, "");
}

TEST(SourcesConfig, RulesKnowTheMeasures) {
  Diagnostics diagnostics;
  const Config config = fine(with_app("{name: app_depth, source: app, metric: depth}"));
  EXPECT_NE(catalogue_with(config.measures).find("app_depth"), nullptr);
  EXPECT_TRUE(load(config, diagnostics));
}

TEST(SourcesConfig, EveryReadyMadeMappingIsTakenOver) {
  for (const std::string name : {"kafka-consumer-java", "spring-kafka", "kafka-streams", "connect",
                                 "connect-rest", "jmx-broker-errors"}) {
    const Config config = fine(with_app("{use: " + name + ", source: app}"));
    EXPECT_FALSE(config.sources.mappings.empty()) << name;
    const auto& first = config.sources.mappings.front();
    EXPECT_THAT(first.sources, testing::ElementsAre(0U)) << name;
  }
}

TEST(SourcesConfig, AReadyMadeMappingTakesOtherDimensions) {
  const Config config =
      fine(with_app("{use: spring-kafka, source: app, dimensions: {group: =pay, topic: =orders}}"));
  const auto& mapping = config.sources.mappings.front();
  EXPECT_EQ(mapping.measure->name, "records_total");
  EXPECT_EQ(mapping.cells[1].text, "pay");
  EXPECT_EQ(mapping.cells[2].text, "orders");
}

struct Mistake {
  std::string text;
  std::string said;
};

TEST(SourcesConfig, MistakesInSourcesAreToldWithAdvice) {
  const std::vector<Mistake> mistakes{
      {"sources: {name: x}", "'sources' must be a list"},
      {"sources: [{url: \"http://h/\"}]", "a source has no 'name'"},
      {"sources: [{name: a}]", "neither 'url' nor 'file'"},
      {"sources: [{name: a, url: \"http://h/\", file: x}]", "both 'url' and 'file'"},
      {"sources: [{name: a, url: \"ftp://h/\"}]", "'url'"},
      {"sources: [{name: a, url: \"http://h/\"}, {name: a, url: \"http://h/\"}]",
       "two sources are named 'a'"},
      {"sources: [{name: a, url: \"http://h/\", cluster: prd}]", "did you mean 'prod'?"},
      {"sources: [{name: a, url: \"http://h/\", every: 10ms}]", "'every' is 10ms"},
      {"sources: [{name: a, url: \"http://h/\", every: 5s, timeout: 6s}]",
       "'timeout' is 6s, and the source is read every 5s"},
      {"sources: [{name: a, url: \"http://h/\", limit: 1TB}]", "choose between 1KiB and 256MiB"},
      {"sources: [{name: a, url: \"http://h/\", format: xml}]", "'xml' is not a format"},
      {"sources: [{name: a, file: \"/x*/y.prom\"}]", "only the last part may have one"},
      {"sources: [{name: a, file: x, bearer_token_file: t}]", "a file needs no credentials"},
      {"sources: [{name: a, url: \"http://h/\", basic_auth: {user: u}}]",
       "either 'password' or 'password_file'"},
      {"sources: [{name: a, url: \"http://h/\", evry: 5s}]", "did you mean 'every'?"}};
  for (const auto& [text, said] : mistakes)
    EXPECT_THAT(mistakes_of(text), testing::HasSubstr(said)) << text;
}

TEST(SourcesConfig, WithSeveralClustersASourceNamesItsOwn) {
  constexpr std::string_view kTwo =
      "clusters: [{name: prod, bootstrap: \"k:1\"}, {name: test, bootstrap: \"k:2\"}]\n";
  EXPECT_THAT(mistakes_of("sources: [{name: a, url: \"http://h/\"}]", kTwo),
              testing::HasSubstr("write 'cluster: prod' or 'cluster: test'"));
}

TEST(SourcesConfig, MistakesInMeasuresAreToldWithAdvice) {
  const std::vector<Mistake> mistakes{
      {"{source: app, metric: x}", "a measure has no 'name'"},
      {"{name: Lost, source: app, metric: x}", "'Lost' is no name of a measure"},
      {"{name: highwater_lost, source: app, metric: x}", "write 'lost'"},
      {"{name: broker_up, source: app, metric: x}",
       "'broker_up' is a measure of Highwater itself: choose another name, like app_broker_up"},
      {"{name: lost_total, source: app, metric: x, type: gauge}", "named like a counter"},
      {"{name: lost, source: app, metric: x, type: counter}", "name it lost_total"},
      {"{name: lost, source: app, metric: x, type: histogram}", "one of: counter, gauge"},
      {"{name: lost, source: app, metric: x, unit: second}", "did you mean 'seconds'?"},
      {"{name: lost_total, source: app, metric: x, unit: boolean}", "not yes or no"},
      {"{name: lost, source: ap, metric: x}", "did you mean 'app'?"},
      {"{name: lost, metric: x}", "a measure has no 'source'"},
      {"{name: lost, source: app}", "neither 'metric' nor 'path'"},
      {"{name: lost, source: app, metric: x, path: y}", "both 'metric' and 'path'"},
      {"{name: lost, source: app, path: \"a[\"}", "a bracket is not closed"},
      {"{name: lost, source: app, metric: x, dimensions: [Group]}", "no name of a dimension"},
      {"{name: lost, source: app, metric: x, dimensions: [severity]}", "means something else"},
      {"{name: lost, source: app, metric: x, dimensions: [a, a]}", "stands twice"},
      {"{name: lost, source: app, metric: x, dimensions: {a: \"=\"}}", "a constant is empty"},
      {"{name: lost, source: app, metric: x, dimensions: {cluster: =prd}}", "did you mean 'prod'?"},
      {"{name: lost, source: app, path: \"[].x\", dimensions: {a: $2}}", "stands for nothing"},
      {"{name: lost, source: app, path: \"[].x\", dimensions: {a: \"[].y[].z\"}}",
       "more wildcards than 'path'"},
      {"{name: lost, source: app, metric: x, select: [a]}", "'select' is no map"},
      {"{name: lost, source: app, metric: x, values: {A: 1}}", "Prometheus has no texts"},
      {"{name: lost, source: app, metric: x, scale: 0}", "'scale' is 0"},
      {"{name: lost, source: app, metric: x, combine: avg}", "one of: sum, max, min"},
      {"{name: lost_total, source: app, metric: x, combine: max}", "always added up"},
      {"{name: lost, source: app, metric: x, colour: red}", "colour"},
      {"{name: lost, source: app, metric: x}\n  - {name: lost, source: app, metric: x, unit: "
       "count}",
       "declared twice, and not in the same way"},
      {"{name: lost, source: app, metric: x}\n  - {name: kept, source: app, path: y}",
       "the source 'app' is in Prometheus' format: use 'metric'"},
      {"{name: records_total, source: app, metric: x}", "does not say which group it is about"},
      {"{name: records_total, source: app, metric: x, dimensions: [group, colour]}",
       "'records_total' has no dimension 'colour'"},
      {"{name: records_total, source: app, metric: x, unit: count, dimensions: [group]}",
       "'records_total' is in records"},
      {"{use: conect, source: app}", "did you mean 'connect'?"},
      {"{use: connect}", "has no 'source'"}};
  for (const auto& [text, said] : mistakes)
    EXPECT_THAT(mistakes_of(with_app(text)), testing::HasSubstr(said)) << text;
}

}  // namespace
}  // namespace highwater::agent
