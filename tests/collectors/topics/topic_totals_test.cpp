#include "collectors/topics/topic_totals.h"

#include <gtest/gtest.h>

#include "collectors/topics/partitions.h"
#include "tests/collectors/fixture.h"

namespace highwater::collectors {
namespace {

using kafka::ClusterView;

Observation seen_of(const ClusterView& view) {
  return PartitionsInterpreter().interpret(view, {}, at(0));
}

Cell of(const ClusterView& view, std::string_view measure) {
  return cell(seen_of(view), measure, {"orders"});
}

void give_log_sizes(ClusterView& view) {
  for (auto& topic : view.topics) {
    for (auto& partition : topic.partitions) {
      for (const int32_t replica : partition.replicas) partition.log_dirs.push_back({replica, 10});
    }
  }
}

TEST(TopicTotals, AreZeroOfAHealthyTopic) {
  const ClusterView view = healthy_cluster();
  for (const char* const measure :
       {"topic_leaderless_partitions", "topic_under_replicated_partitions",
        "topic_under_min_isr_partitions", "topic_at_min_isr_partitions",
        "topic_reassigning_partitions", "topic_displaced_leader_partitions"})
    EXPECT_EQ(of(view, measure), is(0)) << measure;
}

TEST(TopicTotals, CountThePartitionsInEachState) {
  ClusterView view = healthy_cluster();
  orders(view, 0).leader = -1;
  orders(view, 1).isr = {2};
  orders(view, 2).isr = {3, 1};
  EXPECT_EQ(of(view, "topic_leaderless_partitions"), is(1));
  EXPECT_EQ(of(view, "topic_under_replicated_partitions"), is(2));
  EXPECT_EQ(of(view, "topic_under_min_isr_partitions"), is(1));
  EXPECT_EQ(of(view, "topic_at_min_isr_partitions"), is(1));
  view = healthy_cluster();
  orders(view, 0).leader = 2;
  orders(view, 1).adding = {4};
  EXPECT_EQ(of(view, "topic_displaced_leader_partitions"), is(1));
  EXPECT_EQ(of(view, "topic_reassigning_partitions"), is(1));
}

TEST(TopicTotals, AreUnknownOnlyWhileNoPartitionIsKnownToBeInTheState) {
  ClusterView view = healthy_cluster();
  crash(view, 1);  // leads partition 0, and is among the replicas in sync of all
  EXPECT_EQ(of(view, "topic_under_replicated_partitions"), unknown(Unknown::contradicted));
  EXPECT_EQ(of(view, "topic_leaderless_partitions"), unknown(Unknown::contradicted));
  orders(view, 1).isr = {2};
  EXPECT_EQ(of(view, "topic_under_replicated_partitions"), is(1));
}

TEST(TopicTotals, SumWhatTheLogsHold) {
  ClusterView view = healthy_cluster();
  orders(view, 0).last_stable = offset(990);
  give_log_sizes(view);
  EXPECT_EQ(of(view, "topic_retained_records"), is(2700));
  EXPECT_EQ(of(view, "topic_open_transaction_records"), is(10));
  EXPECT_EQ(of(view, "topic_log_bytes"), is(90));
  EXPECT_EQ(cell(seen_of(view), "topic_log_bytes", {"logs"}), is(10));
  EXPECT_EQ(cell(seen_of(view), "broker_log_bytes", {"3"}), is(40));
}

TEST(TopicTotals, DoNotSumWhatIsNotKnownInWhole) {
  ClusterView view = healthy_cluster();
  give_log_sizes(view);
  orders(view, 1).high_watermark = {1000, Unknown::timed_out};
  orders(view, 2).log_dirs = {{3, 10}, {1, 10}};
  EXPECT_EQ(of(view, "topic_retained_records"), unknown(Unknown::timed_out));
  EXPECT_EQ(of(view, "topic_log_bytes"), unknown(Unknown::not_asked));
  const Observation seen = seen_of(view);
  EXPECT_EQ(cell(seen, "topic_log_bytes", {"logs"}), is(10));
  EXPECT_EQ(cell(seen, "broker_log_bytes", {"1"}), is(30));
  EXPECT_EQ(cell(seen, "broker_log_bytes", {"2"}), unknown(Unknown::not_asked));
}

}  // namespace
}  // namespace highwater::collectors
