#include "collectors/sources/readings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sources/support.h"

namespace highwater::sources {
namespace {

using std::chrono::minutes;

Readings read(const SourcePlan& plan, std::string text) {
  auto readings = read_page(page(std::move(text)), plan, 0, moment().wall);
  EXPECT_TRUE(readings) << readings.error().what;
  return readings.value_or(Readings{});
}

std::vector<std::string> rows_of(const Readings& readings) {
  std::vector<std::string> rows;
  for (const Reading& reading : readings.rows) {
    std::string row;
    for (const Symbol& cell : reading.cells) row += cell.text() + " ";
    row += reading.reason == Unknown::known ? std::to_string(static_cast<int>(reading.value))
                                            : std::string(unknown_name(reading.reason));
    rows.push_back(std::move(row));
  }
  return rows;
}

TEST(Readings, LabelsBecomeDimensions) {
  const SourcePlan plan = one_source({metric_mapping(kFailed, "failed_total", "client_group")});
  EXPECT_THAT(rows_of(read(plan,
                           "failed_total{client_group=\"a\"} 1\n"
                           "failed_total{client_group=\"b\",x=\"y\"} 2\n"
                           "other_total{client_group=\"c\"} 3\n")),
              testing::ElementsAre("prod a 1", "prod b 2"));
}

TEST(Readings, ASeriesWithoutANeededLabelIsLeftOutAndSaid) {
  const SourcePlan plan = one_source({metric_mapping(kFailed, "failed_total", "group")});
  const Readings readings = read(plan, "failed_total 1\nfailed_total{group=\"a\"} 2\n");
  EXPECT_THAT(rows_of(readings), testing::ElementsAre("prod a 2"));
  EXPECT_THAT(
      readings.remarks,
      testing::ElementsAre("a series of 'records_bad_total' is left out: its 'group' is missing"));
}

TEST(Readings, OfTwoNamesForOneRowTheFirstIsTakenAndSaid) {
  Mapping mapping = metric_mapping(kFailed, "new_total", "group");
  mapping.metrics.emplace_back("old_total");
  const Readings readings =
      read(one_source({mapping}),
           "old_total{group=\"a\"} 1\nnew_total{group=\"a\"} 1\nold_total{group=\"b\"} 2\n");
  EXPECT_THAT(rows_of(readings), testing::ElementsAre("prod a 1", "prod b 2"));
  EXPECT_THAT(readings.remarks,
              testing::ElementsAre("old_total is left out where new_total is on the page as well"));
}

TEST(Readings, ConstantsAndTheSourceFillDimensions) {
  Mapping mapping = metric_mapping(kFailed, "failed_total", "group");
  mapping.cells[0] = CellRule{CellRule::From::constant, "west", {}, 0};
  mapping.cells[1] = CellRule{CellRule::From::source, "", {}, 0};
  EXPECT_THAT(rows_of(read(one_source({mapping}), "failed_total 1\n")),
              testing::ElementsAre("west app 1"));
}

TEST(Readings, FiltersChooseSeriesByTheirLabels) {
  Mapping mapping = metric_mapping(kFailed, "calls_total", "group");
  mapping.filters.push_back({"result", {}, {Pattern::parse("fail*").value()}, false});
  mapping.filters.push_back({"error", {}, {Pattern::parse("NONE").value()}, true});
  EXPECT_THAT(rows_of(read(one_source({mapping}),
                           "calls_total{group=\"a\",result=\"failure\"} 1\n"
                           "calls_total{group=\"b\",result=\"success\"} 2\n"
                           "calls_total{group=\"c\",result=\"failure\",error=\"NONE\"} 3\n"
                           "calls_total{group=\"d\"} 4\n")),
              testing::ElementsAre("prod a 1"));
}

TEST(Readings, ValuesAreScaled) {
  Mapping mapping = metric_mapping(kDepth, "depth_thousands", "queue");
  mapping.scale = 1000;
  EXPECT_THAT(rows_of(read(one_source({mapping}), "depth_thousands{queue=\"q\"} 2\n")),
              testing::ElementsAre("prod q 2000"));
}

TEST(Readings, ACounterOfOpenMetricsIsFoundByItsFamilysName) {
  const SourcePlan plan = one_source({metric_mapping(kFailed, "failed", "group")});
  EXPECT_THAT(rows_of(read(plan, "failed_total{group=\"a\"} 5\n# EOF\n")),
              testing::ElementsAre("prod a 5"));
}

TEST(Readings, StaleAndFutureSamplesAreUnknown) {
  const SourcePlan plan = one_source({metric_mapping(kDepth, "depth", "queue")});
  const Readings readings = read(plan,
                                 "depth{queue=\"now\"} 1 1700000000000\n"
                                 "depth{queue=\"recent\"} 2 1699999701000\n"
                                 "depth{queue=\"old\"} 3 1699999699000\n"
                                 "depth{queue=\"future\"} 4 1700000301000\n");
  EXPECT_THAT(rows_of(readings),
              testing::ElementsAre("prod now 1", "prod recent 2", "prod old not_asked",
                                   "prod future contradicted"));
  EXPECT_EQ(readings.remarks.size(), 2U);
}

TEST(Readings, ValuesThatCannotBeAreUnknown) {
  const SourcePlan plan = one_source(
      {metric_mapping(kDepth, "depth", "queue"), metric_mapping(kTaskFailed, "state", "task")});
  EXPECT_THAT(rows_of(read(plan,
                           "depth{queue=\"a\"} NaN\n"
                           "depth{queue=\"b\"} +Inf\n"
                           "depth{queue=\"c\"} -1\n"
                           "state{task=\"d\"} 2\n"
                           "state{task=\"e\"} 1\n")),
              testing::ElementsAre("prod a failed", "prod b failed", "prod c failed",
                                   "prod d failed", "prod e 1"));
}

TEST(Readings, ASeriesThatStandsTwiceIsUnknown) {
  const SourcePlan plan = one_source({metric_mapping(kDepth, "depth", "queue")});
  const Readings readings = read(plan,
                                 "depth{queue=\"a\",x=\"1\"} 1\n"
                                 "depth{x=\"1\",queue=\"a\"} 2\n"
                                 "depth{queue=\"b\"} 3\n");
  EXPECT_THAT(rows_of(readings), testing::ElementsAre("prod a contradicted", "prod b 3"));
  EXPECT_THAT(readings.remarks,
              testing::ElementsAre("a series of 'queue_depth_records' stands twice on the page"));
}

TEST(Readings, APageWithTooManySeriesIsRefused) {
  const SourcePlan plan = one_source({metric_mapping(kDepth, "depth", "queue")});
  std::string text;
  for (size_t i = 0; i <= kMostReadings; ++i)
    text += "depth{queue=\"" + std::to_string(i) + "\"} 1\n";
  const auto readings = read_page(page(text), plan, 0, moment().wall);
  ASSERT_FALSE(readings);
  EXPECT_THAT(readings.error().what, testing::HasSubstr("more than 20000 series"));
}

TEST(Readings, OneLessIsTaken) {
  const SourcePlan plan = one_source({metric_mapping(kDepth, "depth", "queue")});
  std::string text;
  for (size_t i = 0; i < kMostReadings; ++i)
    text += "depth{queue=\"" + std::to_string(i) + "\"} 1\n";
  EXPECT_EQ(read(plan, text).rows.size(), kMostReadings);
}

TEST(Readings, APageWithoutSamplesIsRefused) {
  const SourcePlan plan = one_source({metric_mapping(kDepth, "depth", "queue")});
  EXPECT_FALSE(read_page(page("# HELP depth Nothing.\n"), plan, 0, moment().wall));
}

TEST(Readings, JsonTextsAreTakenByTheirWords) {
  Mapping mapping = path_mapping(kTaskFailed, "tasks[].state", "tasks[].id");
  mapping.words = {{"FAILED", 1}};
  mapping.other_words = 0;
  const SourcePlan plan = one_source({mapping}, PageFormat::json);
  EXPECT_THAT(rows_of(read(plan,
                           R"({"tasks": [{"id": 0, "state": "RUNNING"},
                                         {"id": 1, "state": "FAILED"}, {"id": 2, "state": 1},
                                         {"id": 3, "state": true}]})")),
              testing::ElementsAre("prod 0 0", "prod 1 1", "prod 2 1", "prod 3 1"));
}

TEST(Readings, JsonValuesOfTheWrongTypeAreUnknown) {
  const SourcePlan plan =
      one_source({path_mapping(kDepth, "[].depth", "[].queue")}, PageFormat::json);
  const Readings readings = read(plan, R"([{"queue": "a", "depth": "many"},
      {"queue": "b", "depth": null}, {"queue": "c", "depth": {"x": 1}}, {"queue": "d"},
      {"queue": "e", "depth": -1}, {"queue": "f", "depth": 6}, {"depth": 7}])");
  EXPECT_THAT(rows_of(readings),
              testing::ElementsAre("prod a failed", "prod b failed", "prod c failed",
                                   "prod d failed", "prod e failed", "prod f 6"));
  EXPECT_THAT(readings.remarks,
              testing::Contains("a value of 'queue_depth_records' is the text 'many'"));
}

