#include <gmock/gmock.h>

#include "collectors/groups/groups.h"
#include "tests/collectors/fixture.h"

namespace highwater::collectors {
namespace {

using kafka::ClusterView;
using kafka::GroupView;
using testing::ElementsAre;

Observation interpret(const ClusterView& view, Now now = at(10)) {
  return GroupsInterpreter().interpret(view, {}, now);
}

// One group, "payments", coordinated by broker 1, with a member that reads all of "orders".
ClusterView with_payments(std::initializer_list<int64_t> committed) {
  ClusterView view = healthy_cluster();
  add_member(add_group(view, "payments", 1, committed), "orders", {0, 1, 2});
  return view;
}

TEST(Lag, IsTheEndOfTheLogLessTheCommittedOffset) {
  const Observation seen = interpret(with_payments({400, 1000, 990}));
  EXPECT_EQ(cell(seen, "group_committed_offset", {"payments", "orders", "0"}), is(400));
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "0"}), is(600));
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "1"}), is(0));
  EXPECT_EQ(cell(seen, "group_topic_lag_records", {"payments", "orders"}), is(610));
  EXPECT_EQ(cell(seen, "group_lag_records_max", {"payments"}), is(600));
}

TEST(Lag, BeyondTheEndIsUnknownAndAProblem) {
  const Observation seen = interpret(with_payments({400, 1001, 990}));
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "1"}),
            unknown(Unknown::beyond_end));
  EXPECT_EQ(cell(seen, "group_committed_offset", {"payments", "orders", "1"}), is(1001));
  EXPECT_EQ(cell(seen, "group_topic_lag_records", {"payments", "orders"}),
            unknown(Unknown::beyond_end));
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "0"}), is(600));
  EXPECT_THAT(problems(seen),
              ElementsAre("1 committed offsets are beyond the end of their partition, the first of "
                          "group payments, topic orders"));
}

TEST(Lag, WithoutACommitIsUnknownAndLeftOutOfTheSum) {
  const Observation seen = interpret(with_payments({400, -1, 990}));
  EXPECT_EQ(cell(seen, "group_committed_offset", {"payments", "orders", "1"}),
            unknown(Unknown::no_commit));
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "1"}),
            unknown(Unknown::no_commit));
  EXPECT_EQ(cell(seen, "group_records_lost", {"payments", "orders", "1"}),
            unknown(Unknown::no_commit));
  EXPECT_EQ(cell(seen, "group_topic_lag_records", {"payments", "orders"}), is(610));
}

TEST(Lag, OfAnAssignedPartitionThatKafkaNamesNoCommitOfIsUnknown) {
  const Observation seen = interpret(with_payments({400}));
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "0"}), is(600));
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "1"}),
            unknown(Unknown::no_commit));
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "2"}),
            unknown(Unknown::no_commit));
  EXPECT_EQ(cell(seen, "group_topic_lag_records", {"payments", "orders"}), is(600));
}

TEST(Lag, OfAGroupThatNeverCommittedAnythingIsUnknown) {
  const Observation seen = interpret(with_payments({}));
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "2"}),
            unknown(Unknown::no_commit));
  EXPECT_EQ(cell(seen, "group_topic_lag_records", {"payments", "orders"}),
            unknown(Unknown::no_commit));
  EXPECT_EQ(cell(seen, "group_lag_records_max", {"payments"}), unknown(Unknown::no_commit));
  EXPECT_EQ(cell(seen, "group_lag_growth_records", {"payments", "orders"}),
            unknown(Unknown::no_commit));
}

TEST(Lag, OfALeaderlessPartitionIsUnknownAndItsCommitIsNot) {
  ClusterView view = with_payments({400, 400, 990});
  orders(view, 1).leader = -1;
  orders(view, 1).high_watermark.reason = Unknown::broker_unreachable;
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "1"}),
            unknown(Unknown::leaderless));
  EXPECT_EQ(cell(seen, "group_committed_offset", {"payments", "orders", "1"}), is(400));
  EXPECT_EQ(last_value(seen, "group_lag_records", {"payments", "orders", "1"}), 600);
}

