#include "collectors/groups/rebalances.h"

#include <gtest/gtest.h>

#include "tests/collectors/fixture.h"

namespace highwater::collectors {
namespace {

// Group "payments" of two members, seen each second or when a test says so.
class Rebalances : public testing::Test {
 protected:
  Rebalances() {
    kafka::GroupView& group = add_group(view, "payments", 1, {});
    add_member(group, "orders", {0});
    add_member(group, "orders", {1});
    see(0);
  }

  void see(double t) { seen = interpreter.interpret(view, {}, at(t)); }
  void see(double t, std::string_view state) {
    view.groups[0].state = state;
    see(t);
  }
  // Another member under a name that was never there.
  void join() {
    add_member(view.groups[0], "orders", {2});
    view.groups[0].members->back().member_id = "later-" + std::to_string(++joined_);
  }
  // The first member, from the start.
  void make_static() {
    interpreter = RebalancesInterpreter();
    member(0).instance_id = "payments-0";
  }
  void leave() { view.groups[0].members->erase(view.groups[0].members->begin()); }
  [[nodiscard]] Cell of(std::string_view measure) const {
    return cell(seen, measure, {"payments"});
  }
  [[nodiscard]] kafka::GroupMember& member(size_t number) {
    return view.groups[0].members->at(number);
  }

  kafka::ClusterView view = healthy_cluster();
  RebalancesInterpreter interpreter;
  Observation seen;

