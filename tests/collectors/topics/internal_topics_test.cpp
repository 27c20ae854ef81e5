// Kafka's own topics: judged by rules, without rows of their own otherwise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/kafka/offsets_topic.h"
#include "collectors/topics/partitions.h"
#include "collectors/topics/topics.h"
#include "tests/collectors/fixture.h"

namespace highwater::collectors {
namespace {

using kafka::ClusterView;
using kafka::TopicView;
using testing::Contains;
using testing::Not;

// __consumer_offsets has one partition, with its only copy on broker 2.
ClusterView with_offsets_topic() {
  ClusterView view = healthy_cluster();
  TopicView offsets = topic(view, "logs");
  offsets.name = Symbol(kafka::kOffsetsTopic);
  offsets.internal = true;
  offsets.partitions[0].leader = offsets.partitions[0].last_leader = 2;
  offsets.partitions[0].replicas = offsets.partitions[0].isr = {2};
  view.internal_topics.push_back(offsets);
  return view;
}

Observation partitions(const ClusterView& view) {
  return PartitionsInterpreter().interpret(view, {}, at(0));
}

TEST(InternalTopics, HavePartitionRowsOnly) {
  const Observation seen = partitions(with_offsets_topic());
  EXPECT_EQ(cell(seen, "partition_leaderless", {"__consumer_offsets", "0"}), is(0));
  EXPECT_EQ(cell(seen, "partition_under_min_isr", {"__consumer_offsets", "0"}), is(0));
  EXPECT_EQ(cell(seen, "partition_leaderless", {"orders", "2"}), is(0));
  EXPECT_EQ(cell(seen, "topic_leaderless_partitions", {"__consumer_offsets"}), kNoRow);
  EXPECT_EQ(cell(seen, "topic_leaderless_partitions", {"orders"}), is(0));
  EXPECT_EQ(cell(seen, "broker_leader_partitions", {"2"}), is(1));
}

TEST(InternalTopics, LeaderlessOnesAreRelatedToTheirLastLeader) {
  ClusterView view = with_offsets_topic();
  EXPECT_THAT(pairs(partitions(view), "leads partitions"),
              Not(Contains("topic=__consumer_offsets partition=0 -> broker=2")));
  view.internal_topics[0].partitions[0].leader = -1;
  view.internal_topics[0].partitions[0].isr.clear();
  const Observation seen = partitions(view);
  EXPECT_EQ(cell(seen, "partition_leaderless", {"__consumer_offsets", "0"}), is(1));
  EXPECT_THAT(pairs(seen, "leads partitions"),
              Contains("topic=__consumer_offsets partition=0 -> broker=2"));
}

TEST(InternalTopics, NoteNamesGroupsThatCannotCommit) {
  ClusterView view = with_offsets_topic();
  for (const char* name : {"a", "b", "c", "d", "e", "f"})
    add_group(view, name, 2, {}).listed = Unknown::no_coordinator;
  view.internal_topics[0].partitions[0].leader = -1;
  const Symbol cells[] = {Symbol("prod"), Symbol(kafka::kOffsetsTopic), Symbol("0")};
  const std::vector<std::string_view> names{"cluster", "topic", "partition"};
  EXPECT_EQ(note(partitions(view), Entity(names, cells)),
            "groups that cannot commit, and whose lag is unknown: a, b, c, d, e and 1 more");
}

TEST(InternalTopics, ExcludedOnesHaveNoRows) {
  ClusterView view = with_offsets_topic();
  view.internal_topics[0].excluded = true;
  EXPECT_EQ(cell(partitions(view), "partition_leaderless", {"__consumer_offsets", "0"}), kNoRow);
  const Observation audit = TopicsInterpreter().interpret(view, {}, at(0));
  EXPECT_EQ(
      cell(audit, "topic_audit_finding", {"__consumer_offsets", "replication_factor_below_3"}),
      kNoRow);
}

TEST(InternalTopics, AreAudited) {
  const Observation seen = TopicsInterpreter().interpret(with_offsets_topic(), {}, at(0));
  EXPECT_EQ(cell(seen, "topic_audit_finding", {"__consumer_offsets", "replication_factor_below_3"}),
            is(1));
  EXPECT_EQ(cell(seen, "topic_partitions", {"__consumer_offsets"}), kNoRow);
}

}  // namespace
}  // namespace highwater::collectors
