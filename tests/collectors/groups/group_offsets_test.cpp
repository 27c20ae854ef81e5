#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/groups/group_offsets_support.h"

namespace highwater::collectors {
namespace {

using kafka::ClusterView;
using testing::ElementsAre;

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

TEST(Relations, AGroupReadsThePartitionsItCommittedToOrIsAssigned) {
  ClusterView view = healthy_cluster();
  add_member(add_group(view, "payments", 1, {400}), "orders", {1});
  EXPECT_THAT(pairs(interpret(view), "is read by groups"),
              ElementsAre("group=payments -> topic=orders partition=0",
                          "group=payments -> topic=orders partition=1"));
}

}  // namespace
}  // namespace highwater::collectors
