// What is known of budgets after a restart, and how old a burn is that was seen before it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/rules/engine/engine_restore_support.h"

namespace highwater::rules::testing {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(EngineRestore, BudgetsOfBeforeMakeNoRoomUntilAllWasSeen) {
  SloRule slo = lag_slo();
  slo.max_entities = 2;
  Mortal world(RuleSet({}, {slo}));
  world.cluster.set(kLagSeconds, {"a"}, 1);
  world.cluster.set(kLagSeconds, {"b"}, 1);
  world.poll_after(seconds(15));
  world.save();
  world.restart(minutes(20));
  world.cluster.remove(kLagSeconds, {"a"});
  world.cluster.remove(kLagSeconds, {"b"});
  world.cluster.set(kLagSeconds, {"c"}, 1);
  const auto budgets = [&] {
    world.save();
    std::string names;
    for (const StateRecord& record : world.records) {
      if (record.kind == kBudgetKind) names += decode_key(record.key)->entity.label("group").text();
    }
    return names;
  };
  world.poll_after(seconds(15));
  EXPECT_EQ(budgets(), "ab") << "they may only not be listed yet";
  for (int i = 0; i < 41; ++i) world.poll_after(seconds(15));
  EXPECT_THAT(budgets(), ::testing::HasSubstr("c"));
}

SloRule strict_lag_slo() {
  SloRule rule = lag_slo();
  rule.sli.good.high = 1;
  return rule;
}

// A group that begins to lag, on a broker that is well.
struct BurningMortal : Mortal {
  BurningMortal()
      : Mortal({{ground_rule("BrokerDown", kFailed, Fault::broker, {})}, {strict_lag_slo()}}) {
    cluster.set(kFailed, {"2"}, 0);
    cluster.relate("coordinates", {"group"}, {"broker"}, {{{"payments"}, {"2"}}});
    cluster.set(kLagSeconds, {"payments"}, 0);
    for (int i = 0; i < 7200; ++i) poll_after(seconds(1));
    cluster.set(kLagSeconds, {"payments"}, 400);
  }
  // What is told until the burn pages.
  std::vector<std::string> burn() {
    for (int i = 0; i < 1200; ++i) {
      std::vector<std::string> said = told(poll_after(seconds(1)));
      if (!said.empty()) return said;
      save();
    }
    return {};
  }
  std::vector<std::string> kill_broker() {
    cluster.set(kFailed, {"2"}, 1);
    return told(poll_after(seconds(1)));
  }
};

TEST(EngineRestore, ABurnThatPagesJustAfterARestartIsAsOldAsWhatWasBadBeforeIt) {
  BurningMortal once;
  int polls = 0;
  while (told(once.poll_after(seconds(1))).empty()) ++polls;
  BurningMortal world;
  for (int i = 0; i < polls; ++i) ASSERT_THAT(told(world.poll_after(seconds(1))), IsEmpty());
  world.save();
  world.restart(seconds(2));
  ASSERT_THAT(world.burn(), ElementsAre("opened payments-lag"));
  EXPECT_THAT(world.kill_broker(), ElementsAre("opened BrokerDown"));
}

TEST(EngineRestore, ABurnThatPagedBeforeARestartIsAsOldAsItWasThen) {
  BurningMortal world;
  ASSERT_THAT(world.burn(), ElementsAre("opened payments-lag"));
  world.save();
  world.restart(seconds(2));
  EXPECT_THAT(told(world.poll_after(seconds(1))), IsEmpty());
  EXPECT_THAT(world.kill_broker(), ElementsAre("opened BrokerDown"));
}

// What follows at once on a burn that people heard the end of is another one, also after a restart.
TEST(EngineRestore, ABurnThatFollowsAResolvedOneIsAsOldAsWhatIsBadNow) {
  BurningMortal world;
  ASSERT_THAT(world.burn(), ElementsAre("opened payments-lag"));
  world.cluster.set(kLagSeconds, {"payments"}, 0);
  while (told(world.poll_after(seconds(1))).empty()) continue;
  world.save();
  world.restart(seconds(2));
  ASSERT_THAT(world.kill_broker(), ElementsAre("opened BrokerDown"));
  world.cluster.set(kLagSeconds, {"payments"}, 400);
  EXPECT_THAT(world.burn(), ElementsAre("updated BrokerDown"));
}

// Kills at random moments of a month: budgets differ from those of an undisturbed run by the
// minutes that were lost at most, and so do the alerts; nothing is told twice and nothing that
// fired is forgotten.
TEST(EngineRestore, AMonthWithTwoHundredKillsEndsLikeOneWithout) {
  const RuleSet rules({}, {lag_slo()});
  Mortal calm(rules);
  Mortal rough(rules);
  for (Mortal* world : {&calm, &rough}) world->cluster.set_cadence(minutes(1));
  std::mt19937 random(20'261);
  const Duration step = minutes(1);
  const int steps = 30 * 24 * 60;
  const double kill_chance = 200.0 / steps;
  bool ill = false;
  int open = 0;  // incidents people were told of and whose end they were not told of
  int opened = 0;
  int differing = 0;
  int kills = 0;
  for (int i = 0; i < steps; ++i) {
    if (std::bernoulli_distribution(ill ? 0.03 : 0.0008)(random)) ill = !ill;
    for (Mortal* world : {&calm, &rough})
      world->cluster.set(kLagSeconds, {"payments"}, ill ? 400 : 10);
    const bool fires = count_alerts(calm.poll_after(step), "payments-lag") > 0;
    const Report report = rough.poll_after(step);
    for (const Transition& transition : report.transitions) {
      if (transition.kind == TransitionKind::opened) ++open, ++opened;
      if (transition.kind == TransitionKind::resolved) --open;
      ASSERT_TRUE(open == 0 || open == 1) << "minute " << i;
    }
    ASSERT_EQ(count_alerts(report, "payments-lag"), static_cast<size_t>(open)) << "minute " << i;
    differing += fires != (open == 1) ? 1 : 0;
    // Each minute, and with each transition.
    rough.save();
    if (!std::bernoulli_distribution(kill_chance)(random)) continue;
    ++kills;
    ASSERT_THAT(rough.restart(), IsEmpty());
  }
  EXPECT_GT(kills, 150);
  EXPECT_GT(opened, 3);
  EXPECT_LT(differing, kills);
  const auto sums = [](Mortal& world) {
    world.save();
    const auto budget = std::ranges::find(world.records, kBudgetKind, &StateRecord::kind);
    const auto key = decode_key(budget->key);
    const auto decoded = decode_saved_budget(key->entity, budget->value);
    return (*decoded)->curve.between(world.now.wall - hours(29 * 24), world.now.wall);
  };
  const Sums whole = sums(calm);
  const Sums torn = sums(rough);
  EXPECT_GT(whole.bad, 3600);
  EXPECT_NEAR(torn.bad, whole.bad, 60.0 * kills);
  EXPECT_LE(torn.bad, whole.bad);
  EXPECT_NEAR(torn.total, whole.total, 61.0 * kills);
}

}  // namespace
}  // namespace highwater::rules::testing
