// What the engine knows after a restart: everything is handed to a new engine as records.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "rules/state.h"
#include "tests/rules/engine_world.h"

namespace highwater::rules::testing {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

AlertRule down_rule() {
  AlertRule rule = make_rule("BrokerDown", kFailed, Comparison::equal, 1);
  rule.severity = Severity::page;
  rule.summary = "Broker {broker} is down";
  return rule;
}

SloRule lag_slo() {
  SloRule rule = make_slo("payments-lag", kLagSeconds, 0.99);
  rule.sli.good.high = 300;
  return rule;
}

// A world whose engine can be killed: what it saved last is all that is left.
class Mortal {
 public:
  explicit Mortal(RuleSet rules) : rules_(std::move(rules)) { start(); }

  Report poll_after(Duration duration) {
    now.steady += duration;
    now.wall += duration;
    cluster.publish(snapshot_, now);
    return engine->evaluate(std::make_shared<const Snapshot>(snapshot_), now);
  }
  void save() { records = engine->state(now, true); }
  // The steady clock of a new process begins anywhere.
  std::vector<std::string> restart(Duration away = Duration::zero()) {
    now.wall += away;
    now.steady = SteadyTime(hours(1) + away * 3);
    snapshot_ = {};
    start();
    return engine->restore(records, now);
  }

