#include "collectors/sources/interpreter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/sources/support.h"

namespace highwater::sources {
namespace {

using namespace std::chrono_literals;

// Reads pages into an interpreter, and says what the rows of a measure are.
class World {
 public:
  explicit World(SourcePlan plan)
      : plan_(std::move(plan)), interpreter_(plan_, {Symbol("prod"), Symbol("west")}) {}

  void page(const std::string& text, size_t source = 0) {
    Scrape scrape;
    scrape.source = source;
    scrape.at = moment(passed_);
    scrape.took = 20ms;
    auto readings = read_page({text, ""}, plan_, source, moment(passed_).wall);
    if (readings)
      scrape.readings = std::move(*readings);
    else
      scrape.failure = readings.error();
    interpreter_.take(std::move(scrape));
  }

  void fail(Unknown reason, size_t source = 0) {
    Scrape scrape;
    scrape.source = source;
    scrape.at = moment(passed_);
    scrape.failure = Failure{reason, "it did not answer"};
    interpreter_.take(std::move(scrape));
  }

  void pass(Duration time) { passed_ += time; }

  Observation observe(std::string_view cluster = "prod") {
    for (Observation& observation : interpreter_.observe(moment(passed_))) {
      if (observation.cluster.text() == cluster) return std::move(observation);
    }
    return {};
  }

  // "payments=5 orders=unknown(failed)"
  std::string rows(const Measure& measure, std::string_view cluster = "prod") {
    const Observation observation = observe(cluster);
    const Table* const table = observation.find(measure);
    if (table == nullptr) return "no table";
    std::string text;
    for (size_t row = 0; row < table->rows(); ++row) {
      if (!text.empty()) text += ' ';
      text += table->keys->row(row)[1].text() + "=";
      text += table->known(row) ? std::to_string(static_cast<int>(table->values[row]))
                                : "unknown(" + std::string(unknown_name(table->reason(row))) + ")";
    }
    return text;
  }

 private:
  const SourcePlan plan_;
  SourcesInterpreter interpreter_;
  Duration passed_{};
};

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

const Measure& measure(std::string_view name) {
  const auto all = source_measures();
  return **std::ranges::find(all, name, &Measure::name);
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
  for (int i = 0; i < 2; ++i) world.page("other 1\n");
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
  EXPECT_THAT(
      world.observe().problems,
      testing::ElementsAre(testing::Field(
          &Problem::what, "source app: series are left out: their cluster is not watched here")));
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
