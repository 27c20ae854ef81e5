// What the engine knows after a restart: everything is handed to a new engine as records.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/engine/engine_restore_support.h"

namespace highwater::rules::testing {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

}  // namespace
}  // namespace highwater::rules::testing