TEST(Lag, TakesItsReasonFromTheLeaderThatDoesNotAnswer) {
  ClusterView view = with_payments({400, 400, 990});
  orders(view, 1).high_watermark.reason = Unknown::timed_out;
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "1"}),
            unknown(Unknown::timed_out));
  EXPECT_EQ(cell(seen, "group_topic_lag_records", {"payments", "orders"}),
            unknown(Unknown::timed_out));
  EXPECT_EQ(cell(seen, "group_lag_records_max", {"payments"}), unknown(Unknown::timed_out));
  EXPECT_EQ(cell(seen, "group_lag_growth_records", {"payments", "orders"}),
            unknown(Unknown::timed_out));
}

struct GroupReason {
  const char* name;
  int32_t coordinator;
  Unknown committed;
  Unknown expected;
};
class LagOfAGroup : public testing::TestWithParam<GroupReason> {};

TEST_P(LagOfAGroup, TakesItsReasonFromTheCoordinator) {
  ClusterView view = with_payments({400, 400, 990});
  view.groups[0].coordinator = GetParam().coordinator;
  view.groups[0].committed_reason = GetParam().committed;
  add_group(view, "elsewhere", 2, {400});
  const Observation seen = interpret(view);
  const Cell expected = unknown(GetParam().expected);
  EXPECT_EQ(cell(seen, "group_committed_offset", {"payments", "orders", "0"}), expected);
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "0"}), expected);
  EXPECT_EQ(cell(seen, "group_records_lost", {"payments", "orders", "0"}), expected);
  EXPECT_EQ(cell(seen, "group_topic_lag_records", {"payments", "orders"}), expected);
  EXPECT_EQ(cell(seen, "group_lag_growth_records", {"payments", "orders"}), expected);
  EXPECT_EQ(cell(seen, "group_lag_records", {"elsewhere", "orders", "0"}), is(600));
}
INSTANTIATE_TEST_SUITE_P(
    Reasons, LagOfAGroup,
    testing::Values(
        GroupReason{"denied", 1, Unknown::denied, Unknown::denied},
        GroupReason{"loading", 1, Unknown::coordinator_loading, Unknown::coordinator_loading},
        GroupReason{"unreachable", 3, Unknown::broker_unreachable, Unknown::broker_unreachable},
        GroupReason{"not_read_yet", 1, Unknown::not_asked, Unknown::not_asked},
        GroupReason{"nobody", -1, Unknown::known, Unknown::no_coordinator},
        GroupReason{"nobody_asked", -1, Unknown::not_asked, Unknown::no_coordinator},
        GroupReason{"nobody_as_said", -1, Unknown::no_coordinator, Unknown::no_coordinator}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Lag, OfADeniedPartitionIsUnknownAlone) {
  ClusterView view = with_payments({400, 400, 990});
  view.groups[0].committed[0].partitions[1].reason = Unknown::denied;
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "1"}), unknown(Unknown::denied));
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "0"}), is(600));
}

TEST(Lag, GoesWithItsTopic) {
  ClusterView view = with_payments({400, 400, 990});
  GroupsInterpreter interpreter;
  static_cast<void>(interpreter.interpret(view, {}, at(0)));
  view.topics.pop_back();
  const Observation seen = interpreter.interpret(view, {}, at(15));
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "0"}), kNoRow);
  EXPECT_EQ(cell(seen, "group_topic_lag_records", {"payments", "orders"}), kNoRow);
  EXPECT_EQ(cell(seen, "group_active", {"payments"}), is(1));
}

