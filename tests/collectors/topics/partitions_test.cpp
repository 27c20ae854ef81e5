#include "collectors/topics/partitions.h"

#include <gmock/gmock.h>

#include "tests/collectors/fixture.h"

namespace highwater::collectors {
namespace {

using kafka::BrokerStatus;
using kafka::ClusterView;
using testing::ElementsAre;

Observation interpret(const ClusterView& view) {
  return PartitionsInterpreter().interpret(view, {}, at(10));
}

// As after the death of broker 3 once Metadata knows: it leads nothing, and its only replica of
// "logs" has taken the partition with it.
ClusterView fenced_cluster() {
  ClusterView view = healthy_cluster();
  crash(view, 3);
  view.brokers.at(3).listed = false;
  view.brokers.at(3).contradicted_since.reset();
  for (size_t i = 0; i < 3; ++i)
    orders(view, i).isr.remove_if([](int32_t broker) { return broker == 3; });
  orders(view, 2).leader = orders(view, 2).last_leader = 1;
  orders(view, 2).leader_epoch = 6;
  kafka::PartitionView& lost = topic(view, "logs").partitions[0];
  lost.leader = -1;
  lost.isr.clear();
  return view;
}

TEST(Partitions, AHealthyPartitionIsKnownThroughout) {
  const Observation seen = interpret(healthy_cluster());
  EXPECT_EQ(cell(seen, "partition_leader", {"orders", "1"}), is(2));
  EXPECT_EQ(cell(seen, "partition_leader_epoch", {"orders", "1"}), is(5));
  EXPECT_EQ(cell(seen, "partition_preferred_leader", {"orders", "1"}), is(1));
  EXPECT_EQ(cell(seen, "partition_replicas", {"orders", "1"}), is(3));
  EXPECT_EQ(cell(seen, "partition_in_sync_replicas", {"orders", "1"}), is(3));
  EXPECT_EQ(cell(seen, "partition_under_replicated", {"orders", "1"}), is(0));
  EXPECT_EQ(cell(seen, "partition_under_min_isr", {"orders", "1"}), is(0));
  EXPECT_EQ(cell(seen, "partition_at_min_isr", {"orders", "1"}), is(0));
  EXPECT_EQ(cell(seen, "partition_leaderless", {"orders", "1"}), is(0));
  EXPECT_EQ(cell(seen, "partition_reassigning", {"orders", "1"}), is(0));
  EXPECT_EQ(cell(seen, "partition_log_start_offset", {"orders", "1"}), is(100));
  EXPECT_EQ(cell(seen, "partition_high_watermark", {"orders", "1"}), is(1000));
  EXPECT_EQ(cell(seen, "partition_last_stable_offset", {"orders", "1"}), is(1000));
  EXPECT_THAT(seen.problems, testing::IsEmpty());
}

TEST(Partitions, AnotherLeaderThanTheFirstReplicaIsNotThePreferredOne) {
  ClusterView view = healthy_cluster();
  orders(view, 0).leader = 2;
  EXPECT_EQ(cell(interpret(view), "partition_preferred_leader", {"orders", "0"}), is(0));
}

TEST(Partitions, TheFirstReplicaIsThePreferredBroker) {
  ClusterView view = healthy_cluster();
  const int32_t first = orders(view, 0).replicas.front();
  orders(view, 0).leader = 2;
  EXPECT_EQ(cell(interpret(view), "partition_preferred_broker", {"orders", "0"}), is(first));
  orders(view, 0).replicas.clear();
  EXPECT_EQ(cell(interpret(view), "partition_preferred_broker", {"orders", "0"}), is(-1));
}

TEST(Partitions, EachReplicaIsInSyncOrNot) {
  ClusterView view = healthy_cluster();
  orders(view, 0).isr.remove_if([](int32_t broker) { return broker == 3; });
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "partition_replica_in_sync", {"orders", "0", "1"}), is(1));
  EXPECT_EQ(cell(seen, "partition_replica_in_sync", {"orders", "0", "3"}), is(0));
}

TEST(Partitions, AReplicaOnAFailedBrokerIsNotTakenForInSync) {
  ClusterView view = healthy_cluster();
  crash(view, 3);
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "partition_replica_in_sync", {"orders", "0", "3"}),
            unknown(Unknown::contradicted));
  EXPECT_EQ(cell(seen, "partition_replica_in_sync", {"orders", "0", "2"}), is(1));
}

