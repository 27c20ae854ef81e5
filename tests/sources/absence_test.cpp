// A page that has nothing of what a mapping names: nothing has happened yet, or the name is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sources/world.h"

namespace highwater::sources {
namespace {

using namespace std::chrono_literals;

// What the page has of the only mapping: "rows", "nothing yet", or why it is lacking.
std::string found(const Mapping& mapping, const std::string& text,
                  PageFormat format = PageFormat::prometheus) {
  const auto readings = read_page(page(text), one_source({mapping}, format), 0, moment().wall);
  if (!readings) return "unreadable: " + readings.error().what;
  EXPECT_EQ(readings->findings.size(), 1U);
  switch (readings->findings.front().found) {
    case Found::rows:
      return "rows";
    case Found::nothing_yet:
      return "nothing yet";
    case Found::lacking:
      return readings->findings.front().why;
  }
  return {};
}

Mapping failed(std::string metric) {
  return metric_mapping(kFailed, std::move(metric), "group");
}

TEST(AbsentMetric, AMisspeltNameIsSaidWithTheOneThatWasMeant) {
  EXPECT_EQ(found(failed("app_faild_total"), "app_failed_total{group=\"a\"} 0\nup 1\n"),
            "app_faild_total is not on its page: did you mean 'app_failed_total'?");
  EXPECT_EQ(found(failed("orders_rejected"), "up 1\n"), "orders_rejected is not on its page");
}

TEST(AbsentMetric, OfSeveralNamesOneIsEnough) {
  Mapping mapping = failed("a_failed_total");
  mapping.metrics.emplace_back("b_failed_total");
  EXPECT_EQ(found(mapping, "b_failed_total{group=\"a\"} 0\n"), "rows");
  EXPECT_EQ(found(mapping, "b_faled_total{group=\"a\"} 0\n"),
            "none of a_failed_total, b_failed_total is on its page: did you mean "
            "'b_faled_total'?");
}

TEST(AbsentMetric, ATypeLineSaysThatNothingHasHappenedYet) {
  EXPECT_EQ(found(failed("failed_total"), "# TYPE failed_total counter\nup 1\n"), "nothing yet");
  EXPECT_EQ(found(failed("failed_total"), "# TYPE failed counter\nup 1\n# EOF\n"), "nothing yet");
  EXPECT_EQ(found(failed("call_seconds_count"), "# TYPE call_seconds histogram\nup 1\n"),
            "nothing yet");
}

TEST(AbsentMetric, TheNameOfAHistogramIsNotThatOfItsCounters) {
  EXPECT_EQ(found(failed("call_seconds"),
                  "# TYPE call_seconds summary\ncall_seconds_count{group=\"a\"} 3\n"),
            "call_seconds is a summary: name one of its counters, call_seconds_count or "
            "call_seconds_sum");
}

TEST(AbsentMetric, AValueThatSelectChoosesMayComeButALabelIsThereOrNot) {
  Mapping mapping = failed("calls_total");
  mapping.filters.push_back({"result", {}, {Pattern::parse("failure").value()}, false});
  EXPECT_EQ(found(mapping, "calls_total{group=\"a\",result=\"success\"} 3\n"), "nothing yet");
  EXPECT_EQ(found(mapping, "calls_total{group=\"a\",outcome=\"success\"} 3\n"),
            "its series have no label result, which 'select' looks at: they have group, outcome");
}

TEST(AbsentMetric, ALabelThatNoSeriesHasIsSaidWithThoseThatTheyHave) {
  Mapping mapping = failed("failed_total");
  mapping.cells[1].others = {"groupId"};
  EXPECT_EQ(found(mapping, "failed_total{consumer=\"a\",pod=\"1\"} 3\n"),
            "its series have no label group or groupId for the dimension 'group': they have "
            "consumer, pod");
  EXPECT_EQ(found(mapping, "failed_total{groupId=\"a\"} 3\n"), "rows");
}

std::string found_in(std::string_view path, std::string_view cell, const std::string& json) {
  return found(path_mapping(kTaskFailed, path, cell), json, PageFormat::json);
}

TEST(AbsentPath, ConnectorsWithoutTheirStatusAreAList) {
  const std::string_view path = "*.status.tasks[].state";
  const std::string_view cell = "*.status.tasks[].id";
  EXPECT_EQ(found_in(path, cell, R"(["orders"])"),
            "'*.status.tasks[].state' leads nowhere on its page: where '*' stands there is a list, "
            "not an object");
  EXPECT_EQ(found_in(path, cell, "{}"), "nothing yet");
  EXPECT_EQ(found_in(path, cell, R"({"a":{"status":{"tasks":[]}}})"), "nothing yet");
}

TEST(AbsentPath, AMisspeltMemberIsSaidWithTheOneThatWasMeant) {
  EXPECT_EQ(found_in("taks[].failed", "taks[].id", R"({"tasks":[{"id":1,"failed":true}]})"),
            "'taks[].failed' leads nowhere on its page: there is no 'taks': did you mean 'tasks'?");
  EXPECT_EQ(found_in("tasks[].failed", "tasks[].name", R"({"tasks":[{"id":1,"failed":true}]})"),
            "'tasks[].failed' is on its page, but not what names its rows: the paths of "
            "'dimensions' lead nowhere");
}

// One source with an application's failures.
World one(std::string metric, bool may_be_absent = false) {
  Mapping mapping = failed(std::move(metric));
  mapping.may_be_absent = may_be_absent;
  return World(one_source({mapping}));
}

std::string missing(World& world) {
  const Observation observation = world.observe();
  const Table* const table = observation.find(measure("source_metric_missing"));
  if (table == nullptr) return "no table";
  std::string text;
  for (size_t row = 0; row < table->rows(); ++row) {
    text += (row == 0 ? "" : " ") + table->keys->row(row)[2].text() + "=";
    text += table->known(row) ? std::to_string(static_cast<int>(table->values[row]))
                              : std::string(unknown_name(table->reason(row)));
  }
  return text;
}

TEST(MissingMetric, IsMeasuredAndSaid) {
  World world = one("app_faild_total");
  EXPECT_EQ(missing(world), "app_faild_total=not_asked");
  world.page("app_failed_total{group=\"a\"} 5\n");
  EXPECT_EQ(missing(world), "app_faild_total=1");
  const Observation observation = world.observe();
  ASSERT_EQ(observation.notes.size(), 1U);
  EXPECT_EQ(observation.notes[0].text,
            "app_faild_total is not on its page: did you mean 'app_failed_total'?; "
            "'records_bad_total' has no rows of it");
  ASSERT_EQ(observation.problems.size(), 1U);
  EXPECT_EQ(observation.problems[0].what, "source app: " + observation.notes[0].text);
  world.page("app_faild_total{group=\"a\"} 5\n");
  EXPECT_EQ(missing(world), "app_faild_total=0");
}

TEST(MissingMetric, IsUnknownWhileTheSourceCannotBeRead) {
  World world = one("failed_total");
  world.page("up 1\n");
  world.fail(Unknown::timed_out);
  EXPECT_EQ(missing(world), "failed_total=timed_out");
  world.pass(2min);
  EXPECT_EQ(missing(world), "failed_total=not_asked");
}

TEST(MissingMetric, IsNotSoughtWhereNothingIsExpected) {
  World world = one("failed_total", true);
  world.page("up 1\n");
  EXPECT_EQ(missing(world), "no table");
  EXPECT_TRUE(world.observe().problems.empty());
}

TEST(EmptyMeasure, IsAnEmptyTableWhenNothingHasHappenedYet) {
  World declared = one("failed_total");
  EXPECT_EQ(declared.rows(kFailed), "no table") << "nothing was read yet";
  declared.page("# TYPE failed_total counter\nup 1\n");
  EXPECT_EQ(declared.rows(kFailed), "");
  World allowed = one("failed_total", true);
  allowed.page("up 1\n");
  EXPECT_EQ(allowed.rows(kFailed), "");
}

TEST(EmptyMeasure, IsNoTableWhenThePageLacksIt) {
  World world = one("failed_total");
  world.page("up 1\n");
  EXPECT_EQ(world.rows(kFailed), "no table");
  world.page("failed_total{group=\"a\"} 5\n");
  for (int i = 0; i < 2; ++i) world.page("up 1\n");
  EXPECT_EQ(world.rows(kFailed), "no table") << "it was renamed";
}

}  // namespace
}  // namespace highwater::sources