TEST(Lag, GoesWithItsPartitionButNotWhileTheTopicCannotBeRead) {
  ClusterView view = with_payments({400, 400, 990});
  topic(view, "orders").partitions.resize(1);
  EXPECT_EQ(cell(interpret(view), "group_lag_records", {"payments", "orders", "1"}), kNoRow);
  topic(view, "orders").reason = Unknown::failed;
  EXPECT_EQ(cell(interpret(view), "group_lag_records", {"payments", "orders", "1"}),
            unknown(Unknown::failed));
}

TEST(Lag, WithOneBrokerDeadWhatIsLedAndCoordinatedElsewhereStaysKnown) {
  ClusterView view = with_payments({400, 400, 990});
  add_group(view, "reports", 3, {500, 500, 500});
  crash(view, 3);
  orders(view, 2).high_watermark.reason = Unknown::broker_unreachable;
  orders(view, 2).log_start.reason = Unknown::broker_unreachable;
  view.groups[1].listed = view.groups[1].committed_reason = Unknown::broker_unreachable;
  view.groups_reason = Unknown::broker_unreachable;
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "0"}), is(600));
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "1"}), is(600));
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "2"}),
            unknown(Unknown::broker_unreachable));
  EXPECT_EQ(cell(seen, "group_committed_offset", {"payments", "orders", "2"}), is(990));
  EXPECT_EQ(cell(seen, "group_members", {"payments"}), is(1));
  EXPECT_EQ(cell(seen, "group_lag_records", {"reports", "orders", "0"}),
            unknown(Unknown::broker_unreachable));
}

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

TEST(Lag, CountsWhatCanBeReadAndNotWhatWasDeleted) {
  ClusterView view = with_payments({100, 100, 1000});
  orders(view, 0).log_start.offset = 900;
  orders(view, 1).log_start.offset = 1000;
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "0"}), is(100));
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "1"}), is(0));
  EXPECT_EQ(cell(seen, "group_records_lost", {"payments", "orders", "1"}), is(900));
  EXPECT_EQ(cell(seen, "group_topic_lag_records", {"payments", "orders"}), is(100));
}

// The last offset of partition 0 may be a marker, and nobody can look.
ClusterView in_doubt(std::initializer_list<int64_t> committed) {
  ClusterView view = with_payments(committed);
  view.may_have_transactions = true;
  auto& unread = view.groups[0].committed[0].partitions[0].unread;
  unread = {};
  unread.reason = Unknown::may_be_marker;
  for (size_t partition : {1, 2}) {
    auto& commit = view.groups[0].committed[0].partitions[partition];
    commit.unread = unread_since(commit.offset < 1000 ? -60 : 0);
  }
  return view;
}

TEST(Markers, OffsetsThatMayBeMarkersAreUnknown) {
  const Observation seen = interpret(in_doubt({999, 1000, 1000}));
  for (const char* measure : {"group_lag_records", "group_lag_seconds"})
    EXPECT_EQ(cell(seen, measure, {"payments", "orders", "0"}), unknown(Unknown::may_be_marker));
  EXPECT_EQ(cell(seen, "group_lag_records_max", {"payments"}), unknown(Unknown::may_be_marker));
  for (const char* measure : {"group_topic_lag_records", "group_lag_seconds_max",
                              "group_stalled_partitions", "group_retention_left_ratio"})
    EXPECT_EQ(cell(seen, measure, {"payments", "orders"}), unknown(Unknown::may_be_marker))
        << measure;
}

TEST(Markers, DoNotHideWhatIsUnreadForCertainElsewhere) {
  const Observation seen = interpret(in_doubt({999, 400, 1000}));
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "0"}),
            unknown(Unknown::may_be_marker));
  EXPECT_EQ(cell(seen, "group_topic_lag_records", {"payments", "orders"}), is(600));
  EXPECT_EQ(cell(seen, "group_lag_records_max", {"payments"}), is(600));
  EXPECT_GT(cell(seen, "group_lag_seconds_max", {"payments", "orders"}).value, 60);
}

