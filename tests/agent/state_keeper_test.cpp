// The state on a real SQLite file, through restarts and kills. A kill is a keeper that is thrown
// away with what it had not yet written.
#include "agent/state_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>

#include "tests/agent/state_keeper_fixture.h"

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;
using rules::testing::kLagSeconds;
using ::testing::IsEmpty;
using testing::Mortal;
using testing::StateKeeperTest;

rules::SloRule lag_slo() {
  rules::SloRule rule = rules::testing::make_slo("lag", kLagSeconds, 0.99);
  rule.sli.good.high = 300;
  return rule;
}

// What was committed last is at most a minute old. Kills come at any moment.
TEST_F(StateKeeperTest, AMonthWithTwoHundredKillsEndsLikeOneWithout) {
  const rules::RuleSet rules({}, {lag_slo()});
  Mortal calm(rules, ":memory:");
  Mortal rough(rules, path("state.db"));
  // Read each minute, and so known all the time.
  for (Mortal* world : {&calm, &rough}) world->cluster.set_cadence(1min);
  std::mt19937 random(77);
  constexpr int kSteps = 30 * 24 * 60;
  bool ill = false;
  int kills = 0;
  int open = 0;
  int opened = 0;
  int differing = 0;
  for (int i = 0; i < kSteps; ++i) {
    if (std::bernoulli_distribution(ill ? 0.03 : 0.0008)(random)) ill = !ill;
    for (Mortal* world : {&calm, &rough})
      world->cluster.set(kLagSeconds, {"payments"}, ill ? 400 : 10);
    const bool fires = !calm.step(1min).alerts.empty();
    const Report report = rough.step(1min);
    for (const Transition& transition : report.transitions) {
      if (transition.kind == TransitionKind::opened) ++open, ++opened;
      if (transition.kind == TransitionKind::resolved) --open;
      ASSERT_TRUE(open == 0 || open == 1) << "told twice, or forgotten, in minute " << i;
    }
    ASSERT_EQ(report.alerts.size(), static_cast<size_t>(open)) << "minute " << i;
    differing += fires != (open == 1) ? 1 : 0;
    // The minute's commit may or may not be on the disk when the kill comes.
    const bool killed = std::bernoulli_distribution(200.0 / kSteps)(random);
    if (!killed || random() % 2 == 0) rough.flush();
    if (!killed) continue;
    ++kills;
    rough.kill();
  }
  EXPECT_GT(kills, 150);
  EXPECT_GT(opened, 3);
  EXPECT_LT(differing, 2 * kills);
  const auto sums = [](Mortal& world) {
    for (const rules::StateRecord& record : world.engine().state(world.now, true)) {
      if (record.kind != rules::kBudgetKind) continue;
      const auto key = rules::decode_key(record.key);
      return (*rules::decode_saved_budget(key->entity, record.value))
          ->curve.between(world.now.wall - 24h * 29, world.now.wall);
    }
    return rules::Sums{};
  };
  const rules::Sums whole = sums(calm);
  const rules::Sums torn = sums(rough);
  EXPECT_GT(whole.bad, 3600);
  EXPECT_LE(torn.bad, whole.bad);
  EXPECT_NEAR(torn.bad, whole.bad, 121.0 * kills);
  EXPECT_NEAR(torn.total, whole.total, 121.0 * kills);
}

// A replay of what the agent recorded ends where its last judgement did; so must its state.
TEST_F(StateKeeperTest, AnOrderlyStopKeepsWhatWasJudgedLastAndNothingOfTheTimeSince) {
  Mortal world(rules::RuleSet({}, {lag_slo()}), path("state.db"));
  world.cluster.set_cadence(1min);
  world.cluster.set(kLagSeconds, {"payments"}, 400);
  for (int i = 0; i < 5; ++i) world.step(1min);
  std::map<std::string, std::string> judged;
  for (const rules::StateRecord& record : world.engine().state(world.now, true))
    if (record.kind == rules::kBudgetKind) judged[record.key] = record.value;
  ASSERT_EQ(judged.size(), 1U);
  world.now.steady += 40s;
  world.now.wall += 40s;
  world.stop();
  world.release();
  const Opened opened = Store::open(path("state.db"));
  ASSERT_TRUE(opened.store) << opened.problem;
  const auto kept = opened.store->read(rules::kBudgetKind);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->size(), 1U);
  for (const Record& record : *kept) EXPECT_TRUE(record.value == judged[record.key]);
}

TEST_F(StateKeeperTest, ASecondAgentOnTheSameStateIsToldSoAndGoesOn) {
  Mortal first({}, path("state.db"));
  Mortal second({}, path("state.db"));
  EXPECT_EQ(first.problem(), "");
  EXPECT_NE(second.problem(), "");
  second.step(1s);
}

rules::AlertRule down_rule() {
  return rules::testing::make_rule("Down", rules::testing::kFailed, rules::Comparison::equal, 1);
}

double known_seconds(const rules::Engine& engine, Now now) {
  for (const rules::StateRecord& record : engine.state(now, true)) {
    if (record.kind != rules::kBudgetKind) continue;
    const auto key = rules::decode_key(record.key);
    return to_seconds((*rules::decode_saved_budget(key->entity, record.value))->lifetime.known);
  }
  return 0;
}

TEST_F(StateKeeperTest, AStateThatWasInUseIsTakenWhenItIsFreeAndNothingOfBothIsLost) {
  const rules::RuleSet rules({down_rule()}, {lag_slo()});
  Mortal world(rules, path("state.db"));
  world.cluster.set(kLagSeconds, {"payments"}, 10);
  world.cluster.set(rules::testing::kFailed, {"1"}, 0);
  for (int i = 0; i < 60; ++i) world.step(10s);
  world.flush();
  world.kill();
  const double before = known_seconds(world.engine(), world.now);
  EXPECT_GT(before, 500);

  world.release();
  Opened other = Store::open(path("state.db"));
  ASSERT_NE(other.store, nullptr);
  world.kill();
  EXPECT_THAT(world.problem(), ::testing::Not(IsEmpty()));
  world.cluster.set(rules::testing::kFailed, {"1"}, 1);
  for (int i = 0; i < 30; ++i) world.step(10s);
  EXPECT_THAT(world.problem(), ::testing::Not(IsEmpty())) << "it is in use";
  EXPECT_EQ(other.store->read(rules::kIncidentKind)->size(), 0U) << "nothing was written there";
  other.store.reset();

  const auto give_up = std::chrono::steady_clock::now() + 20s;
  int steps = 30;
  for (; !world.problem().empty() && std::chrono::steady_clock::now() < give_up; ++steps) {
    world.step(10s);
    std::this_thread::yield();
  }
  ASSERT_THAT(world.problem(), IsEmpty());
  const double together = known_seconds(world.engine(), world.now);
  EXPECT_NEAR(together, before + 10.0 * (steps - 1), 1);
  world.flush();
  world.kill();
  EXPECT_NEAR(known_seconds(world.engine(), world.now), together, 1);
  ASSERT_EQ(world.engine().open_incidents().size(), 1U) << "it opened while there was no state";
}

}  // namespace
}  // namespace highwater::agent
