#include <gtest/gtest.h>

#include "tests/collectors/groups/group_offsets_support.h"

namespace highwater::collectors {
namespace {

using kafka::ClusterView;
using kafka::GroupView;

TEST(Lost, CountsRecordsDeletedBeforeTheGroupReadThem) {
  const Observation seen = interpret(with_payments({70, 100, 990}));
  EXPECT_EQ(cell(seen, "group_records_lost", {"payments", "orders", "0"}), is(30));
  EXPECT_EQ(cell(seen, "group_records_lost", {"payments", "orders", "1"}), is(0));
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "0"}), is(900))
      << "what is lost is no lag";
}

TEST(Lost, IsNothingForAGroupThatNobodyUses) {
  ClusterView view = healthy_cluster();
  add_group(view, "abandoned", 1, {70});
  EXPECT_EQ(cell(interpret(view), "group_records_lost", {"abandoned", "orders", "0"}), is(0));
}

TEST(Lost, IsUnknownWithoutTheStartOfTheLog) {
  ClusterView view = with_payments({70, 100, 990});
  orders(view, 0).log_start.reason = Unknown::timed_out;
  EXPECT_EQ(cell(interpret(view), "group_records_lost", {"payments", "orders", "0"}),
            unknown(Unknown::timed_out));
}

TEST(Lost, IsNothingInATopicThatTheMembersOfTheGroupDoNotReadAnyMore) {
  ClusterView view = healthy_cluster();
  GroupView& group = add_group(view, "payments", 1, {70});
  add_member(group, "logs", {0});
  EXPECT_EQ(cell(interpret(view), "group_records_lost", {"payments", "orders", "0"}), is(0));
}

TEST(Lost, CountsWhileMembersWaitForTheirAssignment) {
  ClusterView view = healthy_cluster();
  GroupView& group = add_group(view, "payments", 1, {70});
  add_member(group, "", {});
  EXPECT_EQ(cell(interpret(view), "group_records_lost", {"payments", "orders", "0"}), is(30));
}

TEST(Lost, CountsForAGroupWithoutMembersInTheTopicWhereItsCommitsMove) {
  ClusterView view = healthy_cluster();
  GroupView& group = add_group(view, "manual", 1, {40});
  group.committed.insert(group.committed.begin(), {Symbol("logs"), {{0, 30}}});
  GroupsInterpreter interpreter;
  static_cast<void>(interpreter.interpret(view, {}, at(0)));
  view.groups[0].committed[1].partitions[0].offset = 50;
  view.groups[0].last_commit_change = at(15).steady;
  const Observation seen = interpreter.interpret(view, {}, at(15));
  EXPECT_EQ(cell(seen, "group_records_lost", {"manual", "orders", "0"}), is(50));
  EXPECT_EQ(cell(seen, "group_records_lost", {"manual", "logs", "0"}), is(0));
}

// Polls a group of which member and commits are in "orders"; the second reading is 15 s later.
class LostBetweenPolls : public testing::Test {
 protected:
  LostBetweenPolls() { add_member(add_group(view_, "payments", 1, {400}), "orders", {0}); }
  void commit(int64_t offset) { view_.groups[0].committed[0].partitions[0].offset = offset; }
  void delete_before(int64_t offset) { orders(view_, 0).log_start.offset = offset; }
  Cell poll() {
    now_ += 15;
    return cell(interpreter_.interpret(view_, {}, at(now_)), "group_records_lost",
                {"payments", "orders", "0"});
  }
  ClusterView view_ = healthy_cluster();
  GroupsInterpreter interpreter_;
  int now_ = 0;
};

TEST_F(LostBetweenPolls, WhatACommitJumpsOverIsLostForTenMinutes) {
  EXPECT_EQ(poll(), is(0));
  for (const int offset : {410, 420, 430}) {
    commit(offset);
    EXPECT_EQ(poll(), is(0));
  }
  delete_before(800);
  commit(805);
  EXPECT_EQ(poll(), is(370));
  commit(815);
  EXPECT_EQ(poll(), is(370));
  now_ += 600;
  EXPECT_EQ(poll(), is(0));
}

TEST_F(LostBetweenPolls, AMarkerThatACommitJumpsOverIsNotLost) {
  commit(999);
  auto& unread = view_.groups[0].committed[0].partitions[0].unread;
  unread = {};
  unread.reason = Unknown::known;
  unread.only_markers = true;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(poll(), is(0));
  delete_before(1000);
  orders(view_, 0).high_watermark.offset = 1010;
  commit(1010);
  EXPECT_EQ(poll(), is(0));
}

TEST_F(LostBetweenPolls, NothingIsJudgedBeforeItIsKnownHowTheGroupReads) {
  static_cast<void>(poll());
  delete_before(800);
  commit(900);
  EXPECT_EQ(poll(), is(0));
}

TEST_F(LostBetweenPolls, WhatTheGroupUsuallyReadsInAPollIsNotLost) {
  for (int i = 0; i < 4; ++i) static_cast<void>(poll());
  commit(600);
  static_cast<void>(poll());
  delete_before(790);
  commit(800);
  EXPECT_EQ(poll(), is(0)) << "190 of what it reads between two polls";
}

TEST_F(LostBetweenPolls, ALossThatWasSeenEndsWithTheCommit) {
  static_cast<void>(poll());
  delete_before(800);
  EXPECT_EQ(poll(), is(400));
  commit(810);
  EXPECT_EQ(poll(), is(0));
}

TEST_F(LostBetweenPolls, OffsetsThatAreSetForwardLoseNothing) {
  static_cast<void>(poll());
  commit(1000);
  EXPECT_EQ(poll(), is(0));
}

TEST_F(LostBetweenPolls, WhatLiesBeyondTheEndIsNoLoss) {
  for (int i = 0; i < 5; ++i) static_cast<void>(poll());
  delete_before(8'454'048);
  commit(8'454'050);
  static_cast<void>(poll());
  delete_before(0);
  commit(410);
  EXPECT_EQ(poll(), is(0)) << "it was one wrong answer";
}

}  // namespace
}  // namespace highwater::collectors
