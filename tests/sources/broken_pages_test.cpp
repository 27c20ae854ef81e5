// A page of the kind the JMX exporter writes, one as Connect answers, and a file, each broken in
// ten ways. Whatever is broken: what it told is unknown or left out with a reason, and the sources
// beside it are read as before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/sources/interpreter.h"
#include "tests/sources/support.h"

namespace highwater::sources {
namespace {

constexpr std::string_view kJmx =
    "# HELP kafka_consumer_failed_total Records that failed\n"
    "# TYPE kafka_consumer_failed_total counter\n"
    "kafka_consumer_failed_total{client_id=\"consumer-1\",group=\"a\",} 5.0\n"
    "kafka_consumer_failed_total{client_id=\"consumer-2\",group=\"b\",} 7.0\n"
    "jmx_scrape_error 0.0\n";
constexpr std::string_view kConnect =
    R"({"sink": {"status": {"name": "sink", "tasks": [{"id": 0, "state": "RUNNING"}, )"
    R"({"id": 1, "state": "FAILED"}]}}})";

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string changed(text);
  const size_t at = changed.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return changed.replace(at, what.size(), by);
}

struct Breakage {
  std::string name;
  std::string text;
  bool whole;  // nothing of the page is believed
};

void PrintTo(const Breakage& breakage, std::ostream* out) {
  *out << breakage.name;
}

// Two sources of one kind: the first is read well and then broken, the second stays well.
class Broken : public testing::TestWithParam<Breakage> {
 protected:
  void hold(Mapping mapping, PageFormat format, std::string_view good) {
    mapping.sources = {0, 1};
    SourcePlan plan = one_source({std::move(mapping)}, format);
    plan.sources.push_back(plan.sources[0]);
    plan.sources[1].name = Symbol("beside");
    plan.mappings[0].cells.push_back(CellRule{CellRule::From::source, "", {}, 0});
    const Measure& measure = *plan.mappings[0].measure;
    SourcesInterpreter interpreter(plan, {Symbol("prod")});
    const auto read = [&](size_t source, std::string_view text) {
      Scrape scrape;
      scrape.source = source;
      scrape.at = moment();
      auto readings = read_page(page(std::string(text)), plan, source, moment().wall);
      if (readings)
        scrape.readings = std::move(*readings);
      else
        scrape.failure = readings.error();
      interpreter.take(scrape);
      return scrape;
    };
    read(0, good);
    read(1, good);
    const Scrape broken = read(0, GetParam().text);
    EXPECT_EQ(broken.failure.has_value(), GetParam().whole);
    if (broken.failure) {
      EXPECT_FALSE(broken.failure->what.empty());
      EXPECT_LT(broken.failure->what.size(), 300U);
    }
    const auto observations = interpreter.observe(moment());
    ASSERT_EQ(observations.size(), 1U);
    const Table* const table = observations[0].find(measure);
    ASSERT_NE(table, nullptr);
    size_t beside = 0;
    size_t unknown = 0;
    for (size_t row = 0; row < table->rows(); ++row) {
      const bool mine = table->keys->row(row)[2].text() == "app";
      if (mine && !table->known(row)) ++unknown;
      if (!mine) {
        ++beside;
        EXPECT_TRUE(table->known(row));
      }
      if (mine && GetParam().whole) {
        EXPECT_FALSE(table->known(row));
      }
    }
    EXPECT_EQ(beside, 2U);
    EXPECT_GT(unknown, 0U);
    EXPECT_FALSE(observations[0].problems.empty());
  }
};

const Measure kBad{
    "bad_total", "For tests.", Unit::records, MeasureType::counter, {"cluster", "group", "source"}};
const Measure kTask{
    "failed_task", "For tests.", Unit::boolean, MeasureType::gauge, {"cluster", "task", "source"}};

using BrokenJmxPage = Broken;
TEST_P(BrokenJmxPage, IsUnknownWithAReasonAndDisturbsNothing) {
  hold(metric_mapping(kBad, "kafka_consumer_failed_total", "group"), PageFormat::prometheus, kJmx);
}

std::string many_lines() {
  std::string text;
  for (size_t i = 0; i <= kMostReadings; ++i)
    text += "kafka_consumer_failed_total{group=\"" + std::to_string(i) + "\"} 1\n";
  return text;
}

using namespace std::string_literals;
INSTANTIATE_TEST_SUITE_P(
    TenWays, BrokenJmxPage,
    testing::Values(
        Breakage{"CutOff", std::string(kJmx.substr(0, kJmx.size() - 30)), true},
        Breakage{"CutOffAtALine",
                 std::string(kJmx.substr(0, kJmx.find("kafka_consumer_failed_total{cl"))) +
                     "kafka_consumer_failed_total{client_id=\"consumer-1\"\n",
                 true},
        Breakage{"Huge", many_lines(), true},
        Breakage{"WrongType", "<!DOCTYPE html><html><body>Log in</body></html>\n", true},
        Breakage{"DuplicateSeries",
                 std::string(kJmx) +
                     "kafka_consumer_failed_total{client_id=\"consumer-1\",group=\"a\",} 6.0\n",
                 false},
        Breakage{"WrongEncoding", replaced(kJmx, "consumer-1", "consumer-\xe9"), true},
        Breakage{"NotANumber", replaced(kJmx, "5.0", "NaN"), false},
        Breakage{"Infinite", replaced(kJmx, "5.0", "+Inf"), false},
        Breakage{"NegativeCounter", replaced(kJmx, "5.0", "-5.0"), false},
        Breakage{"DeepNesting", replaced(kJmx, "group=\"a\"", "group={{{{\"a\"}}}}"), true},
        Breakage{"Empty", "", true}, Breakage{"OnlyComments", "# HELP x Nothing here\n", true}),
    [](const auto& tested) { return tested.param.name; });

using BrokenConnectAnswer = Broken;
TEST_P(BrokenConnectAnswer, IsUnknownWithAReasonAndDisturbsNothing) {
  Mapping mapping = path_mapping(kTask, "*.status.tasks[].state", "*.status.tasks[].id");
  mapping.words = {{"RUNNING", 0}, {"FAILED", 1}};
  hold(std::move(mapping), PageFormat::json, kConnect);
}

INSTANTIATE_TEST_SUITE_P(
    TenWays, BrokenConnectAnswer,
    testing::Values(Breakage{"CutOff", std::string(kConnect.substr(0, kConnect.size() - 3)), true},
                    Breakage{"Huge", "[" + std::string(600'000, ',') + "]", true},
                    Breakage{"WrongType", "<html>502 Bad Gateway</html>", true},
                    Breakage{"TwoDocuments", std::string(kConnect) + std::string(kConnect), true},
                    Breakage{"DuplicateName",
                             replaced(kConnect, "{\"sink\":", "{\"sink\": 1, \"sink\":"), true},
                    Breakage{"DuplicateTask", replaced(kConnect, "\"id\": 1", "\"id\": 0"), false},
                    Breakage{"WrongEncoding",
                             replaced(kConnect, "\"name\": \"sink\"", "\"name\": \"\xff\""), true},
                    Breakage{"NotANumber", replaced(kConnect, "\"RUNNING\"", "NaN"), true},
                    Breakage{"UnknownWord", replaced(kConnect, "\"RUNNING\"", "\"DANCING\""),
                             false},
                    Breakage{"NegativeBoolean", replaced(kConnect, "\"RUNNING\"", "-1"), false},
                    Breakage{"NumberTooLarge", replaced(kConnect, "\"RUNNING\"", "1e400"), true},
                    Breakage{"DeepNesting", std::string(5000, '[') + std::string(5000, ']'), true},
                    Breakage{"Empty", "", true}),
    [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace highwater::sources