TEST(Readings, AWildcardsNameCanBeADimension) {
  Mapping mapping = path_mapping(kDepth, "queues.*.depth", "");
  mapping.cells[1] = CellRule{CellRule::From::wildcard, "", {}, 0};
  EXPECT_THAT(rows_of(read(one_source({mapping}, PageFormat::json),
                           R"({"queues": {"in": {"depth": 1}, "out": {"depth": 2}}})")),
              testing::ElementsAre("prod in 1", "prod out 2"));
}

TEST(Readings, AnItemIsTheSameWhereverItStands) {
  const SourcePlan plan =
      one_source({path_mapping(kDepth, "[].depth", "[].queue")}, PageFormat::json);
  const Readings before = read(plan, R"([{"queue": "a", "depth": 1}, {"queue": "b", "depth": 2}])");
  const Readings after = read(plan, R"([{"queue": "b", "depth": 2}, {"queue": "a", "depth": 1}])");
  EXPECT_EQ(before.rows[0].series, after.rows[1].series);
  EXPECT_EQ(before.rows[1].series, after.rows[0].series);
}

TEST(Readings, ItemsOfOneNameAreKeptApartOnlyToBeCombined) {
  constexpr std::string_view kTwice = R"([{"queue": "a", "depth": 1}, {"queue": "a", "depth": 2}])";
  Mapping mapping = path_mapping(kDepth, "[].depth", "[].queue");
  EXPECT_THAT(rows_of(read(one_source({mapping}, PageFormat::json), std::string(kTwice))),
              testing::ElementsAre("prod a contradicted"));
  mapping.combine = Combine::sum;
  EXPECT_THAT(rows_of(read(one_source({mapping}, PageFormat::json), std::string(kTwice))),
              testing::ElementsAre("prod a 1", "prod a 2"));
}

TEST(Readings, JsonFiltersLookAtOtherPaths) {
  Mapping mapping = path_mapping(kDepth, "[].depth", "[].queue");
  mapping.filters.push_back(
      {"", JsonPath::parse("[].kind").value(), {Pattern::parse("main").value()}, false});
  EXPECT_THAT(rows_of(read(one_source({mapping}, PageFormat::json),
                           R"([{"queue": "a", "kind": "main", "depth": 1},
                               {"queue": "b", "kind": "side", "depth": 2}])")),
              testing::ElementsAre("prod a 1"));
}

}  // namespace
}  // namespace highwater::sources
