#include "collectors/topics/topics.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/collectors/fixture.h"

namespace highwater::collectors {
namespace {

using kafka::ClusterView;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Observation interpret(const ClusterView& view) {
  return TopicsInterpreter().interpret(view, {}, at(10));
}

Cell finding(const ClusterView& view, std::string_view topic, std::string_view kind) {
  return cell(interpret(view), "topic_audit_finding", {topic, kind});
}

TEST(Topics, TellPartitionsReplicationAndConfiguration) {
  ClusterView view = healthy_cluster();
  kafka::TopicConfig& config = *topic(view, "orders").config;
  config.retention_bytes = 4096;
  config.compact = true;
  config.unclean_leader_election = true;
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "topic_partitions", {"orders"}), is(3));
  EXPECT_EQ(cell(seen, "topic_replication_factor", {"orders"}), is(3));
  EXPECT_EQ(cell(seen, "topic_min_insync_replicas", {"orders"}), is(2));
  EXPECT_EQ(cell(seen, "topic_retention_seconds", {"orders"}), is(3600));
  EXPECT_EQ(cell(seen, "topic_retention_bytes", {"orders"}), is(4096));
  EXPECT_EQ(cell(seen, "topic_compacted", {"orders"}), is(1));
  EXPECT_EQ(cell(seen, "topic_compacted", {"logs"}), is(0));
  EXPECT_EQ(cell(seen, "topic_unclean_leader_election", {"orders"}), is(1));
  EXPECT_EQ(cell(seen, "topic_unclean_leader_election", {"logs"}), is(0));
}

TEST(Topics, RetentionWithoutLimitIsInfinite) {
  ClusterView view = healthy_cluster();
  topic(view, "orders").config->retention_ms = -1;
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "topic_retention_seconds", {"orders"}), is(kInfinity));
  EXPECT_EQ(cell(seen, "topic_retention_bytes", {"orders"}), is(kInfinity));
}

TEST(Topics, CompactionAloneDeletesNothingByAge) {
  ClusterView view = healthy_cluster();
  topic(view, "orders").config->compact = true;
  topic(view, "orders").config->remove = false;
  EXPECT_EQ(cell(interpret(view), "topic_retention_seconds", {"orders"}), is(kInfinity));
}

TEST(Topics, TheSmallestReplicationFactorOfThePartitionsCounts) {
  ClusterView view = healthy_cluster();
  orders(view, 1).replicas = {2, 3};
  EXPECT_EQ(cell(interpret(view), "topic_replication_factor", {"orders"}), is(2));
}

TEST(Topics, ReplicasBeingAddedDoNotCountYet) {
  ClusterView view = healthy_cluster();
  orders(view, 0).replicas = {1, 2, 3, 4};
  orders(view, 0).adding = {3, 4};
  EXPECT_EQ(cell(interpret(view), "topic_replication_factor", {"orders"}), is(2));
}

TEST(Topics, AConfigurationThatCouldNotBeReadIsUnknownWithItsReason) {
  ClusterView view = healthy_cluster();
  topic(view, "orders").config_reason = Unknown::denied;
  topic(view, "logs").config.reset();
  topic(view, "logs").config_reason = Unknown::not_asked;
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "topic_min_insync_replicas", {"orders"}), unknown(Unknown::denied));
  EXPECT_EQ(last_value(seen, "topic_min_insync_replicas", {"orders"}), 2);
  EXPECT_EQ(cell(seen, "topic_compacted", {"logs"}), unknown(Unknown::not_asked));
  EXPECT_EQ(cell(seen, "topic_partitions", {"orders"}), is(3));
}

TEST(Topics, WithoutFreshMetadataCountsAreUnknownAndConfigurationsAreNot) {
  ClusterView view = healthy_cluster();
  view.topics_reason = Unknown::timed_out;
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "topic_partitions", {"orders"}), unknown(Unknown::timed_out));
  EXPECT_EQ(cell(seen, "topic_replication_factor", {"orders"}), unknown(Unknown::timed_out));
  EXPECT_EQ(cell(seen, "topic_min_insync_replicas", {"orders"}), is(2));
}

TEST(Audit, AWellReplicatedTopicHasNoFindings) {
  const ClusterView view = healthy_cluster();
  EXPECT_EQ(finding(view, "orders", "replication_factor_below_3"), is(0));
  EXPECT_EQ(finding(view, "orders", "min_isr_below_2"), is(0));
  EXPECT_EQ(finding(view, "orders", "min_isr_equals_replication_factor"), is(0));
}

TEST(Audit, ASingleReplicaIsOneFinding) {
  const ClusterView view = healthy_cluster();
  EXPECT_EQ(finding(view, "logs", "replication_factor_below_3"), is(1));
  EXPECT_EQ(finding(view, "logs", "min_isr_below_2"), is(0));
  EXPECT_EQ(finding(view, "logs", "min_isr_equals_replication_factor"), is(0));
}

TEST(Audit, FindsAMinimumThatAllowsOneReplicaAlone) {
  ClusterView view = healthy_cluster();
  topic(view, "orders").config->min_insync_replicas = 1;
  EXPECT_EQ(finding(view, "orders", "min_isr_below_2"), is(1));
  EXPECT_EQ(finding(view, "orders", "replication_factor_below_3"), is(0));
}

TEST(Audit, FindsAMinimumThatNoBrokerMayBeMissingFor) {
  ClusterView view = healthy_cluster();
  topic(view, "orders").config->min_insync_replicas = 3;
  EXPECT_EQ(finding(view, "orders", "min_isr_equals_replication_factor"), is(1));
  EXPECT_EQ(finding(view, "orders", "min_isr_below_2"), is(0));
}

TEST(Audit, IsQuietInAClusterOfFewerThanThreeBrokers) {
  ClusterView view = healthy_cluster();
  view.brokers.erase(3);
  topic(view, "orders").config->min_insync_replicas = 1;
  EXPECT_EQ(finding(view, "logs", "replication_factor_below_3"), is(0));
  EXPECT_EQ(finding(view, "orders", "min_isr_below_2"), is(0));
}

TEST(Audit, CountsAFailedBrokerAmongTheRegisteredOnes) {
  ClusterView view = healthy_cluster();
  crash(view, 3);
  EXPECT_EQ(finding(view, "logs", "replication_factor_below_3"), is(1));
}

TEST(Audit, IncludesInternalTopics) {
  ClusterView view = healthy_cluster();
  topic(view, "logs").internal = true;
  EXPECT_EQ(finding(view, "logs", "replication_factor_below_3"), is(1));
}

TEST(Audit, WithoutConfigurationOnlyTheReplicationFactorIsJudged) {
  ClusterView view = healthy_cluster();
  topic(view, "orders").config.reset();
  topic(view, "orders").config_reason = Unknown::denied;
  EXPECT_EQ(finding(view, "orders", "replication_factor_below_3"), is(0));
  EXPECT_EQ(finding(view, "orders", "min_isr_below_2"), unknown(Unknown::denied));
  EXPECT_EQ(finding(view, "orders", "min_isr_equals_replication_factor"), unknown(Unknown::denied));
}

TEST(Topics, UnchangedTopicsKeepTheirKeySets) {
  const ClusterView view = healthy_cluster();
  TopicsInterpreter interpreter;
  const Observation first = interpreter.interpret(view, {}, at(0));
  const Observation second = interpreter.interpret(view, {}, at(10));
  for (size_t i = 0; i < first.tables.size(); ++i)
    EXPECT_EQ(first.tables[i].keys, second.tables[i].keys) << first.tables[i].measure->name;
}

}  // namespace
}  // namespace highwater::collectors
