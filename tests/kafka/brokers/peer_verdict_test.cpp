#include "collectors/kafka/brokers/peer_verdict.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace highwater::kafka {
namespace {

MetadataResponse listing(std::initializer_list<int32_t> brokers) {
  MetadataResponse metadata;
  for (const int32_t id : brokers) {
    MetadataResponse::Broker broker;
    broker.node_id = id;
    metadata.brokers.push_back(broker);
  }
  return metadata;
}

void add_partition(MetadataResponse& metadata, int32_t leader,
                   std::initializer_list<int32_t> replicas, std::initializer_list<int32_t> isr) {
  if (metadata.topics.empty()) metadata.topics.emplace_back();
  MetadataResponse::Partition partition;
  partition.leader_id = leader;
  for (const int32_t one : replicas) partition.replica_nodes.push_back(one);
  for (const int32_t one : isr) partition.isr_nodes.push_back(one);
  metadata.topics.front().partitions.push_back(partition);
}

PeerVerdict verdict(std::initializer_list<MetadataResponse> answers) {
  const std::vector<MetadataResponse> all(answers);
  return peer_verdict(2, all);
}

TEST(PeerVerdict, IsUnknownWhileNobodyAnswers) {
  EXPECT_EQ(verdict({}), PeerVerdict::unknown);
}

TEST(PeerVerdict, OfABrokerThatAllList) {
  EXPECT_EQ(verdict({listing({1, 2, 3}), listing({1, 2, 3})}), PeerVerdict::serving);
}

TEST(PeerVerdict, OfABrokerThatOneOfThemDoesNotListAnyMore) {
  EXPECT_EQ(verdict({listing({1, 2, 3}), listing({1, 3})}), PeerVerdict::not_listed);
}

TEST(PeerVerdict, OfALeaderWithAFollowerInSync) {
  MetadataResponse metadata = listing({1, 2, 3});
  add_partition(metadata, 2, {2, 1, 3}, {2});
  add_partition(metadata, 2, {2, 3, 1}, {2, 3});
  EXPECT_EQ(verdict({metadata}), PeerVerdict::serving);
}

TEST(PeerVerdict, OfALeaderThatNobodyFollowsAnyMore) {
  MetadataResponse metadata = listing({1, 2, 3});
  add_partition(metadata, 2, {2, 1, 3}, {2});
  add_partition(metadata, 3, {3, 1, 2}, {3, 1});
  EXPECT_EQ(verdict({metadata}), PeerVerdict::unfollowed);
}

TEST(PeerVerdict, OfALeaderWhoseFollowersAreDown) {
  MetadataResponse metadata = listing({2, 3});
  add_partition(metadata, 2, {2, 1}, {2});
  EXPECT_EQ(verdict({metadata}), PeerVerdict::serving);
}

TEST(PeerVerdict, OfALeaderOfSingleCopies) {
  MetadataResponse metadata = listing({1, 2, 3});
  add_partition(metadata, 2, {2}, {2});
  EXPECT_EQ(verdict({metadata}), PeerVerdict::serving);
}

}  // namespace
}  // namespace highwater::kafka
