// What the engine knows after a restart: everything is handed to a new engine as records.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "rules/state.h"
#include "tests/rules/engine/engine_world.h"

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

TEST(EngineRestore, TheTimeBeforeARestartCountsForAPendingAlertAndTheTimeAwayDoesNot) {
  AlertRule rule = down_rule();
  rule.hold = minutes(10);
  Mortal world({rule});
  world.cluster.set_cadence(minutes(3));
  world.cluster.set(kFailed, {"3"}, 1);
  world.poll_after(seconds(1));
  EXPECT_THAT(told(world.poll_after(minutes(8))), IsEmpty());
  world.save();
  world.restart(minutes(30));
  EXPECT_THAT(told(world.poll_after(seconds(30))), IsEmpty());
  EXPECT_THAT(told(world.poll_after(seconds(119))), IsEmpty());
  EXPECT_THAT(told(world.poll_after(seconds(1))), ElementsAre("opened BrokerDown"));
}

// A count of the last ten minutes begins at 0 with each start.
RuleSet storm_rules(bool zero_is_sure) {
  AlertRule rule = make_rule("Storm", kSlow, Comparison::greater, 5);
  RuleSet rules({rule});
  rules.watch_first = {{&kSlow, minutes(10), zero_is_sure}};
  return rules;
}

TEST(EngineRestore, WhatARestartForgotEndsNoAlert) {
  Mortal world(storm_rules(false));
  world.cluster.set(kSlow, {"3"}, 7);
  ASSERT_THAT(told(world.poll_after(seconds(1))), ElementsAre("opened Storm"));
  world.save();
  world.restart(seconds(20));
  world.cluster.set(kSlow, {"3"}, 0);
  for (int i = 0; i < 59; ++i) {
    const Report report = world.poll_after(seconds(10));
    EXPECT_THAT(told(report), IsEmpty());
    EXPECT_TRUE(alert_of(report, "Storm").unknown);
  }
  EXPECT_THAT(told(world.poll_after(seconds(10))),
              ElementsAre("resolved Storm: the condition ended"));
}

TEST(EngineRestore, WhatMeetsTheConditionIsBelievedAtOnce) {
  Mortal world(storm_rules(false));
  world.cluster.set(kSlow, {"3"}, 7);
  world.poll_after(seconds(1));
  world.save();
  world.restart();
  world.cluster.set(kSlow, {"3"}, 6);
  EXPECT_FALSE(alert_of(world.poll_after(seconds(10)), "Storm").unknown);
}

TEST(EngineRestore, AZeroThatIsSeenAtFirstSightEndsIt) {
  Mortal world(storm_rules(true));
  world.cluster.set(kSlow, {"3"}, 7);
  world.poll_after(seconds(1));
  world.save();
  world.restart();
  world.cluster.set(kSlow, {"3"}, 2);
  EXPECT_THAT(told(world.poll_after(seconds(10))), IsEmpty()) << "it began before the watch";
  world.cluster.set(kSlow, {"3"}, 0);
  EXPECT_THAT(told(world.poll_after(seconds(10))),
              ElementsAre("resolved Storm: the condition ended"));
}

AlertRule per_cluster_rule() {
  AlertRule rule = down_rule();
  rule.per = {0};
  rule.aggregated = true;
  return rule;
}

TEST(EngineRestore, ARowThatMetHoldsItsSubjectUntilItIsKnown) {
  Mortal world({per_cluster_rule()});
  world.cluster.set(kFailed, {"1"}, 0);
  world.cluster.set(kFailed, {"3"}, 1);
  world.poll_after(seconds(1));
  world.cluster.set_unknown(kFailed, {"3"});
  for (int i = 0; i < 2; ++i) {  // also what waits still is written
    world.save();
    world.restart(minutes(1));
    const Report report = world.poll_after(seconds(10));
    EXPECT_THAT(told(report), IsEmpty()) << "broker 1 is well, and of 3 nothing is known";
    EXPECT_TRUE(alert_of(report, "BrokerDown").unknown);
  }
  world.cluster.set(kFailed, {"3"}, 0);
  EXPECT_THAT(told(world.poll_after(seconds(10))),
              ElementsAre("resolved BrokerDown: the condition ended"));
}

TEST(EngineRestore, ARowThatIsNotThereYetHoldsItsSubjectForAWhile) {
  Mortal world({per_cluster_rule()});
  world.cluster.set(kFailed, {"1"}, 0);
  world.cluster.set(kFailed, {"3"}, 1);
  world.poll_after(seconds(1));
  world.save();
  world.cluster.remove(kFailed, {"3"});
  world.restart(minutes(1));
  EXPECT_THAT(told(world.poll_after(minutes(9))), IsEmpty());
  EXPECT_THAT(told(world.poll_after(minutes(2))),
              ElementsAre("resolved BrokerDown: the condition ended"));
}

TEST(EngineRestore, NothingIsGoneWhileNotEverybodyWhoWouldListItHasAnswered) {
  static const Measure incomplete{
      "listing_incomplete", "", Unit::boolean, MeasureType::gauge, {"cluster", "dimension"}};
  Mortal world({down_rule()});
  world.cluster.set(kFailed, {"3"}, 1);
  world.poll_after(seconds(1));
  world.save();
  world.restart();
  world.cluster.remove(kFailed, {"3"});
  world.cluster.set(kFailed, {"1"}, 0);
  world.cluster.set(incomplete, {"broker"}, 1);
  world.poll_after(seconds(1));
  EXPECT_THAT(told(world.poll_after(hours(1))), IsEmpty());
  world.cluster.set_unknown(incomplete, {"broker"});
  EXPECT_THAT(told(world.poll_after(hours(1))), IsEmpty());
  world.cluster.set(incomplete, {"broker"}, 0);
  EXPECT_THAT(told(world.poll_after(seconds(5))), ElementsAre("resolved BrokerDown: it is gone"));
}

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
