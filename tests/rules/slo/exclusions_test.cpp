// Maintenance whose time counts for no error budget: what it does to budgets, what is unknown
// beside it, and what a restart keeps.
#include "rules/slo/exclusions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "rules/routing/moment.h"
#include "rules/slo/slo_tables.h"
#include "tests/rules/engine/engine_world.h"
#include "tests/rules/slo/burn_support.h"

namespace highwater::rules::testing {
namespace {

using std::chrono::hours;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr Duration kDay = hours(24);

// Nothing is read for so long, and that counts for nothing.
void maintain(BudgetCurve& curve, Duration time) {
  const WallTime from = curve.end();
  be_silent(curve, time);
  curve.exclude(from, curve.end());
}

TEST(ExcludedTime, IsNeitherBudgetNorMissing) {
  BudgetCurve curve = healthy(kDay * 40);
  maintain(curve, kDay);
  const BudgetStatus status = budget_status(time_rule(), curve, curve.end());
  EXPECT_EQ(status.excluded, kDay);
  EXPECT_NEAR(status.coverage, 1, 1e-9);
  EXPECT_NEAR(status.budget, 0.001 * to_seconds(kDay * 29), 1e-3);
  EXPECT_EQ(status.remaining, 1);
}

TEST(ExcludedTime, LeavesWhatIsUnknownBesideItUnknown) {
  BudgetCurve curve = healthy(kDay * 40);
  be_silent(curve, kDay);
  maintain(curve, kDay);
  be_silent(curve, kDay);
  const BudgetStatus status = budget_status(time_rule(), curve, curve.end());
  EXPECT_EQ(status.excluded, kDay);
  EXPECT_NEAR(status.coverage, 27.0 / 29, 1e-9);
}

TEST(ExcludedTime, LeavesTheWindowWithIt) {
  BudgetCurve curve = healthy(kDay * 3);
  maintain(curve, hours(10));
  pass(curve, kDay * 30 - hours(4), 0);
  EXPECT_EQ(budget_status(time_rule(), curve, curve.end()).excluded, hours(4));
  pass(curve, hours(5), 0);
  EXPECT_EQ(budget_status(time_rule(), curve, curve.end()).excluded, Duration::zero());
}

TEST(ExcludedTime, OutsideOfTheHoursIsNoPartOfIt) {
  SloRule rule = time_rule();
  During during;
  during.hours = {{hours(8), hours(18)}};
  rule.during = std::make_shared<const OpenHours>(during);
  BudgetCurve curve(kStart);
  for (int day = 0; day < 29; ++day) {
    be_silent(curve, hours(8));
    pass(curve, hours(10), 0);
    be_silent(curve, hours(6));
  }
  maintain(curve, kDay);
  const BudgetStatus status = budget_status(rule, curve, curve.end());
  EXPECT_EQ(status.excluded, hours(10));
  EXPECT_NEAR(status.coverage, 1, 1e-9);
  EXPECT_NEAR(status.budget, 0.001 * to_seconds(hours(290)), 1e-3);
}

// A tier is frozen while nothing counts, and afterwards a fault must last as long as ever.
TEST(ExcludedTime, MakesNoTierQuicker) {
  const SloRule rule = time_rule();
  BudgetCurve calm = healthy(kDay * 40);
  BudgetCurve maintained = calm;
  pass(calm, hours(2), 0);
  maintain(maintained, hours(2));
  EXPECT_TRUE(judge_tier(rule, kFastPage, maintained, maintained.end()).frozen);
  EXPECT_EQ(judge_tier(rule, kFastPage, maintained, maintained.end()).coverage, 1);
  for (BudgetCurve* const curve : {&calm, &maintained}) {
    pass(*curve, seconds(51), 1);
    EXPECT_FALSE(judge_tier(rule, kFastPage, *curve, curve->end()).burning);
    pass(*curve, seconds(10), 1);
    EXPECT_TRUE(judge_tier(rule, kFastPage, *curve, curve->end()).burning);
  }
}

TEST(ExcludedTime, SurvivesTheStoreAndEarlierProgramsReadWhatHasNone) {
  BudgetCurve curve = healthy(kDay * 3);
  EXPECT_EQ(curve.encode().front(), 2);
  maintain(curve, hours(3));
  pass(curve, hours(1), 0.5);
  maintain(curve, hours(2));
  const std::string bytes = curve.encode();
  EXPECT_EQ(bytes.front(), 3);
  const auto read = BudgetCurve::decode(bytes);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->encode(), bytes);
  EXPECT_EQ(budget_status(time_rule(), *read, curve.end()).excluded, hours(5));
  EXPECT_EQ(curve.counting(BudgetCurve::First::good).encode().front(), 3);
  for (size_t cut = 1; cut < bytes.size(); ++cut)
    EXPECT_FALSE(BudgetCurve::decode(std::string_view(bytes).substr(0, cut))) << cut;
  // The first stretch stands behind the head of 122 bytes and their number.
  std::string turned = bytes;
  std::swap_ranges(turned.begin() + 126, turned.begin() + 134, turned.begin() + 134);
  EXPECT_FALSE(BudgetCurve::decode(turned));
}

TEST(ExcludedTime, IsBoundedAndForgottenWithItsWindow) {
  BudgetCurve curve(kStart);
  for (size_t i = 0; i < BudgetCurve::kMostExcluded + 10; ++i) {
    pass(curve, minutes(1), 0);
    maintain(curve, minutes(1));
  }
  size_t stretches = 0;
  curve.for_each_excluded(kStart, curve.end(), [&](WallTime, WallTime) { ++stretches; });
  EXPECT_EQ(stretches, BudgetCurve::kMostExcluded);
  EXPECT_TRUE(BudgetCurve::decode(curve.encode()));
  curve.thin(curve.end(), hours(1));
  stretches = 0;
  curve.for_each_excluded(kStart, curve.end(), [&](WallTime, WallTime) { ++stretches; });
  EXPECT_EQ(stretches, 30);
}

Silence window(std::vector<std::string> matchers, WallTime begins, WallTime ends) {
  Silence window;
  window.matcher = *Matcher::parse(matchers);
  window.begins = begins;
  window.ends = ends;
  window.excludes_budget = true;
  return window;
}

TEST(ExcludedStretches, FollowTheClocksOfTheirZone) {
  During during;
  during.days = {false, false, false, false, false, true, false};
  during.hours = {{hours(23), hours(26)}};
  during.time_zone = "Europe/Berlin";
  during.zone_named = true;
  Silence night;
  night.during = std::make_shared<const OpenHours>(during);
  const auto excluded = [&](const char* from, const char* to) {
    const std::vector<const Silence*> windows{&night};
    Duration sum{};
    const WallTime until = *parse_moment(to);
    for (WallTime at = *parse_moment(from); at < until;) {
      const ExcludedStretch stretch = excluded_stretch(windows, at, until);
      EXPECT_GT(stretch.end, at);
      if (stretch.excluded) sum += stretch.end - at;
      at = stretch.end;
    }
    return sum;
  };
  EXPECT_EQ(excluded("2026-06-01", "2026-06-08"), hours(3));
  EXPECT_EQ(excluded("2026-03-27", "2026-03-31"), hours(3));  // until 02:00, which is 03:00
  EXPECT_EQ(excluded("2026-10-23", "2026-10-27"), hours(3));  // 02:00 comes after its night
  EXPECT_EQ(excluded("2026-06-06 21:30", "2026-06-06 22:00"), minutes(30));
}

SloRule lag_slo() {
  SloRule rule = make_slo("payments-lag", kLagSeconds, 0.99);
  rule.sli.good.high = 300;
  return rule;
}

// A world that can be killed, with maintenance from an hour after its start for two hours.
class MaintainedWorld {
 public:
  explicit MaintainedWorld(std::vector<std::string> matchers, Owners owners = {}) {
    rules_ = RuleSet({}, {lag_slo()});
    rules_.exclusions = std::make_shared<const Exclusions>(
        std::vector<Silence>{window(std::move(matchers), now.wall + hours(1), now.wall + hours(3))},
        std::move(owners));
    engine_ = std::make_unique<Engine>(rules_);
    cluster.set(kLagSeconds, {"payments"}, 10);
  }

