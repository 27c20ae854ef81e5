// What no file can try, because no collector counts events yet, and what a rehearsal promises to
// those who drive it.
#include "rules/rehearsal/rehearsal.h"

#include <gmock/gmock.h>

#include "rules/language/load.h"
#include "rules/rehearsal/rule_test.h"
#include "tests/rules/local_catalogue.h"

namespace highwater::rules {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view kEvents = R"(
slos:
  - name: orders-processed
    sli: {bad: topic_records_failed_total, total: topic_records_total}
    per: [topic]
    objective: 99%
    window: 30d
    runbook: https://wiki.example.com/orders
)";

RuleSet rules(std::string_view text) {
  Diagnostics diagnostics;
  RuleSet loaded = parse_rules(
      text, "rules.yaml", local_catalogue(), [](std::string_view) { return true; }, diagnostics);
  EXPECT_EQ(text_of(diagnostics), "");
  return loaded;
}

Series series(std::string_view row, std::string_view values) {
  ParsedRow parsed = parse_row(row, {local_catalogue(), "prod"});
  EXPECT_FALSE(parsed.error) << parsed.error->what;
  ParsedValues samples = parse_values(values, *parsed.measure);
  EXPECT_FALSE(samples.error) << samples.error->what;
  return {parsed.measure, std::move(parsed.cells), std::move(samples.values), 1};
}

Scenario failing_orders() {
  Scenario scenario;
  scenario.series.push_back(
      series("topic_records_total{topic=\"orders\"}", "0+100x1440 144000+100x600"));
  scenario.series.push_back(
      series("topic_records_failed_total{topic=\"orders\"}", "0x1440 0+50x600"));
  return scenario;
}

TEST(Rehearsal, CountsEventsAndPagesWhenTheyBurn) {
  const Scenario scenario = failing_orders();
  Rehearsal rehearsal(rules(kEvents), scenario);
  rehearsal.run_until(hours(24) + minutes(10));
  ASSERT_EQ(rehearsal.budgets("orders-processed").size(), 1U);
  const RehearsedBudget quiet = rehearsal.budgets("orders-processed").front();
  EXPECT_NEAR(quiet.status.sums.bad, 450, 1e-6);
  EXPECT_EQ(quiet.good, false);
  EXPECT_EQ(rehearsal.pages(), 0U);

  rehearsal.run_until(hours(30));
  EXPECT_EQ(rehearsal.pages(), 1U);
  EXPECT_THAT(rehearsal.fired(), testing::ElementsAre("orders-processed"));
}

TEST(Rehearsal, TheVerdictOfEventsIsThatOfTheLastStep) {
  const Scenario scenario = failing_orders();
  Rehearsal rehearsal(rules(kEvents), scenario);
  rehearsal.run_until(hours(23));
  EXPECT_EQ(rehearsal.budgets("orders-processed").front().good, true);
  rehearsal.run_until(scenario.length() + hours(1));
  EXPECT_EQ(rehearsal.budgets("orders-processed").front().good, std::nullopt) << "it is gone";
}

TEST(Rehearsal, StepsInBetweenChangeNothing) {
  const Scenario scenario = failing_orders();
  Rehearsal at_once(rules(kEvents), scenario);
  Rehearsal bit_by_bit(rules(kEvents), scenario);
  at_once.run_until(scenario.length());
  for (Duration at{}; at <= scenario.length(); at += seconds(77)) bit_by_bit.run_until(at);
  bit_by_bit.run_until(scenario.length());
  const std::vector<Firing> one = at_once.firings();
  const std::vector<Firing> other = bit_by_bit.firings();
  ASSERT_EQ(one.size(), other.size());
  ASSERT_FALSE(one.empty());
  for (size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].from, other[i].from);
    EXPECT_EQ(one[i].until, other[i].until);
    EXPECT_EQ(one[i].tier, other[i].tier);
  }
}

TEST(Rehearsal, AScenarioWithoutSeriesIsQuiet) {
  const Scenario scenario;
  Rehearsal rehearsal(rules(kEvents), scenario);
  rehearsal.run_until(hours(1));
  EXPECT_THAT(rehearsal.firings(), testing::IsEmpty());
  EXPECT_THAT(rehearsal.budgets("orders-processed"), testing::IsEmpty());
}

TEST(Series, ARunIsReadWithoutBeingUnfolded) {
  const Series long_one = series("topic_records_total{topic=\"a\"}", "0+2x9999998");
  EXPECT_EQ(long_one.values.size(), kMostSamples - 1);
  EXPECT_EQ(long_one.values.runs().size(), 1U);
  SeriesValues::Cursor cursor;
  EXPECT_EQ(long_one.values.at(9'999'998, cursor).value, 19'999'996);
  EXPECT_EQ(long_one.values.at(9'999'999, cursor).reading, Reading::gone);
}

TEST(Series, SamplesAlikeAreOneRun) {
  const Series one = series("topic_records_total{topic=\"a\"}", "1 1x3 1 2 2 _ _x2 2");
  EXPECT_EQ(one.values.size(), 12U);
  EXPECT_EQ(one.values.runs().size(), 4U);
}

}  // namespace
}  // namespace highwater::rules