TEST(Markers, ThatWereLookedAtAreNoLag) {
  ClusterView view = in_doubt({999, 1000, 1000});
  auto& unread = view.groups[0].committed[0].partitions[0].unread;
  unread.reason = Unknown::known;
  unread.only_markers = true;
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "group_lag_records", {"payments", "orders", "0"}), is(0));
  EXPECT_EQ(cell(seen, "group_lag_seconds", {"payments", "orders", "0"}), is(0));
  EXPECT_EQ(cell(seen, "group_topic_lag_records", {"payments", "orders"}), is(0));
}

TEST(Markers, ThatWereDeletedAreUnknownUnlessSomebodyLookedBefore) {
  ClusterView view = in_doubt({999, 1000, 1000});
  orders(view, 0).log_start.offset = 1000;
  const auto lost = [&] {
    return cell(interpret(view), "group_records_lost", {"payments", "orders", "0"});
  };
  EXPECT_EQ(lost(), unknown(Unknown::may_be_marker));
  orders(view, 0).tail.make().add_nothing(999, 1000);
  EXPECT_EQ(lost(), is(0));
  orders(view, 0).tail.make().add_record(999, 1000);
  EXPECT_EQ(lost(), is(1));
  orders(view, 0).tail.reset();
  view.groups[0].committed[0].partitions[0].offset = 900;
  EXPECT_EQ(lost(), is(100)) << "so many are not markers alone";
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

TEST(Relations, AGroupReadsThePartitionsItCommittedToOrIsAssigned) {
  ClusterView view = healthy_cluster();
  add_member(add_group(view, "payments", 1, {400}), "orders", {1});
  EXPECT_THAT(pairs(interpret(view), "is read by groups"),
              ElementsAre("group=payments -> topic=orders partition=0",
                          "group=payments -> topic=orders partition=1"));
}

// Polls every `cadence` seconds, and returns the growth that the last poll saw. `lag(t)` is the lag
// at t seconds.
template <class Lag>
Cell growth_after(double seconds, int cadence, Lag lag, bool used = true) {
  ClusterView view = healthy_cluster();
  GroupView& group = add_group(view, "payments", 1, {0});
  if (used) add_member(group, "orders", {0});
  GroupsInterpreter interpreter;
  PollInfo poll;
  poll.cadence = std::chrono::seconds(cadence);
  Cell last;
  for (double t = 0; t <= seconds; t += cadence) {
    orders(view, 0).high_watermark = offset(100'000);
    view.groups[0].committed[0].partitions[0].offset = 100'000 - static_cast<int64_t>(lag(t));
    last = cell(interpreter.interpret(view, poll, at(t)), "group_lag_growth_records",
                {"payments", "orders"});
  }
  return last;
}

TEST(Growth, IsUnknownUntilWatchedForTheWholeWindow) {
  const auto growing = [](double t) { return 10 * t; };
  EXPECT_EQ(growth_after(90, 15, growing), unknown(Unknown::not_asked));
  EXPECT_EQ(growth_after(120, 15, growing).reason, Unknown::known);
  EXPECT_GT(growth_after(120, 15, growing).value, 0);
}

TEST(Growth, OfASteadyLagIsZero) {
  EXPECT_EQ(growth_after(300, 15, [](double) { return 5000; }), is(0));
}

TEST(Growth, OfASawtoothIsZero) {
  // Commits come every 20 s; in between 20 records arrive each second.
  const auto sawtooth = [](double t) { return 20 * (static_cast<int>(t) % 20); };
  for (double end = 120; end < 190; end += 1)
    EXPECT_EQ(growth_after(end, 1, sawtooth), is(0)) << "after " << end << " s";
}

TEST(Growth, IsSeenThroughASawtooth) {
  // Each tooth is 1,000 records high; the lag grows by 5 % of what arrives.
  const auto rising = [](double t) { return 100 * (static_cast<int>(t) % 10) + 5 * t + 1000; };
  const Cell slow = growth_after(300, 1, [&](double t) { return rising(t); });
  EXPECT_EQ(slow, is(0)) << "what the teeth may explain is no growth";
  const auto faster = [](double t) { return 100 * (static_cast<int>(t) % 10) + 20 * t; };
  for (double end = 150; end < 165; end += 1)
    EXPECT_GT(growth_after(end, 1, faster).value, 0) << "after " << end << " s";
}

TEST(Growth, OfAShrinkingLagIsZero) {
  EXPECT_EQ(growth_after(300, 15, [](double t) { return 10'000 - 10 * t; }), is(0));
}

TEST(Growth, IsAtLeastWhatTheQuartersLieApart) {
  const Cell grown = growth_after(300, 15, [](double t) { return 100 * t; });
  EXPECT_GE(grown.value, 6000);
  EXPECT_LE(grown.value, 9000);
}

TEST(Growth, StretchesItsWindowForSlowPolls) {
  const auto growing = [](double t) { return 10 * t; };
  EXPECT_EQ(growth_after(150, 30, growing), unknown(Unknown::not_asked));
  EXPECT_GT(growth_after(300, 30, growing).value, 0);
}

TEST(Growth, IsKnownAlsoWhenPollsComeALittleLate) {
  LagWindow window;
  const Duration length = lag_window_length(std::chrono::seconds(15));
  for (double t = 0; t < 3600; t += 15.1) {
    window.add(at(t).steady, length, t);
    if (t > 130) {
      EXPECT_TRUE(window.growth().has_value()) << "after " << t << " s";
    }
  }
}

// A group whose committed offset stands still while 100 records arrive each second.
class StuckGroup : public testing::Test {
 protected:
  explicit StuckGroup() { add_member(add_group(view, "stuck", 1, {100}), "orders", {0}); }

  void poll(int t) {
    orders(view, 0).high_watermark.offset = 1000 + 100 * t;
    PollInfo poll;
    poll.cadence = std::chrono::seconds(15);
    seen = interpreter.interpret(view, poll, at(t));
  }
  [[nodiscard]] Cell growth() const {
    return cell(seen, "group_lag_growth_records", {"stuck", "orders"});
  }

  ClusterView view = healthy_cluster();
  GroupsInterpreter interpreter;
  Observation seen;
};

TEST_F(StuckGroup, GrowsWhileItHasMembers) {
  for (int t = 0; t <= 300; t += 15) poll(t);
  EXPECT_GT(growth().value, 6000);
}

TEST_F(StuckGroup, DoesNotGrowOnceNobodyUsesIt) {
  view.groups[0].members->clear();
  view.groups[0].state = "Empty";
  for (int t = 0; t <= 300; t += 15) poll(t);
  EXPECT_EQ(growth(), is(0));
  EXPECT_EQ(cell(seen, "group_topic_lag_records", {"stuck", "orders"}), is(30'900));
}

TEST_F(StuckGroup, KeepsItsHistoryWhileOthersComeAndGo) {
  for (int t = 0; t <= 300; t += 15) {
    if (t == 150) {
      add_group(view, "another", 1, {900});
      std::swap(view.groups[0], view.groups[1]);
    }
    poll(t);
    if (t >= 120) {
      EXPECT_GT(growth().value, 5000) << "after " << t << " s";
    }
  }
}

TEST_F(StuckGroup, StartsAnewAfterALongTimeUnknown) {
  for (int t = 0; t <= 480; t += 15) {
    orders(view, 0).high_watermark.reason =
        t >= 150 && t < 300 ? Unknown::timed_out : Unknown::known;
    poll(t);
    if (t >= 300 && t < 390) {
      EXPECT_EQ(growth(), unknown(Unknown::not_asked)) << "after " << t << " s";
    }
  }
  EXPECT_GT(growth().value, 6000);
}

}  // namespace
}  // namespace highwater::collectors