TEST(Partitions, WithoutALeaderTheLastReplicaInSyncIsKnown) {
  ClusterView view = fenced_cluster();
  topic(view, "logs").partitions[0].isr.push_back(3);
  EXPECT_EQ(cell(interpret(view), "partition_replica_in_sync", {"logs", "0", "3"}), is(1));
}

TEST(Partitions, AMissingReplicaIsUnderReplicated) {
  ClusterView view = healthy_cluster();
  orders(view, 0).isr = {1, 2};
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "partition_under_replicated", {"orders", "0"}), is(1));
  EXPECT_EQ(cell(seen, "partition_in_sync_replicas", {"orders", "0"}), is(2));
  EXPECT_EQ(cell(seen, "partition_under_replicated", {"orders", "1"}), is(0));
}

TEST(Partitions, ALeaderlessPartitionIsNotUnderReplicated) {
  ClusterView view = healthy_cluster();
  orders(view, 0).leader = -1;
  orders(view, 0).isr.clear();
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "partition_leaderless", {"orders", "0"}), is(1));
  EXPECT_EQ(cell(seen, "partition_under_replicated", {"orders", "0"}), is(0));
  EXPECT_EQ(cell(seen, "partition_under_min_isr", {"orders", "0"}), is(0));
  EXPECT_EQ(cell(seen, "partition_at_min_isr", {"orders", "0"}), is(0));
  EXPECT_EQ(cell(seen, "partition_leader", {"orders", "0"}), unknown(Unknown::leaderless));
  EXPECT_EQ(last_value(seen, "partition_leader", {"orders", "0"}), 1);
  EXPECT_EQ(cell(seen, "partition_preferred_leader", {"orders", "0"}),
            unknown(Unknown::leaderless));
  EXPECT_EQ(cell(seen, "partition_high_watermark", {"orders", "0"}), unknown(Unknown::leaderless));
}

TEST(Partitions, ALeaderlessPartitionIsJudgedAlsoWithoutItsTopicsConfiguration) {
  ClusterView view = healthy_cluster();
  orders(view, 0).leader = -1;
  topic(view, "orders").config.reset();
  EXPECT_EQ(cell(interpret(view), "partition_under_min_isr", {"orders", "0"}), is(0));
}

TEST(Partitions, UnderAndAtMinIsrGoByTheTopicsOwnMinimum) {
  ClusterView view = healthy_cluster();
  orders(view, 0).isr = {1};
  orders(view, 1).isr = {2, 3};
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "partition_under_min_isr", {"orders", "0"}), is(1));
  EXPECT_EQ(cell(seen, "partition_at_min_isr", {"orders", "0"}), is(0));
  EXPECT_EQ(cell(seen, "partition_under_min_isr", {"orders", "1"}), is(0));
  EXPECT_EQ(cell(seen, "partition_at_min_isr", {"orders", "1"}), is(1));
  EXPECT_EQ(cell(seen, "partition_at_min_isr", {"orders", "2"}), is(0));
}

TEST(Partitions, ASingleReplicaIsNeitherUnderNorAtMinIsr) {
  ClusterView view = healthy_cluster();
  EXPECT_EQ(cell(interpret(view), "partition_at_min_isr", {"logs", "0"}), is(0));
  // Kafka asks for as many as there are at most.
  topic(view, "logs").config->min_insync_replicas = 2;
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "partition_under_min_isr", {"logs", "0"}), is(0));
  EXPECT_EQ(cell(seen, "partition_at_min_isr", {"logs", "0"}), is(0));
}

TEST(Partitions, WithoutTheTopicsConfigurationMinIsrIsUnknown) {
  ClusterView view = healthy_cluster();
  topic(view, "orders").config.reset();
  topic(view, "orders").config_reason = Unknown::not_asked;
  topic(view, "logs").config.reset();
  topic(view, "logs").config_reason = Unknown::denied;
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "partition_under_min_isr", {"orders", "0"}), unknown(Unknown::not_asked));
  EXPECT_EQ(cell(seen, "partition_at_min_isr", {"orders", "0"}), unknown(Unknown::not_asked));
  EXPECT_EQ(cell(seen, "partition_under_min_isr", {"logs", "0"}), unknown(Unknown::denied));
  EXPECT_EQ(cell(seen, "partition_under_replicated", {"orders", "0"}), is(0));
}

TEST(Partitions, TheLastConfigurationReadStillJudgesMinIsr) {
  ClusterView view = healthy_cluster();
  topic(view, "orders").config_reason = Unknown::timed_out;
  orders(view, 0).isr = {1};
  EXPECT_EQ(cell(interpret(view), "partition_under_min_isr", {"orders", "0"}), is(1));
}