  FakeCluster cluster;
  Now now{SteadyTime(hours(100)), WallTime(hours(490'000))};
  std::unique_ptr<Engine> engine;
  std::vector<StateRecord> records;

 private:
  void start() { engine = std::make_unique<Engine>(rules_); }

  RuleSet rules_;
  Snapshot snapshot_;
};

TEST(EngineRestore, AnIncidentGoesOnUnderItsIdsAndIsNotToldAgain) {
  Mortal world({down_rule()});
  world.cluster.set(kFailed, {"3"}, 1);
  const Report before = world.poll_after(seconds(1));
  ASSERT_THAT(told(before), ElementsAre("opened BrokerDown"));
  world.save();
  EXPECT_THAT(world.restart(minutes(2)), IsEmpty());

  const Report after = world.poll_after(seconds(1));
  EXPECT_THAT(told(after), IsEmpty());
  ASSERT_EQ(after.incidents.size(), 1U);
  EXPECT_EQ(after.incidents[0].id, before.incidents[0].id);
  EXPECT_EQ(after.incidents[0].correlation, before.incidents[0].correlation);
  EXPECT_EQ(after.incidents[0].opened, before.incidents[0].opened);
  EXPECT_EQ(alert_of(after, "BrokerDown").firing_since,
            alert_of(before, "BrokerDown").firing_since);

  world.cluster.set(kFailed, {"3"}, 0);
  const Report ended = world.poll_after(seconds(1));
  EXPECT_THAT(told(ended), ElementsAre("resolved BrokerDown: the condition ended"));
  EXPECT_EQ(ended.transitions[0].incident.correlation, before.incidents[0].correlation);
  EXPECT_GT(ended.transitions[0].sequence, before.transitions[0].sequence);
}

TEST(EngineRestore, UntilItsRowIsSeenAnAlertIsUnknown) {
  Mortal world({down_rule()});
  world.cluster.set(kFailed, {"3"}, 1);
  world.poll_after(seconds(1));
  world.save();
  world.restart();
  world.cluster.drop_table(kFailed);
  world.cluster.set(kQuorumLost, {}, 0);
  for (int i = 0; i < 200; ++i) {
    const Report report = world.poll_after(seconds(15));
    EXPECT_THAT(told(report), IsEmpty());
    EXPECT_TRUE(alert_of(report, "BrokerDown").unknown);
  }
}

TEST(EngineRestore, WhatIsNotSeenForLongIsGone) {
  Mortal world({down_rule()});
  world.cluster.set(kFailed, {"3"}, 1);
  world.poll_after(seconds(1));
  world.save();
  world.restart();
  world.cluster.remove(kFailed, {"3"});
  world.cluster.set(kFailed, {"1"}, 0);
  EXPECT_THAT(told(world.poll_after(minutes(9))), IsEmpty());
  EXPECT_THAT(told(world.poll_after(minutes(2))), ElementsAre("resolved BrokerDown: it is gone"));
}

TEST(EngineRestore, TheTimeBeforeARestartCountsForAPendingAlert) {
  AlertRule rule = down_rule();
  rule.hold = minutes(10);
  Mortal world({rule});
  world.cluster.set(kFailed, {"3"}, 1);
  world.poll_after(seconds(1));
  EXPECT_THAT(told(world.poll_after(minutes(8))), IsEmpty());
  world.save();
  world.restart(minutes(1));
  EXPECT_THAT(told(world.poll_after(seconds(30))), IsEmpty());
  EXPECT_THAT(told(world.poll_after(seconds(45))), ElementsAre("opened BrokerDown"));
}

TEST(EngineRestore, EvidenceStaysEvidence) {
  AlertRule slow = make_rule("BrokerSlow", kSlow, Comparison::equal, 1);
  Mortal world({down_rule(), slow});
  world.cluster.set(kFailed, {"3"}, 1);
  world.poll_after(seconds(1));
  world.cluster.set(kSlow, {"3"}, 1);
  world.poll_after(seconds(5));
  world.save();
  world.restart();
  const Report report = world.poll_after(seconds(10));
  ASSERT_EQ(report.incidents.size(), 1U);
  EXPECT_EQ(report.incidents[0].evidence_count, 1U);
  EXPECT_EQ(alert_of(report, "BrokerSlow").incident, report.incidents[0].id);
}

TEST(EngineRestore, AFiringAlertWhoseIncidentWasLostIsToldAgain) {
  Mortal world({down_rule()});
  world.cluster.set(kFailed, {"3"}, 1);
  world.poll_after(seconds(1));
  world.save();
  std::erase_if(world.records, [](const StateRecord& r) { return r.kind == kIncidentKind; });
  world.restart();
  EXPECT_THAT(told(world.poll_after(seconds(1))), ElementsAre("opened BrokerDown"));
}

TEST(EngineRestore, WhatIsDamagedIsLeftOutAndSaid) {
  Mortal world({{down_rule()}, {lag_slo()}});
  world.cluster.set(kFailed, {"3"}, 1);
  world.cluster.set(kLagSeconds, {"payments"}, 1);
  world.poll_after(seconds(1));
  world.save();
  for (StateRecord& record : world.records) record.value = "damaged";
  const auto problems = world.restart();
  EXPECT_EQ(problems.size(), world.records.size());
  EXPECT_THAT(told(world.poll_after(seconds(1))), ElementsAre("opened BrokerDown"));
}

TEST(EngineRestore, ARuleThatIsGoneTakesItsAlertsAlong) {
  Mortal world({down_rule()});
  world.cluster.set(kFailed, {"3"}, 1);
  world.poll_after(seconds(1));
  world.save();
  Mortal other({make_rule("Other", kSlow, Comparison::equal, 1)});
  other.records = world.records;
  EXPECT_THAT(other.restart(), ElementsAre(HasSubstr("no such rule")));
  other.cluster.set(kSlow, {"3"}, 0);
  EXPECT_THAT(told(other.poll_after(seconds(1))),
              ElementsAre("resolved BrokerDown: its alert was not found after a restart"));
}

// Kills at random moments of a month: budgets differ from those of an undisturbed run by the
// minutes that were lost at most, and so do the alerts; nothing is told twice and nothing that
// fired is forgotten.
TEST(EngineRestore, AMonthWithTwoHundredKillsEndsLikeOneWithout) {
  const RuleSet rules({}, {lag_slo()});
  Mortal calm(rules);
  Mortal rough(rules);
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
