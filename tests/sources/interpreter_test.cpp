#include "collectors/sources/interpreter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sources/world.h"

namespace highwater::sources {
namespace {

using namespace std::chrono_literals;

World counters() {
  return World(one_source({metric_mapping(kFailed, "failed_total", "group")}));
}

World gauges(Combine combine) {
  Mapping mapping = metric_mapping(kDepth, "depth", "queue");
  mapping.combine = combine;
  return World(one_source({mapping}));
}

World two_sources(Mapping mapping) {
  mapping.sources = {0, 1};
  SourcePlan plan = one_source({mapping});
  plan.sources.push_back(plan.sources[0]);
  plan.sources[1].name = Symbol("other");
  return World(std::move(plan));
}

TEST(SourcesInterpreter, SeriesBecomeRows) {
  World world = counters();
  world.page("failed_total{group=\"a\"} 5\nfailed_total{group=\"b\"} 7\n");
  EXPECT_EQ(world.rows(kFailed), "a=5 b=7");
}

TEST(SourcesInterpreter, AnUnchangedPageKeepsTheKeySet) {
  World world = counters();
  world.page("failed_total{group=\"a\"} 5\n");
  const auto before = world.observe().find(kFailed)->keys;
  world.page("failed_total{group=\"a\"} 6\n");
  EXPECT_EQ(world.observe().find(kFailed)->keys, before);
}

TEST(SourcesInterpreter, CountersOfOneRowAreAddedUp) {
  World world = counters();
  world.page("failed_total{group=\"a\",pod=\"1\"} 5\nfailed_total{group=\"a\",pod=\"2\"} 7\n");
  EXPECT_EQ(world.rows(kFailed), "a=12");
}

TEST(SourcesInterpreter, ARestartOfOneMemberTakesNothingBack) {
  World world = counters();
  world.page("failed_total{group=\"a\",pod=\"1\"} 500\nfailed_total{group=\"a\",pod=\"2\"} 7\n");
  world.page("failed_total{group=\"a\",pod=\"1\"} 2\nfailed_total{group=\"a\",pod=\"2\"} 8\n");
  EXPECT_EQ(world.rows(kFailed), "a=510");
}

TEST(SourcesInterpreter, AMemberThatGoesAwayTakesNothingBack) {
  World world = counters();
  world.page("failed_total{group=\"a\",pod=\"1\"} 500\nfailed_total{group=\"a\",pod=\"2\"} 7\n");
  for (int i = 0; i < 2; ++i) world.page("failed_total{group=\"a\",pod=\"2\"} 8\n");
  EXPECT_EQ(world.rows(kFailed), "a=508");
}

TEST(SourcesInterpreter, ASeriesThatComesBackGoesOnFromWhereItLeft) {
  World world = counters();
  const std::string other = "failed_total{group=\"a\",pod=\"2\"} 7\n";
  world.page("failed_total{group=\"a\",pod=\"1\"} 5000\n" + other);
  for (int i = 0; i < 6; ++i) world.page(other);
  world.page("failed_total{group=\"a\",pod=\"1\"} 5001\n" + other);
  EXPECT_EQ(world.rows(kFailed), "a=5008");
}

TEST(SourcesInterpreter, ASeriesThatWasResetWhileItWasAbsentCountsItsValue) {
  World world = counters();
  const std::string other = "failed_total{group=\"a\",pod=\"2\"} 7\n";
  world.page("failed_total{group=\"a\",pod=\"1\"} 5000\n" + other);
  for (int i = 0; i < 6; ++i) world.page(other);
  world.page("failed_total{group=\"a\",pod=\"1\"} 3\n" + other);
  EXPECT_EQ(world.rows(kFailed), "a=5010");
}

// Its row is new, and who counts rows counts a new one from 0.
TEST(SourcesInterpreter, ARowThatComesBackBeginsWithItsGrowth) {
  World world = counters();
  world.page("failed_total{group=\"a\"} 5000\nfailed_total{group=\"b\"} 1\n");
  for (int i = 0; i < 6; ++i) world.page("failed_total{group=\"b\"} 1\n");
  EXPECT_EQ(world.rows(kFailed), "b=1");
  world.page("failed_total{group=\"a\"} 5001\nfailed_total{group=\"b\"} 1\n");
  EXPECT_EQ(world.rows(kFailed), "a=1 b=1");
}

TEST(SourcesInterpreter, ASeriesThatWasAbsentForMoreThanADayIsNew) {
  World world = counters();
  const std::string other = "failed_total{group=\"a\",pod=\"2\"} 7\n";
  world.page("failed_total{group=\"a\",pod=\"1\"} 50\n" + other);
  for (int i = 0; i < 2; ++i) world.page(other);
  world.pass(25h);
  world.page("failed_total{group=\"a\",pod=\"1\"} 51\n" + other);
  EXPECT_EQ(world.rows(kFailed), "a=108");
}

TEST(SourcesInterpreter, AMemberOfAListThatComesBackGoesOnFromWhereItLeft) {
  World world(one_source({path_mapping(kFailed, "[].failed", "[].group")}, PageFormat::json));
  world.page(R"([{"group":"a","failed":5000},{"group":"b","failed":1}])");
  for (int i = 0; i < 6; ++i) world.page(R"([{"group":"b","failed":1}])");
  world.page(R"([{"group":"b","failed":1},{"group":"a","failed":5001}])");
  EXPECT_EQ(world.rows(kFailed), "a=1 b=1");
}

TEST(AbsentSeries, TheLongestAbsentIsForgottenFirst) {
  AbsentSeries absent;
  for (uint64_t i = 0; i <= AbsentSeries::kMost; ++i) absent.add(i, 1, moment().steady);
  EXPECT_EQ(absent.size(), AbsentSeries::kMost);
  EXPECT_FALSE(absent.take(0, moment().steady));
  EXPECT_EQ(absent.take(AbsentSeries::kMost, moment().steady), 1);
}

TEST(SourcesInterpreter, AMemberThatComesHasCountedSinceTheLastPage) {
  World world = counters();
  world.page("failed_total{group=\"a\",pod=\"1\"} 500\n");
  world.page("failed_total{group=\"a\",pod=\"1\"} 500\nfailed_total{group=\"a\",pod=\"2\"} 3\n");
  EXPECT_EQ(world.rows(kFailed), "a=503");
}

TEST(SourcesInterpreter, WhatASecondSourceCountedBeforeItWasReadIsNoGrowth) {
  World world = two_sources(metric_mapping(kFailed, "failed_total", "group"));
  world.page("failed_total{group=\"a\"} 500\n", 0);
  world.page("failed_total{group=\"a\"} 90000\n", 1);
  EXPECT_EQ(world.rows(kFailed), "a=500");
  world.page("failed_total{group=\"a\"} 90004\n", 1);
  EXPECT_EQ(world.rows(kFailed), "a=504");
}

TEST(SourcesInterpreter, WhatWasCountedWhileASourceFailedIsNotLost) {
  World world = counters();
  world.page("failed_total{group=\"a\"} 5\n");
  world.fail(Unknown::timed_out);
  EXPECT_EQ(world.rows(kFailed), "a=unknown(timed_out)");
  world.page("failed_total{group=\"a\"} 25\n");
  EXPECT_EQ(world.rows(kFailed), "a=25");
}

TEST(SourcesInterpreter, ARowIsUnknownWhileOneOfItsSourcesFails) {
  World world = two_sources(metric_mapping(kFailed, "failed_total", "group"));
  world.page("failed_total{group=\"a\"} 5\nfailed_total{group=\"mine\"} 1\n", 0);
  world.page("failed_total{group=\"a\"} 5\nfailed_total{group=\"theirs\"} 1\n", 1);
  world.fail(Unknown::denied, 1);
  EXPECT_EQ(world.rows(kFailed), "a=unknown(denied) mine=1 theirs=unknown(denied)");
}

TEST(SourcesInterpreter, ASeriesIsGoneAfterTwoPagesWithoutIt) {
  World world = gauges(Combine::refuse);
  world.page("depth{queue=\"a\"} 5\ndepth{queue=\"b\"} 6\n");
  world.page("depth{queue=\"a\"} 5\n");
  EXPECT_EQ(world.rows(kDepth), "a=5 b=unknown(not_asked)");
  world.page("depth{queue=\"a\"} 5\n");
  EXPECT_EQ(world.rows(kDepth), "a=5");
}

TEST(SourcesInterpreter, FailuresBetweenDoNotMakeASeriesGone) {
  World world = gauges(Combine::refuse);
  world.page("depth{queue=\"a\"} 5\n");
  for (int i = 0; i < 5; ++i) world.fail(Unknown::failed);
  EXPECT_EQ(world.rows(kDepth), "a=unknown(failed)");
}

TEST(SourcesInterpreter, TheLastRowThatGoesLeavesAnEmptyTable) {
  World world = gauges(Combine::refuse);
  world.page("depth{queue=\"a\"} 5\n");
  for (int i = 0; i < 2; ++i) world.page("# TYPE depth gauge\nother 1\n");
  EXPECT_EQ(world.rows(kDepth), "");
}

TEST(SourcesInterpreter, GaugesOfOneRowAreCombinedOnlyWhenAsked) {
  const std::string text = "depth{queue=\"a\",x=\"1\"} 5\ndepth{queue=\"a\",x=\"2\"} 3\n";
  const std::vector<std::pair<Combine, std::string>> expected{
      {Combine::refuse, "a=unknown(contradicted)"},
      {Combine::sum, "a=8"},
      {Combine::max, "a=5"},
      {Combine::min, "a=3"}};
  for (const auto& [combine, rows] : expected) {
    World world = gauges(combine);
    world.page(text);
    EXPECT_EQ(world.rows(kDepth), rows);
  }
}

TEST(SourcesInterpreter, RowsOfClustersThatAreNotWatchedAreLeftOut) {
  Mapping mapping = metric_mapping(kDepth, "depth", "queue");
  mapping.cells[0] = label_cell("cluster");
  World world(one_source({mapping}));
  world.page(
      "depth{queue=\"a\",cluster=\"prod\"} 1\ndepth{queue=\"a\",cluster=\"west\"} 2\n"
      "depth{queue=\"a\",cluster=\"mars\"} 3\n");
  EXPECT_EQ(world.rows(kDepth), "a=1");
  EXPECT_EQ(world.rows(kDepth, "west"), "a=2");
  EXPECT_THAT(world.observe().problems,
              testing::ElementsAre(testing::Field(
                  &Problem::what,
                  "source app: series are left out: their cluster 'mars' is not watched here")));
}

TEST(SourcesInterpreter, ASourceIsUnknownUntilItWasTried) {
  World world = counters();
  EXPECT_EQ(world.rows(measure("source_up")), "app=unknown(not_asked)");
}

TEST(SourcesInterpreter, AFailureIsSaidOfItsSource) {
  World world = counters();
  world.page("failed_total{group=\"a\"} 5\n");
  EXPECT_EQ(world.rows(measure("source_up")), "app=1");
  EXPECT_EQ(world.rows(measure("source_series")), "app=1");
  world.fail(Unknown::timed_out);
  EXPECT_EQ(world.rows(measure("source_up")), "app=0");
  const Observation observation = world.observe();
  ASSERT_EQ(observation.notes.size(), 1U);
  EXPECT_EQ(observation.notes[0].text, "it did not answer");
  EXPECT_EQ(observation.notes[0].entity.text(), "cluster=prod source=app");
  ASSERT_EQ(observation.problems.size(), 1U);
  EXPECT_EQ(observation.problems[0].what, "source app: it did not answer");
}

TEST(SourcesInterpreter, ASourceThatIsSilentForLongIsUnknown) {
  World world = counters();
  world.page("failed_total{group=\"a\"} 5\n");
  world.pass(45s);
  EXPECT_EQ(world.rows(kFailed), "a=5");
  world.pass(10s);
  EXPECT_EQ(world.rows(kFailed), "a=unknown(not_asked)");
  EXPECT_EQ(world.rows(measure("source_up")), "app=unknown(not_asked)");
}

TEST(SourcesInterpreter, AValueThatIsUnknownOnAGoodPageConcernsItsRowAlone) {
  World world = gauges(Combine::refuse);
  world.page("depth{queue=\"a\"} NaN\ndepth{queue=\"b\"} 2\n");
  EXPECT_EQ(world.rows(kDepth), "a=unknown(failed) b=2");
  EXPECT_EQ(world.rows(measure("source_up")), "app=1");
}

TEST(SourcesInterpreter, EveryHelpTextIsOneSentence) {
  for (const Measure* one : source_measures()) {
    EXPECT_TRUE(one->help.ends_with('.')) << one->name;
    EXPECT_EQ(one->help.find(". "), std::string_view::npos) << one->name;
  }
}

}  // namespace
}  // namespace highwater::sources