 private:
  int joined_ = 0;
};

TEST_F(Rebalances, AStableGroupHasNone) {
  see(100);
  EXPECT_EQ(of("group_rebalance_seconds"), is(0));
  EXPECT_EQ(of("group_rebalances_total"), is(0));
  EXPECT_EQ(of("group_rebalance_last_seconds"), kNoRow);
  EXPECT_TRUE(seen.notes.empty());
}

TEST_F(Rebalances, LastFromTheFirstSightOfAnUnstableStateToTheLast) {
  see(10, "PreparingRebalance");
  EXPECT_EQ(of("group_rebalance_seconds"), is(0.001)) << "0 says that it does not rebalance";
  see(14, "CompletingRebalance");
  EXPECT_EQ(of("group_rebalance_seconds"), is(4));
  EXPECT_EQ(of("group_rebalances_total"), is(1));
  see(15, "Stable");
  EXPECT_EQ(of("group_rebalance_seconds"), is(0));
  EXPECT_EQ(of("group_rebalance_last_seconds"), is(5));
  EXPECT_EQ(of("group_rebalances_total"), is(1));
}

TEST_F(Rebalances, APauseOfTheAgentIsNoTimeOfARebalance) {
  see(10, "PreparingRebalance");
  see(20, "PreparingRebalance");
  see(80, "PreparingRebalance");
  EXPECT_EQ(of("group_rebalance_seconds"), is(25)) << "as long as what was read last holds";
  see(90, "PreparingRebalance");
  EXPECT_EQ(of("group_rebalance_seconds"), is(35));
}

TEST_F(Rebalances, OfTheNewProtocolAreSeenAsWell) {
  see(10, "Assigning");
  see(12, "Reconciling");
  see(13, "Stable");
  EXPECT_EQ(of("group_rebalance_last_seconds"), is(3));
}

TEST_F(Rebalances, TooShortToBeSeenShowInTheMembers) {
  join();
  see(10, "Stable");
  EXPECT_EQ(of("group_rebalances_total"), is(1));
  EXPECT_EQ(of("group_members_joined_total"), is(1));
  leave();
  see(20, "Stable");
  EXPECT_EQ(of("group_rebalances_total"), is(2));
  EXPECT_EQ(of("group_members_left_total"), is(1));
}

// Two clients on hosts of their own, and later two others.
TEST_F(Rebalances, AllClientsReplacedWithinAMinuteAreADeployment) {
  interpreter = RebalancesInterpreter();
  const auto move = [&](const char* first, const char* second) {
    member(0).client_host = first;
    member(1).client_host = second;
  };
  move("/10.0.0.1", "/10.0.0.2");
  see(0);
  see(100);
  move("/10.0.0.3", "/10.0.0.2");
  see(110);
  EXPECT_EQ(of("group_members_replaced_total"), is(0)) << "one of the others is still there";
  move("/10.0.0.3", "/10.0.0.4");
  see(130, "PreparingRebalance");
  EXPECT_EQ(of("group_members_replaced_total"), is(0)) << "others may be about to come";
  see(133, "Stable");
  EXPECT_EQ(of("group_members_replaced_total"), is(2));
  see(140);
  EXPECT_EQ(of("group_members_replaced_total"), is(2)) << "once";
  move("/10.0.0.5", "/10.0.0.4");
  see(150);
  move("/10.0.0.5", "/10.0.0.6");
  see(250);
  EXPECT_EQ(of("group_members_replaced_total"), is(2)) << "not within a minute";
}

TEST_F(Rebalances, MembersThatComeBackWithOtherIdsAreNoDeployment) {
  member(0).member_id = "after-a-timeout-1";
  member(1).member_id = "after-a-timeout-2";
  see(10, "Stable");
  EXPECT_EQ(of("group_members_joined_total"), is(2));
  EXPECT_EQ(of("group_members_replaced_total"), is(0));
}

TEST_F(Rebalances, MembersThatChangeInTheMiddleOfOneMakeNoOther) {
  see(10, "PreparingRebalance");
  join();
  see(11, "PreparingRebalance");
  leave();
  see(12, "CompletingRebalance");
  join();
  see(13, "Stable");
  see(14, "Stable");
  EXPECT_EQ(of("group_rebalances_total"), is(1));
  EXPECT_EQ(of("group_members_joined_total"), is(2));
  EXPECT_EQ(of("group_members_left_total"), is(1));
}

TEST_F(Rebalances, TheFirstAndTheLastMemberMakeNone) {
  view.groups[0].members->clear();
  see(10, "Empty");
  see(20, "PreparingRebalance");
  join();
  see(23, "Stable");
  EXPECT_EQ(of("group_rebalances_total"), is(0));
  EXPECT_EQ(of("group_rebalance_last_seconds"), is(3));
  EXPECT_EQ(of("group_members_left_total"), is(2));
  EXPECT_EQ(of("group_members_joined_total"), is(1));
}

TEST_F(Rebalances, OfTheLastTenMinutesAreCounted) {
  for (int i = 0; i < 7; ++i) {
    see(100 + 60 * i, "PreparingRebalance");
    see(105 + 60 * i, "Stable");
  }
  EXPECT_EQ(of("group_rebalances_recent"), is(7));
  ASSERT_EQ(seen.notes.size(), 1U);
  EXPECT_EQ(seen.notes[0].text, "7 rebalances in the last ten minutes");
  see(600);
  EXPECT_EQ(of("group_rebalances_recent"), is(7));
  see(900);
  EXPECT_LT(of("group_rebalances_recent").value, 4);
  see(1200);
  EXPECT_EQ(of("group_rebalances_recent"), is(0));
  EXPECT_EQ(of("group_rebalances_total"), is(7));
}

TEST_F(Rebalances, AStaticMemberThatComesBackIsNoNewOne) {
  make_static();
  see(10);
  const kafka::GroupMember away = member(0);
  leave();
  see(20);
  EXPECT_EQ(of("group_static_members_away"), is(1));
  EXPECT_EQ(of("group_members_left_total"), is(1));
  view.groups[0].members->push_back(away);
  member(1).member_id = "payments-0-anew";
  see(30);
  EXPECT_EQ(of("group_static_members_away"), is(0));
  EXPECT_EQ(of("group_members_joined_total"), is(0));
}

TEST_F(Rebalances, AStaticMemberIsAwayWhileKafkaKeepsItsPlace) {
  make_static();
  see(5);
  member(0).away = true;
  see(10);
  EXPECT_EQ(of("group_static_members_away"), is(1));
  EXPECT_EQ(of("group_members_left_total"), is(0));
}

// Kafka's state is "Reconciling" as long as its place is kept, 45 s by default.
TEST_F(Rebalances, AStaticMemberThatIsAwayIsNoRebalance) {
  make_static();
  member(0).settled = member(1).settled = true;
  see(5);
  member(0).away = true;
  member(0).settled = false;
  for (const double t : {10, 20, 30, 40, 50}) see(t, "Reconciling");
  EXPECT_EQ(of("group_rebalance_seconds"), is(0));
  EXPECT_EQ(of("group_rebalances_total"), is(0));
}

TEST_F(Rebalances, OneThatWaitsForPartitionsBesideAStaticMemberThatIsAwayIsARebalance) {
  make_static();
  see(5);
  member(0).away = true;
  for (const double t : {10, 20, 30, 40, 50}) see(t, "Reconciling");
  EXPECT_EQ(of("group_rebalance_seconds"), is(40));
}

TEST_F(Rebalances, AStaticMemberThatDoesNotComeBackIsForgottenAfterADay) {
  make_static();
  see(10);
  leave();
  see(20);
  see(20 + 86'300);
  EXPECT_EQ(of("group_static_members_away"), is(1));
  see(20 + 86'500);
  EXPECT_EQ(of("group_static_members_away"), is(0));
}

TEST_F(Rebalances, OfAGroupThatNobodyListsAreUnknownAndNotEnded) {
  see(10, "PreparingRebalance");
  view.groups[0].listed = Unknown::no_coordinator;
  see(20, "Stable");
  EXPECT_EQ(of("group_rebalance_seconds"), unknown(Unknown::no_coordinator));
  EXPECT_EQ(of("group_rebalance_last_seconds"), kNoRow);
  see(30, "Stable");
  view.groups[0].listed = Unknown::known;
  see(40, "PreparingRebalance");
  EXPECT_EQ(of("group_rebalance_seconds"), is(30));
  EXPECT_EQ(of("group_rebalances_total"), is(1));
}

TEST_F(Rebalances, MembersThatCouldNotBeReadDidNotLeave) {
  view.groups[0].members->clear();
  view.groups[0].members_reason = Unknown::timed_out;
  see(10);
  EXPECT_EQ(of("group_members_left_total"), is(0));
  EXPECT_EQ(of("group_static_members_away"), unknown(Unknown::timed_out));
}

}  // namespace
}  // namespace highwater::collectors
