// Two counters of one SLO that are not read at one moment: they are compared over windows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "rules/rehearsal/kept_budgets.h"
#include "rules/slo/slo_tables.h"
#include "tests/rules/engine/engine_world.h"

namespace highwater::rules::testing {
namespace {

using std::chrono::hours;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Measure kFirst{
    "errors_total", "Help.", Unit::count, MeasureType::counter, {"cluster", "topic", "partition"}};
const Measure kTotal{
    "records_total", "Help.", Unit::count, MeasureType::counter, {"cluster", "topic", "partition"}};

SloRule slo(bool first_is_good) {
  SloRule rule = make_slo("errors", kFirst, 0.99);
  rule.sli.first.scope.per = {0, 1};
  rule.sli.first.scope.aggregated = true;
  rule.sli.total = SliSource{&kTotal, rule.sli.first.scope};
  rule.sli.first_is_good = first_is_good;
  return rule;
}

// The two counters come from two sources, and the one's page may be later than the other's.
class TwoSources {
 public:
  explicit TwoSources(bool first_is_good, Duration first_later = milliseconds(700))
      : rules_({}, {slo(first_is_good)}), first_later_(first_later), engine_(make()) {
    cluster_.put_in_part(kFirst, "first");
    cluster_.put_in_part(kTotal, "total");
    set(0, 0);
  }

  void set(double first, double total, const std::string& partition = "0") {
    cluster_.set(kFirst, {"orders", partition}, first);
    cluster_.set(kTotal, {"orders", partition}, total);
  }
  FakeCluster& cluster() { return cluster_; }

  // One poll of each source; the counters grow between them as well.
  std::vector<std::string> poll(double first_rate, double total_rate) {
    const auto grow = [&](Duration time) {
      first_ += first_rate * to_seconds(time);
      total_ += total_rate * to_seconds(time);
      set(first_, total_);
      now_.steady += time;
      now_.wall += time;
    };
    std::vector<std::string> heard;
    grow(seconds(15) - first_later_);
    publish("total", heard);
    grow(first_later_);
    publish("first", heard);
    return heard;
  }
  void publish(std::string_view part, std::vector<std::string>& heard) {
    cluster_.publish(snapshot_, now_, part);
    last = engine_->evaluate(std::make_shared<const Snapshot>(snapshot_), now_);
    for (const std::string& text : told(last)) heard.push_back(text);
  }
  std::vector<std::string> polls(Duration time, double first_rate, double total_rate) {
    std::vector<std::string> heard;
    for (Duration passed{}; passed < time; passed += seconds(15)) {
      for (std::string& text : poll(first_rate, total_rate)) heard.push_back(std::move(text));
    }
    return heard;
  }
  void restart() {
    const auto records = engine_->state(now_, true);
    engine_ = make();
    EXPECT_THAT(engine_->restore(records, now_), IsEmpty());
  }
  [[nodiscard]] Sums lifetime() const {
    const auto kept = kept_budgets(*engine_, rules_.slos, now_);
    return kept.size() == 1 ? kept[0].lifetime : Sums{};
  }
  [[nodiscard]] ExplainAnswer explain() const { return engine_->explain({"errors", ""}, now_); }
  [[nodiscard]] Now now() const { return now_; }

  Report last;

 private:
  [[nodiscard]] std::unique_ptr<Engine> make() const { return std::make_unique<Engine>(rules_); }