TEST(Partitions, ReplicasThatAReassignmentAddsAreNotMissing) {
  ClusterView view = healthy_cluster();
  orders(view, 0).replicas = {1, 2, 3, 4};
  orders(view, 0).adding = {4};
  orders(view, 0).removing = {1};
  const Observation moving = interpret(view);
  EXPECT_EQ(cell(moving, "partition_reassigning", {"orders", "0"}), is(1));
  EXPECT_EQ(cell(moving, "partition_replicas", {"orders", "0"}), is(4));
  EXPECT_EQ(cell(moving, "partition_under_replicated", {"orders", "0"}), is(0));
  orders(view, 0).isr = {1, 2};
  EXPECT_EQ(cell(interpret(view), "partition_under_replicated", {"orders", "0"}), is(1));
}

TEST(Partitions, OffsetsCarryTheirOwnReasons) {
  ClusterView view = healthy_cluster();
  orders(view, 0).high_watermark.reason = Unknown::timed_out;
  orders(view, 0).last_stable = {};
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "partition_high_watermark", {"orders", "0"}), unknown(Unknown::timed_out));
  EXPECT_EQ(last_value(seen, "partition_high_watermark", {"orders", "0"}), 1000);
  EXPECT_EQ(cell(seen, "partition_last_stable_offset", {"orders", "0"}),
            unknown(Unknown::not_asked));
  EXPECT_EQ(cell(seen, "partition_log_start_offset", {"orders", "0"}), is(100));
}

TEST(Partitions, AnEpochThatWasNeverToldIsUnknown) {
  ClusterView view = fenced_cluster();
  topic(view, "logs").partitions[0].leader_epoch = -1;
  EXPECT_EQ(cell(interpret(view), "partition_leader_epoch", {"logs", "0"}),
            unknown(Unknown::leaderless));
}

TEST(Partitions, WhileAFailedBrokerIsStillNamedAsLeaderItsPartitionsAreUnknown) {
  ClusterView view = healthy_cluster();
  crash(view, 3);
  const Observation seen = interpret(view);
  for (const char* const measure :
       {"partition_leader", "partition_leader_epoch", "partition_preferred_leader",
        "partition_leaderless", "partition_in_sync_replicas", "partition_under_replicated",
        "partition_under_min_isr", "partition_at_min_isr"}) {
    EXPECT_EQ(cell(seen, measure, {"orders", "2"}), unknown(Unknown::contradicted)) << measure;
    EXPECT_EQ(cell(seen, measure, {"logs", "0"}), unknown(Unknown::contradicted)) << measure;
  }
  EXPECT_EQ(cell(seen, "partition_replicas", {"orders", "2"}), is(3));
  EXPECT_EQ(last_value(seen, "partition_leader", {"orders", "2"}), 3);
}

TEST(Partitions, AFailedBrokerAmongTheReplicasInSyncMakesTheIsrUnknownAndNotTheLeader) {
  ClusterView view = healthy_cluster();
  crash(view, 3);
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "partition_leader", {"orders", "0"}), is(1));
  EXPECT_EQ(cell(seen, "partition_leaderless", {"orders", "0"}), is(0));
  for (const char* const measure : {"partition_in_sync_replicas", "partition_under_replicated",
                                    "partition_under_min_isr", "partition_at_min_isr"})
    EXPECT_EQ(cell(seen, measure, {"orders", "0"}), unknown(Unknown::contradicted)) << measure;
}

TEST(Partitions, WhatIsShortOfReplicasWithAFailedBrokerCountedInStaysKnown) {
  ClusterView view = healthy_cluster();
  crash(view, 3);
  orders(view, 0).isr = {1, 3};
  topic(view, "orders").config->min_insync_replicas = 3;
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "partition_under_replicated", {"orders", "0"}), is(1));
  EXPECT_EQ(cell(seen, "partition_under_min_isr", {"orders", "0"}), is(1));
  EXPECT_EQ(cell(seen, "partition_in_sync_replicas", {"orders", "0"}),
            unknown(Unknown::contradicted));
}

TEST(Partitions, AnOrderlyStopContradictsNothing) {
  ClusterView view = healthy_cluster();
  view.brokers.at(3).status = BrokerStatus::stopped;
  orders(view, 2).leader = 1;
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "partition_leader", {"orders", "2"}), is(1));
  EXPECT_EQ(cell(seen, "partition_in_sync_replicas", {"orders", "2"}), is(3));
  EXPECT_EQ(cell(seen, "broker_leader_partitions", {"3"}), is(1));
}

