// How incidents end whose consequences had not fired yet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/engine/engine_world.h"

namespace highwater::rules::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<AlertRule> rules() {
  std::vector<AlertRule> rules{make_rule("BrokerDown", kFailed, Comparison::equal, 1),
                               make_rule("Leaderless", kLeaderless, Comparison::equal, 1)};
  for (AlertRule& rule : rules) rule.severity = Severity::page;
  rules[1].hold = seconds(30);
  return rules;
}

// Broker 1 leads orders-0 and nobody leads stock-0. It dies at 1 s and is back before its
// partition's alert has waited long enough.
class Closing : public ::testing::Test {
 protected:
  Closing() : world_(rules()) {
    cluster().relate("leads partitions", {"topic", "partition"}, {"broker"},
                     {{{"orders", "0"}, {"1"}}});
    cluster().set(kFailed, {"1"}, 0);
    leaderless("orders", 0);
    leaderless("stock", 0);
    (void)world_.poll();
  }
  FakeCluster& cluster() { return world_.cluster(); }
  void leaderless(const std::string& topic, double value) {
    cluster().set(kLeaderless, {topic, "0"}, value);
  }
  std::vector<std::string> after(Duration duration) { return told(world_.poll_after(duration)); }
  void die_and_return(const std::string& topic) {
    cluster().set(kFailed, {"1"}, 1);
    leaderless(topic, 1);
    EXPECT_THAT(after(seconds(1)), ElementsAre("opened BrokerDown"));
    EXPECT_THAT(after(seconds(28)), IsEmpty());
    cluster().set(kFailed, {"1"}, 0);
  }

  EngineWorld world_;
};

TEST_F(Closing, WhatFiresRightAfterItsCauseIsEvidenceAndNoPage) {
  die_and_return("orders");
  EXPECT_THAT(after(milliseconds(500)), IsEmpty());
  const Report fired = world_.poll_after(seconds(2));
  EXPECT_THAT(told(fired), IsEmpty());
  EXPECT_EQ(fired.incidents.at(0).evidence_count, 1U);
  leaderless("orders", 0);
  EXPECT_THAT(after(seconds(1)), ElementsAre("resolved BrokerDown: the condition ended"));
}

// Whoever acknowledged the crash did not acknowledge something else a moment after the broker is
// back.
TEST_F(Closing, KeepsItsNameWhileOnlyWhatFollowedFromItsCauseStands) {
  die_and_return("orders");
  (void)world_.poll_after(milliseconds(500));
  const Report standing = world_.poll_after(seconds(2));
  ASSERT_EQ(standing.incidents.size(), 1U);
  const Incident& incident = standing.incidents.front();
  EXPECT_EQ(incident.evidence_count, 1U);
  EXPECT_EQ(incident.headline.rule, "BrokerDown");
  ASSERT_TRUE(incident.cause_over);
  EXPECT_EQ(standing.at.wall - *incident.cause_over, milliseconds(2000));
  leaderless("orders", 0);
  const Report ended = world_.poll_after(seconds(1));
  ASSERT_EQ(ended.transitions.size(), 1U);
  EXPECT_EQ(ended.transitions.front().incident.headline.rule, "BrokerDown");
  EXPECT_FALSE(ended.transitions.front().incident.cause_over);
}

TEST_F(Closing, SaysNothingOfAnEndWhileItsCauseStands) {
  cluster().set(kFailed, {"1"}, 1);
  EXPECT_FALSE(world_.poll_after(seconds(1)).incidents.at(0).cause_over);
}

TEST_F(Closing, EndsWhenNothingIsAboutToFireAnyMore) {
  die_and_return("orders");
  EXPECT_THAT(after(milliseconds(500)), IsEmpty());
  leaderless("orders", 0);
  EXPECT_THAT(after(milliseconds(500)), ElementsAre("resolved BrokerDown: the condition ended"));
}

TEST_F(Closing, WhatOutlivesTheCauseIsToldByItself) {
  die_and_return("orders");
  EXPECT_THAT(after(milliseconds(500)), IsEmpty());
  EXPECT_THAT(after(seconds(59)), IsEmpty());
  EXPECT_THAT(after(seconds(2)),
              ElementsAre("resolved BrokerDown: the cause ended", "opened Leaderless"));
}

TEST_F(Closing, DoesNotWaitForWhatHasNothingToDoWithTheCause) {
  die_and_return("stock");
  EXPECT_THAT(after(milliseconds(500)), ElementsAre("resolved BrokerDown: the condition ended"));
  EXPECT_THAT(after(seconds(2)), ElementsAre("opened Leaderless"));
}

TEST_F(Closing, DoesNotWaitForWhatBeganOnlyAfterTheCause) {
  cluster().set(kFailed, {"1"}, 1);
  EXPECT_THAT(after(seconds(1)), ElementsAre("opened BrokerDown"));
  cluster().set(kFailed, {"1"}, 0);
  leaderless("orders", 1);
  // It began with the cause's end, not before it.
  EXPECT_THAT(after(seconds(1)), ElementsAre("resolved BrokerDown: the condition ended"));
}

}  // namespace
}  // namespace highwater::rules::testing