  std::vector<std::string> polls(Duration duration) {
    std::vector<std::string> heard;
    for (const SteadyTime end = now.steady + duration; now.steady < end;) {
      now.steady += seconds(15);
      now.wall += seconds(15);
      cluster.publish(snapshot_, now);
      last_ = engine_->evaluate(std::make_shared<const Snapshot>(snapshot_), now);
      for (const std::string& text : told(last_)) heard.push_back(text);
    }
    return heard;
  }
  void restart(Duration away) {
    const std::vector<StateRecord> records = engine_->state(now, true);
    now.wall += away;
    now.steady = SteadyTime(hours(1));
    snapshot_ = {};
    engine_ = std::make_unique<Engine>(rules_);
    EXPECT_THAT(engine_->restore(records, now), IsEmpty());
  }
  [[nodiscard]] double said(std::string_view measure) const {
    const auto part = last_.snapshot->observations.find({Symbol("prod"), kSloPart});
    for (const Table& table : part->second->tables) {
      if (table.measure->name == measure && table.rows() == 1 && table.known(0))
        return table.values[0];
    }
    return std::nan("");
  }

  FakeCluster cluster;
  Now now{SteadyTime(hours(100)), WallTime(hours(490'000))};

 private:
  RuleSet rules_;
  std::unique_ptr<Engine> engine_;
  Snapshot snapshot_;
  Report last_;
};

TEST(Maintenance, ThatIsExcludedCostsNoBudgetAndIsNotUnknown) {
  MaintainedWorld world({"cluster=prod"});
  EXPECT_THAT(world.polls(hours(1)), IsEmpty());
  world.cluster.set(kLagSeconds, {"payments"}, 4000);
  EXPECT_THAT(world.polls(hours(2) - minutes(1)), IsEmpty());
  world.cluster.set(kLagSeconds, {"payments"}, 10);
  EXPECT_THAT(world.polls(hours(1)), IsEmpty());
  EXPECT_NEAR(world.said("slo_bad_seconds_total"), 0, 1e-6);
  EXPECT_NEAR(world.said("slo_error_budget_remaining_ratio"), 1, 1e-9);
  EXPECT_NEAR(world.said("slo_coverage_ratio"), 1, 1e-6);
  EXPECT_NEAR(world.said("slo_excluded_seconds"), 7200, 1e-6);
}

TEST(Maintenance, OfOthersExcludesNothing) {
  MaintainedWorld world({"cluster=prod", "group=billing"});
  world.polls(hours(1));
  world.cluster.set(kLagSeconds, {"payments"}, 4000);
  EXPECT_THAT(world.polls(hours(2)), Not(IsEmpty()));
  EXPECT_NEAR(world.said("slo_bad_seconds_total"), 7200, 15);
  EXPECT_EQ(world.said("slo_excluded_seconds"), 0);
}

TEST(Maintenance, IsFoundByRuleGroupAndTeam) {
  Owner owner;
  owner.team = "shop";
  owner.groups = {pattern("pay*")};
  for (const std::vector<std::string>& matchers :
       {std::vector<std::string>{"alertname=payments-lag"}, {"group=pay*"}, {"team=shop"}}) {
    MaintainedWorld world(matchers, {owner});
    world.polls(hours(4));
    EXPECT_NEAR(world.said("slo_excluded_seconds"), 7200, 1e-6) << matchers.front();
  }
}

TEST(Maintenance, WhileTheAgentIsDownIsExcludedAndTheRestOfThatIsUnknown) {
  MaintainedWorld world({"cluster=prod"});
  world.polls(hours(1) + minutes(30));
  world.restart(hours(1));  // inside
  world.polls(minutes(15));
  EXPECT_NEAR(world.said("slo_excluded_seconds"), 6300, 1e-6);
  EXPECT_NEAR(world.said("slo_coverage_ratio"), 1, 1e-6);
  world.restart(minutes(45));  // a third of it inside
  world.polls(minutes(30));
  EXPECT_NEAR(world.said("slo_excluded_seconds"), 7200, 1e-6);
  EXPECT_NEAR(world.said("slo_coverage_ratio"), 1.5 / 2, 0.01);
}

TEST(Maintenance, ThatIsNotReadIsExcludedAndNotUnknown) {
  MaintainedWorld world({"cluster=prod"});
  world.polls(hours(1));
  world.cluster.set_unknown(kLagSeconds, {"payments"}, Unknown::timed_out);
  world.polls(hours(2));
  EXPECT_NEAR(world.said("slo_coverage_ratio"), 1, 1e-6);
  world.polls(hours(1));
  EXPECT_NEAR(world.said("slo_excluded_seconds"), 7200, 1e-6);
  EXPECT_NEAR(world.said("slo_coverage_ratio"), 0.5, 0.01);
}

}  // namespace
}  // namespace highwater::rules::testing
