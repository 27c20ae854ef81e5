// The ready-made mappings on pages that were recorded from real programs: Kafka 4.1.0 and its
// Connect behind the JMX exporter 1.0.1, without rules of its own (default) and with rules that
// name things as its example configurations (per-second, camel) and those of Strimzi (percent,
// lower) do. Cut to the families that are spoken of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "agent/config/config.h"
#include "collectors/sources/readings.h"

namespace highwater::agent {
namespace {

using sources::Found;
using sources::Readings;

std::string file(const std::string& name) {
  std::ifstream in(std::string(HIGHWATER_TEST_PAGES) + "/" + name);
  EXPECT_TRUE(in) << name;
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

Config with(const std::string& mapping) {
  Diagnostics diagnostics;
  auto config = parse_config(
      "clusters: [{name: prod, bootstrap: \"kafka-1:9092\"}]\n"
      "sources: [{name: one, url: \"http://h/\"}]\nmeasures:\n  - {use: " +
          mapping + ", source: one}\n",
      "/etc/hw.yaml", diagnostics);
  for (const Diagnostic& diagnostic : diagnostics) ADD_FAILURE() << diagnostic.text();
  return config.value_or(Config{});
}

// "3 rows, 407" of each measure; its rows' sum. What the page lacks is said as it is.
std::map<std::string, std::string> read(const std::string& mapping, const std::string& page) {
  const Config config = with(mapping);
  const WallTime wall{std::chrono::seconds(1'700'000'000)};
  const auto readings = sources::read_page({file(page), ""}, config.sources, 0, wall);
  if (!readings) return {{"unreadable", readings.error().what}};
  EXPECT_THAT(readings->remarks, testing::IsEmpty());
  std::map<std::string, std::string> measures;
  for (size_t i = 0; i < config.sources.mappings.size(); ++i) {
    const std::string name(config.sources.mappings[i].measure->name);
    const auto& finding = readings->findings[i];
    size_t rows = 0;
    double sum = 0;
    for (const sources::Reading& row : readings->rows) {
      if (row.mapping != i) continue;
      EXPECT_EQ(row.reason, Unknown::known) << name;
      ++rows;
      sum += row.value;
    }
    const bool lacking =
        finding.found == Found::lacking && !config.sources.mappings[i].may_be_absent;
    measures[name] = lacking ? finding.why : fmt::format("{} rows, {:.4g}", rows, sum);
  }
  return measures;
}

using Measures = std::map<std::string, std::string>;

class RecordedConnect : public testing::TestWithParam<const char*> {};

TEST_P(RecordedConnect, IsRead) {
  EXPECT_EQ(read("connect", GetParam()),
            (Measures{{"connect_worker_tasks", "1 rows, 4"},
                      {"connect_task_records_failed_total", "4 rows, 206"},
                      {"connect_task_errors_total", "4 rows, 206"},
                      {"connect_task_dead_letters_total", "4 rows, 206"},
                      {"connect_task_records_total", "4 rows, 606"},
                      {"connect_failed_tasks", "4 rows, 1"}}));
}

TEST_P(RecordedConnect, HasTheConsumersAndProducersOfItsTasks) {
  const Measures consumer = read("kafka-consumer-java", GetParam());
  EXPECT_EQ(consumer.at("client_failed_rebalances_total"), "5 rows, 2");
  EXPECT_EQ(consumer.at("client_failed_authentications_total"), "5 rows, 0");
  EXPECT_EQ(consumer.at("client_records_consumed_total"), "4 rows, 419");
  const Measures producer = read("kafka-producer-java", GetParam());
  EXPECT_EQ(producer.at("client_records_unsent_total"), "5 rows, 0");
}

INSTANTIATE_TEST_SUITE_P(ThreeNamings, RecordedConnect,
                         testing::Values("connect-default.txt", "connect-camel.txt",
                                         "connect-lower.txt"));

TEST(RecordedPages, AWorkerWithoutTasksLacksNothing) {
  EXPECT_EQ(read("connect", "connect-idle.txt"),
            (Measures{{"connect_worker_tasks", "1 rows, 0"},
                      {"connect_task_records_failed_total", "0 rows, 0"},
                      {"connect_task_errors_total", "0 rows, 0"},
                      {"connect_task_dead_letters_total", "0 rows, 0"},
                      {"connect_task_records_total", "0 rows, 0"},
                      {"connect_failed_tasks", "0 rows, 0"}}));
}

class RecordedBroker : public testing::TestWithParam<const char*> {};

TEST_P(RecordedBroker, IsRead) {
  const Measures broker = read("jmx-broker", GetParam());
  EXPECT_EQ(broker.at("broker_produce_requests_total"), "1 rows, 51");
  EXPECT_EQ(broker.at("broker_produce_requests_failed_total"), "1 rows, 0");
  EXPECT_THAT(broker.at("broker_network_idle_ratio"), testing::StartsWith("1 rows, 0.99"));
  const Measures errors = read("jmx-broker-errors", GetParam());
  EXPECT_EQ(errors.at("broker_request_errors_total"), "3 rows, 5");
  EXPECT_THAT(errors.at("broker_requests_total"), testing::HasSubstr(" rows, "));
}

INSTANTIATE_TEST_SUITE_P(ThreeNamings, RecordedBroker,
                         testing::Values("broker-default.txt", "broker-per-second.txt",
                                         "broker-percent.txt"));

TEST(RecordedPages, ConnectWithItsStatusIsRead) {
  EXPECT_EQ(
      read("connect-rest", "connect-rest-status.json"),
      (Measures{{"connect_task_failed", "4 rows, 1"}, {"connect_connector_failed", "4 rows, 0"}}));
}

TEST(RecordedPages, ConnectWithoutItsStatusLacksWhatIsNamed) {
  EXPECT_THAT(read("connect-rest", "connect-rest-names.json").at("connect_task_failed"),
              testing::HasSubstr("there is a list, not an object"));
}

}  // namespace
}  // namespace highwater::agent
