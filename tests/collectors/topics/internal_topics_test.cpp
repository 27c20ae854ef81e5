// Kafka's own topics: judged by rules, without rows of their own otherwise.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

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

// The internal topic has one partition, with its only copy on broker 2.
ClusterView with_internal_topic(std::string_view name) {
  ClusterView view = healthy_cluster();
  TopicView internal = topic(view, "logs");
  internal.name = Symbol(name);
  internal.internal = true;
  internal.partitions[0].leader = internal.partitions[0].last_leader = 2;
  internal.partitions[0].replicas = internal.partitions[0].isr = {2};
  view.internal_topics.push_back(internal);
  return view;
}

ClusterView with_offsets_topic() {
  return with_internal_topic(kafka::kOffsetsTopic);
}

Observation partitions(const ClusterView& view) {
  return PartitionsInterpreter().interpret(view, {}, at(0));
}

class EachInternalTopic : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(InternalTopics, EachInternalTopic,
                         testing::Values("__consumer_offsets", "__transaction_state"),
                         [](const auto& test) { return std::string(test.param + 2); });

TEST_P(EachInternalTopic, HasPartitionRowsOnly) {
  const Observation seen = partitions(with_internal_topic(GetParam()));
  EXPECT_EQ(cell(seen, "partition_leaderless", {GetParam(), "0"}), is(0));
  EXPECT_EQ(cell(seen, "partition_under_min_isr", {GetParam(), "0"}), is(0));
  EXPECT_EQ(cell(seen, "partition_leaderless", {"orders", "2"}), is(0));
  EXPECT_EQ(cell(seen, "topic_leaderless_partitions", {GetParam()}), kNoRow);
  EXPECT_EQ(cell(seen, "topic_leaderless_partitions", {"orders"}), is(0));
  EXPECT_EQ(cell(seen, "broker_leader_partitions", {"2"}), is(1));
}

TEST_P(EachInternalTopic, IsRelatedToItsLastLeaderWithoutALeader) {
  const std::string pair = fmt::format("topic={} partition=0 -> broker=2", GetParam());
  ClusterView view = with_internal_topic(GetParam());
  EXPECT_THAT(pairs(partitions(view), "leads partitions"), Not(Contains(pair)));
  view.internal_topics[0].partitions[0].leader = -1;
  view.internal_topics[0].partitions[0].isr.clear();
  const Observation seen = partitions(view);
  EXPECT_EQ(cell(seen, "partition_leaderless", {GetParam(), "0"}), is(1));
  EXPECT_THAT(pairs(seen, "leads partitions"), Contains(pair));
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

TEST_P(EachInternalTopic, HasNoRowsWhenItIsExcluded) {
  ClusterView view = with_internal_topic(GetParam());
  view.internal_topics[0].excluded = true;
  EXPECT_EQ(cell(partitions(view), "partition_leaderless", {GetParam(), "0"}), kNoRow);
  const Observation audit = TopicsInterpreter().interpret(view, {}, at(0));
  EXPECT_EQ(cell(audit, "topic_audit_finding", {GetParam(), "replication_factor_below_3"}), kNoRow);
}

TEST_P(EachInternalTopic, IsAudited) {
  const Observation seen =
      TopicsInterpreter().interpret(with_internal_topic(GetParam()), {}, at(0));
  EXPECT_EQ(cell(seen, "topic_audit_finding", {GetParam(), "replication_factor_below_3"}), is(1));
  EXPECT_EQ(cell(seen, "topic_partitions", {GetParam()}), kNoRow);
}

}  // namespace
}  // namespace highwater::collectors