TEST(Partitions, OnceMetadataKnowsOfTheDeathEverythingIsKnownAgain) {
  const Observation seen = interpret(fenced_cluster());
  for (const char* const partition : {"0", "1", "2"}) {
    EXPECT_EQ(cell(seen, "partition_under_replicated", {"orders", partition}), is(1));
    EXPECT_EQ(cell(seen, "partition_leaderless", {"orders", partition}), is(0));
    EXPECT_EQ(cell(seen, "partition_at_min_isr", {"orders", partition}), is(1));
  }
  EXPECT_EQ(cell(seen, "partition_leaderless", {"logs", "0"}), is(1));
  EXPECT_EQ(cell(seen, "partition_under_replicated", {"logs", "0"}), is(0));
}

TEST(Partitions, WithoutFreshMetadataOnlyOffsetsMayBeKnown) {
  ClusterView view = healthy_cluster();
  view.topics_reason = Unknown::timed_out;
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "partition_leader", {"orders", "0"}), unknown(Unknown::timed_out));
  EXPECT_EQ(cell(seen, "partition_under_replicated", {"orders", "0"}), unknown(Unknown::timed_out));
  EXPECT_EQ(cell(seen, "partition_replicas", {"orders", "0"}), unknown(Unknown::timed_out));
  EXPECT_EQ(cell(seen, "broker_leader_partitions", {"1"}), unknown(Unknown::timed_out));
  EXPECT_EQ(cell(seen, "broker_replica_partitions", {"1"}), unknown(Unknown::timed_out));
  EXPECT_EQ(cell(seen, "partition_high_watermark", {"orders", "0"}), is(1000));
}

TEST(Partitions, ATopicThatCouldNotBeReadIsUnknownAlone) {
  ClusterView view = healthy_cluster();
  topic(view, "orders").reason = Unknown::failed;
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "partition_leaderless", {"orders", "0"}), unknown(Unknown::failed));
  EXPECT_EQ(cell(seen, "partition_leaderless", {"logs", "0"}), is(0));
  EXPECT_EQ(cell(seen, "broker_leader_partitions", {"1"}), unknown(Unknown::failed));
}

TEST(Partitions, ATopicWeMayNotSeeDoesNotHideWhatBrokersLead) {
  ClusterView view = healthy_cluster();
  kafka::TopicView secret;
  secret.name = Symbol("secret");
  secret.reason = Unknown::denied;
  view.topics.push_back(secret);
  EXPECT_EQ(cell(interpret(view), "broker_leader_partitions", {"1"}), is(1));
}

TEST(Partitions, CountsWhatEachBrokerLeadsAndHolds) {
  const Observation seen = interpret(healthy_cluster());
  EXPECT_EQ(cell(seen, "broker_leader_partitions", {"1"}), is(1));
  EXPECT_EQ(cell(seen, "broker_leader_partitions", {"3"}), is(2));
  EXPECT_EQ(cell(seen, "broker_replica_partitions", {"1"}), is(3));
  EXPECT_EQ(cell(seen, "broker_replica_partitions", {"3"}), is(4));
}

TEST(Partitions, CountsForABrokerThatOnlyPartitionsName) {
  ClusterView view = healthy_cluster();
  view.brokers.erase(3);
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "broker_replica_partitions", {"3"}), is(4));
}

TEST(Partitions, WhatAFailedBrokerLeadsIsUnknownWhileMetadataStillNamesIt) {
  ClusterView view = healthy_cluster();
  crash(view, 3);
  const Observation contradicted = interpret(view);
  EXPECT_EQ(cell(contradicted, "broker_leader_partitions", {"3"}), unknown(Unknown::contradicted));
  EXPECT_EQ(cell(contradicted, "broker_leader_partitions", {"1"}), is(1));
  EXPECT_EQ(cell(interpret(fenced_cluster()), "broker_leader_partitions", {"3"}), is(0));
}

TEST(Partitions, AFailedBrokerIsAProblemWithTheNumberOfItsPartitions) {
  ClusterView view = healthy_cluster();
  crash(view, 3);
  EXPECT_THAT(problems(interpret(view)),
              ElementsAre("broker 3 crashed: 2 partitions it led are unknown or leaderless"));
  EXPECT_THAT(problems(interpret(fenced_cluster())),
              ElementsAre("broker 3 crashed: 1 partition it led is unknown or leaderless"));
}

TEST(Partitions, LeadRelationHoldsToTheLastLeader) {
  EXPECT_THAT(
      pairs(interpret(fenced_cluster()), "leads partitions"),
      ElementsAre("topic=logs partition=0 -> broker=3", "topic=orders partition=0 -> broker=1",
                  "topic=orders partition=1 -> broker=2", "topic=orders partition=2 -> broker=1"));
}

