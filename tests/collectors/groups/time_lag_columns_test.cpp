// Lag in seconds as tables: from what the sweep wrote into the commits of the view.
#include "collectors/groups/time_lag_columns.h"

#include <gtest/gtest.h>

#include "collectors/groups/groups.h"
#include "tests/collectors/fixture.h"

namespace highwater::collectors {
namespace {

using kafka::ClusterView;
using kafka::UnreadSince;

// Group "payments" reads "orders"; 0 stands for nothing unread, else since when.
ClusterView with_payments(std::initializer_list<double> since) {
  ClusterView view = healthy_cluster();
  kafka::GroupView& group = add_group(view, "payments", 1, {400, 400, 400});
  size_t i = 0;
  for (const double one : since) group.committed[0].partitions[i++].unread = unread_since(one);
  add_member(group, "orders", {0, 1, 2});
  return view;
}

Observation interpret(const ClusterView& view, double seconds = 0) {
  return GroupsInterpreter().interpret(view, {}, at(seconds));
}

Cell seconds(const Observation& seen, std::string_view partition) {
  return cell(seen, "group_lag_seconds", {"payments", "orders", partition});
}
Cell error(const Observation& seen, std::string_view partition) {
  return cell(seen, "group_lag_seconds_error", {"payments", "orders", partition});
}
Cell worst(const Observation& seen) {
  return cell(seen, "group_lag_seconds_max", {"payments", "orders"});
}

TEST(LagInSeconds, IsTheAgeOfTheOldestUnreadRecordAndItsError) {
  const Observation seen = interpret(with_payments({-60, 0, -5}));
  EXPECT_EQ(seconds(seen, "0"), is(60));
  EXPECT_EQ(error(seen, "0"), is(2.1));
  EXPECT_EQ(seconds(seen, "1"), is(0));
  EXPECT_EQ(error(seen, "1"), is(0));
  EXPECT_EQ(worst(seen), is(60));
}

TEST(LagInSeconds, IsOfTheMomentAtWhichTheOffsetWasRead) {
  ClusterView view = with_payments({-60, 0, -5});
  view.groups[0].committed_at = at(-10).steady;
  const Observation seen = interpret(view);
  EXPECT_EQ(seconds(seen, "0"), is(50));
  EXPECT_EQ(seconds(seen, "2"), is(0)) << "that record came later";
  EXPECT_EQ(error(seen, "2"), is(0));
}

TEST(LagInSeconds, SaysHowMuchYoungerItWasIfTheAnswerWasLongUnderWay) {
  ClusterView view = with_payments({-60, 0, -0.5});
  view.groups[0].committed_took = std::chrono::milliseconds(2400);
  const Observation seen = interpret(view);
  EXPECT_EQ(seconds(seen, "0"), is(60));
  EXPECT_EQ(error(seen, "0"), is(3.5)) << "asked 2.4 s before, and the record came up to 1 s later";
  EXPECT_EQ(seconds(seen, "2"), is(0.5));
  EXPECT_EQ(error(seen, "2"), is(2.1)) << "no age is less than 0, but more is possible as before";
}

TEST(LagInSeconds, IsNeverNegative) {
  ClusterView view = with_payments({-60, 0, -5});
  view.groups[0].committed_at = at(-6).steady;
  const Observation seen = interpret(view);
  EXPECT_EQ(seconds(seen, "2"), is(0));
  EXPECT_EQ(error(seen, "2"), is(1.1)) << "it may have come a second earlier than that";
}

TEST(LagInSeconds, IsUnknownForTheReasonThatTheSweepFound) {
  ClusterView view = with_payments({-60, 0, -5});
  view.groups[0].committed[0].partitions[1].unread.any = false;
  view.groups[0].committed[0].partitions[1].unread.reason = Unknown::contradicted;
  view.groups[0].committed[0].partitions[2].unread.reason = Unknown::not_asked;
  const Observation seen = interpret(view);
  EXPECT_EQ(seconds(seen, "0"), is(60));
  EXPECT_EQ(seconds(seen, "1"), unknown(Unknown::contradicted));
  EXPECT_EQ(error(seen, "1"), unknown(Unknown::contradicted));
  EXPECT_EQ(seconds(seen, "2"), unknown(Unknown::not_asked));
  EXPECT_EQ(worst(seen), unknown(Unknown::contradicted)) << "what explains most";
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "1"}), is(600));
}

TEST(LagInSeconds, IsUnknownWithoutACommit) {
  ClusterView view = with_payments({-60, 0, -5});
  view.groups[0].committed[0].partitions[1].offset = -1;
  const Observation seen = interpret(view);
  EXPECT_EQ(seconds(seen, "1"), unknown(Unknown::no_commit));
  EXPECT_EQ(worst(seen), is(60));
}

TEST(LagInSeconds, IsUnknownForAGroupThatNeverCommittedAnything) {
  ClusterView view = healthy_cluster();
  add_member(add_group(view, "payments", 1, {}), "orders", {0, 1, 2});
  const Observation seen = interpret(view);
  EXPECT_EQ(seconds(seen, "2"), unknown(Unknown::no_commit));
  EXPECT_EQ(worst(seen), unknown(Unknown::no_commit));
}

TEST(LagInSeconds, IsUnknownBeyondTheEnd) {
  ClusterView view = with_payments({-60, 0, -5});
  view.groups[0].committed[0].partitions[0].offset = 1001;
  const Observation seen = interpret(view);
  EXPECT_EQ(seconds(seen, "0"), unknown(Unknown::beyond_end));
  EXPECT_EQ(worst(seen), unknown(Unknown::beyond_end));
}

TEST(LagInSeconds, IsUnknownWithoutALeaderAndKeepsTheLastAgeForPeople) {
  ClusterView view = with_payments({-60, 0, -5});
  orders(view, 0).leader = -1;
  const Observation seen = interpret(view);
  EXPECT_EQ(seconds(seen, "0"), unknown(Unknown::leaderless));
  EXPECT_EQ(last_value(seen, "group_lag_seconds", {"payments", "orders", "0"}), 60);
}

TEST(LagInSeconds, IsUnknownWithoutACoordinatorAndWhereItIsDenied) {
  ClusterView view = with_payments({-60, 0, -5});
  view.groups[0].committed[0].partitions[2].reason = Unknown::denied;
  EXPECT_EQ(seconds(interpret(view), "2"), unknown(Unknown::denied));
  view.groups[0].coordinator = -1;
  EXPECT_EQ(seconds(interpret(view), "0"), unknown(Unknown::no_coordinator));
  EXPECT_EQ(worst(interpret(view)), unknown(Unknown::no_coordinator));
}

TEST(LagInSeconds, IsNotOfShareGroups) {
  ClusterView view = with_payments({-60, 0, -5});
  view.groups[0].type = kafka::GroupType::share;
  EXPECT_EQ(seconds(interpret(view), "0"), kNoRow);
}

}  // namespace
}  // namespace highwater::collectors