  RuleSet rules_;
  Duration first_later_;
  std::unique_ptr<Engine> engine_;
  FakeCluster cluster_;
  Snapshot snapshot_;
  Now now_{SteadyTime(hours(100)), WallTime(hours(490'000))};
  double first_ = 0;
  double total_ = 0;
};

TEST(SloCounters, FailuresThatAreReadLaterAreCounted) {
  TwoSources world(false);
  EXPECT_THAT(world.polls(hours(1), 0, 100), IsEmpty());
  const Sums before = world.lifetime();
  EXPECT_THAT(world.polls(seconds(74), 50, 100), IsEmpty());
  const Sums after = world.lifetime();
  EXPECT_NEAR(after.bad - before.bad, 3750, 100);
  EXPECT_NEAR(after.total - before.total, 7500, 100);
  // The page comes when 14.4 % of the hour's events are bad.
  EXPECT_THAT(world.polls(minutes(30), 50, 100), ::testing::Contains("opened errors"));
}

TEST(SloCounters, FailuresThatAreReadAtTheSameTimeAreCountedAlike) {
  TwoSources world(false, Duration::zero());
  EXPECT_THAT(world.polls(hours(1), 0, 100), IsEmpty());
  const Sums before = world.lifetime();
  world.polls(seconds(74), 50, 100);
  EXPECT_NEAR(world.lifetime().bad - before.bad, 3750, 100);
  EXPECT_NEAR(world.lifetime().total - before.total, 7500, 100);
}

TEST(SloCounters, HalfOfAllFromTheStartPagesWithinMinutes) {
  TwoSources world(false);
  EXPECT_THAT(world.polls(minutes(1), 50, 100), IsEmpty());
  world.polls(minutes(17), 50, 100);
  EXPECT_EQ(count_alerts(world.last, "errors"), 1U);
}

TEST(SloCounters, SuccessesThatAreReadLaterAreNoFailures) {
  TwoSources world(true);
  world.polls(hours(2), 0, 0);
  EXPECT_THAT(world.polls(minutes(20), 100, 100), IsEmpty());
  EXPECT_THAT(world.polls(minutes(20), 0, 0), IsEmpty());
  EXPECT_NEAR(world.lifetime().bad, 0, 0.01);
}

TEST(SloCounters, SuccessesThatAreMissingAreFailures) {
  TwoSources world(true);
  world.polls(hours(1), 100, 100);
  const Sums before = world.lifetime();
  world.polls(minutes(2), 50, 100);
  EXPECT_NEAR(world.lifetime().bad - before.bad, 6000, 800);
  EXPECT_THAT(world.polls(minutes(30), 50, 100), ::testing::Contains("opened errors"));
}

TEST(SloCounters, WhatIsHeldBackSurvivesARestart) {
  TwoSources world(true);
  world.polls(minutes(10), 100, 100);
  std::vector<std::string> heard;
  world.cluster().set(kTotal, {"orders", "0"}, 100'000);
  world.publish("total", heard);
  const double before = world.lifetime().total;
  world.restart();
  world.polls(minutes(1), 0, 0);
  EXPECT_GT(world.lifetime().total, before + 9'000);
}

TEST(SloCounters, ExcessThatWasCountedFirstSurvivesARestart) {
  TwoSources world(false);
  world.polls(minutes(10), 0, 10);
  const double total = world.lifetime().total;
  std::vector<std::string> heard;
  // Many more failures than records so far: those follow.
  world.cluster().set(kFirst, {"orders", "0"}, total + 500);
  world.publish("first", heard);
  EXPECT_NEAR(world.lifetime().bad, total, 1e-6);
  world.restart();
  world.polls(seconds(30), 0, 0);
  world.cluster().set(kTotal, {"orders", "0"}, 6000 + 400);
  world.publish("total", heard);
  EXPECT_NEAR(world.lifetime().bad, world.lifetime().total, 101);
  EXPECT_GT(world.lifetime().bad, total + 300);
}

TEST(SloCounters, WhatGrewWhileAnotherRowWasUnknownIsCountedLater) {
  TwoSources world(false);
  std::vector<std::string> heard;
  world.set(0, 0, "1");
  world.polls(minutes(1), 1, 10);
  const double before = world.lifetime().total;
  world.cluster().set_unknown(kTotal, {"orders", "1"});
  world.polls(minutes(1), 1, 10);
  EXPECT_EQ(world.lifetime().total, before);
  world.set(0, 0, "1");
  world.polls(minutes(1), 1, 10);
  EXPECT_NEAR(world.lifetime().total, before + 1200, 160);
  EXPECT_NEAR(world.lifetime().bad * 10, world.lifetime().total, 200);
}

TEST(SloCounters, AFirstCounterAboveTheTotalOverAWindowIsSaid) {
  TwoSources world(true);
  world.polls(hours(2), 100, 100);
  EXPECT_THAT(world.explain().items.at(0).budget->finding, IsEmpty());
  world.polls(hours(2), 120, 100);
  EXPECT_THAT(world.explain().items.at(0).budget->finding,
              HasSubstr("they do not count the same events"));
  const auto part = world.last.snapshot->observations.find({Symbol("prod"), kSloPart});
  ASSERT_NE(part, world.last.snapshot->observations.end());
  ASSERT_EQ(part->second->problems.size(), 1U);
  EXPECT_THAT(part->second->problems[0].what, HasSubstr("errors_total grew by"));
}

TEST(SloCounters, ABudgetOfGoodEventsThatWasSavedAsBadOnesIsTheSameBudget) {
  BudgetCurve bad(WallTime(hours(490'000)));
  for (int i = 0; i < 300; ++i)
    bad.extend(bad.end() + seconds(15), {i % 7 == 0 ? 3.0 : 0.0, 40, seconds(15)});
  const BudgetCurve good = bad.counting(BudgetCurve::First::good);
  EXPECT_EQ(good.end(), bad.end());
  for (int minute = 0; minute < 75; minute += 5) {
    const Sums one = bad.between(bad.begin() + minutes(minute), bad.end());
    const Sums other = good.between(bad.begin() + minutes(minute), bad.end());
    EXPECT_NEAR(one.bad, other.bad, 0.01);
    EXPECT_NEAR(one.total, other.total, 0.01);
  }
}

}  // namespace
}  // namespace highwater::rules::testing