TEST(Partitions, ReplicaRelationNamesOnlyMissingAndFailedBrokers) {
  EXPECT_THAT(pairs(interpret(healthy_cluster()), "holds replicas of partitions"),
              testing::IsEmpty());
  ClusterView view = healthy_cluster();
  orders(view, 0).isr = {1, 3};
  EXPECT_THAT(pairs(interpret(view), "holds replicas of partitions"),
              ElementsAre("topic=orders partition=0 -> broker=2"));
  ClusterView dying = healthy_cluster();
  crash(dying, 3);
  EXPECT_THAT(
      pairs(interpret(dying), "holds replicas of partitions"),
      ElementsAre("topic=logs partition=0 -> broker=3", "topic=orders partition=0 -> broker=3",
                  "topic=orders partition=1 -> broker=3", "topic=orders partition=2 -> broker=3"));
}

// The agent came when the broker was fenced, and KRaft leaves it in the ISR.
TEST(Partitions, WithoutAKnownLeaderAPartitionHangsOnItsReplicas) {
  ClusterView view = healthy_cluster();
  kafka::PartitionView& lost = topic(view, "logs").partitions[0];
  lost.leader = lost.last_leader = -1;
  view.brokers.erase(3);
  EXPECT_THAT(pairs(interpret(view), "holds replicas of partitions"),
              ElementsAre("topic=logs partition=0 -> broker=3"));
}

TEST(Partitions, LogSizesAreToldByEachBrokerForItself) {
  ClusterView view = healthy_cluster();
  orders(view, 0).log_dirs = {{1, 500}, {3, 300}};
  crash(view, 3);
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "partition_log_bytes", {"orders", "0", "1"}), is(500));
  EXPECT_EQ(cell(seen, "partition_log_bytes", {"orders", "0", "2"}), unknown(Unknown::not_asked));
  EXPECT_EQ(cell(seen, "partition_log_bytes", {"orders", "0", "3"}),
            unknown(Unknown::broker_unreachable));
  EXPECT_EQ(last_value(seen, "partition_log_bytes", {"orders", "0", "3"}), 300);
}

TEST(Partitions, UnchangedPartitionsKeepTheirKeySetsAndNewOnesReplaceThem) {
  ClusterView view = healthy_cluster();
  PartitionsInterpreter interpreter;
  const Observation first = interpreter.interpret(view, {}, at(0));
  orders(view, 0).leader = 2;
  const Observation second = interpreter.interpret(view, {}, at(10));
  ASSERT_EQ(first.tables.size(), second.tables.size());
  for (size_t i = 0; i < first.tables.size(); ++i)
    EXPECT_EQ(first.tables[i].keys, second.tables[i].keys) << first.tables[i].measure->name;
  EXPECT_EQ(second.relations[0].from, table(second, "partition_leader").keys);
  topic(view, "orders").partitions.pop_back();
  const Observation third = interpreter.interpret(view, {}, at(20));
  EXPECT_EQ(cell(third, "partition_leader", {"orders", "2"}), kNoRow);
  EXPECT_EQ(cell(third, "partition_leader", {"orders", "1"}), is(2));
}

TEST(LeaderImbalance, IsTheShareOfABrokersOwnPartitionsThatOthersLead) {
  kafka::ClusterView view = healthy_cluster();
  const auto ratio = [&](std::string_view broker) {
    return cell(PartitionsInterpreter().interpret(view, {}, at(0)), "broker_leader_imbalance_ratio",
                {broker});
  };
  EXPECT_EQ(ratio("3"), is(0));
  // It is the first replica of this one and of the only one of "logs".
  orders(view, 2).leader = 1;
  EXPECT_EQ(ratio("3"), is(0.5));
  EXPECT_EQ(ratio("1"), is(0));
  orders(view, 2).leader = -1;
  EXPECT_EQ(ratio("3"), is(0.5));
  crash(view, 3);
  EXPECT_EQ(ratio("3"), unknown(Unknown::broker_unreachable));
}

TEST(LeaderImbalance, OfABrokerThatIsTheFirstOfNoneIsNone) {
  kafka::ClusterView view = healthy_cluster();
  for (size_t i = 0; i < 3; ++i) orders(view, i).replicas = {1, 2, 3};
  EXPECT_EQ(cell(PartitionsInterpreter().interpret(view, {}, at(0)),
                 "broker_leader_imbalance_ratio", {"2"}),
            is(0));
}

}  // namespace
}  // namespace highwater::collectors
