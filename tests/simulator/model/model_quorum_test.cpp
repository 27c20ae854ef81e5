// The controllers: elections, what depends on the active one, and a lost majority.
#include <gmock/gmock.h>

#include "tests/simulator/model/model_asker.h"

namespace highwater::simulator {
namespace {

using kafka::ErrorCode;
using ::testing::ElementsAre;

// Broker 1 is the active controller.
constexpr const char* kCluster = R"(
topics:
  - {name: orders, partitions: 3, produce: 30/s}
groups:
  - {name: payments, topics: [orders]}
)";

kafka::DescribeQuorumResponse::Partition quorum(ModelAsker& model, std::int32_t asked) {
  const auto response = model.ask<kafka::DescribeQuorumRequest>(asked);
  if (response.topics.empty()) return {};
  return response.topics[0].partitions[0];
}

TEST(DeadBroker, IsSilentInTheQuorumFirst) {
  ModelAsker model(kCluster);
  model->advance(10s);
  model.apply(fault::Die{2});
  model->advance(13s);
  const auto voters = quorum(model, 3).current_voters;
  ASSERT_EQ(voters.size(), 3u);
  EXPECT_EQ(voters[1].replica_id, 2);
  EXPECT_EQ(voters[1].last_caught_up_timestamp, kStartMs + 10'000);
  EXPECT_EQ(voters[2].last_caught_up_timestamp, kStartMs + 13'000);
}

TEST(DeadController, IsReplacedAndFencedLater) {
  ModelAsker model(kCluster);
  model.apply(fault::Die{1});
  EXPECT_EQ(model.raw(2, kafka::DescribeQuorumRequest{}, 1).kind, Reply::Kind::kLater);
  model->advance(1500ms);
  EXPECT_EQ(quorum(model, 2).leader_id, 2);
  model->advance(11s);
  EXPECT_THAT(model.listed_brokers(2), ElementsAre(1, 2, 3));
  model->advance(11100ms);
  EXPECT_THAT(model.listed_brokers(2), ElementsAre(2, 3));
}

TEST(HungController, BlocksForwardedRequestsThoughAnotherOneIsElected) {
  ModelAsker model(kCluster);
  model.apply(fault::Hang{1});
  model->advance(25s);
  EXPECT_EQ(model->active_controller(), 2);
  EXPECT_THAT(model.listed_brokers(2), ElementsAre(2, 3));
  EXPECT_EQ(model.raw(2, kafka::DescribeQuorumRequest{}, 1).kind, Reply::Kind::kLater);
  EXPECT_EQ(model.raw(2, kafka::ListPartitionReassignmentsRequest{}, 0).kind, Reply::Kind::kLater);
  model->advance(30s);
  EXPECT_EQ(quorum(model, 2).leader_id, 2);
}

TEST(HungController, LetsForwardedRequestsGoWhenItWakes) {
  ModelAsker model(kCluster);
  model.apply(fault::Hang{1});
  model->advance(10s);
  model.apply(fault::Wake{1});
  model->advance(10s + 300ms);
  EXPECT_EQ(quorum(model, 2).leader_id, 2);
}

TEST(LostQuorum, LetsMetadataLieForEver) {
  ModelAsker model(kCluster);
  model.apply(fault::Die{1});
  model.apply(fault::Die{2});
  model->advance(1h);
  EXPECT_THAT(model.listed_brokers(3), ElementsAre(1, 2, 3));
  for (std::int32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(model.partition(3, "orders", i).isr_nodes.size(), 3u);
    EXPECT_EQ(model.partition(3, "orders", i).leader_epoch, 0);
  }
  EXPECT_EQ(model.ask<kafka::ListGroupsRequest>(3).error_code, ErrorCode::kNone);
  EXPECT_EQ(model.raw(3, kafka::DescribeQuorumRequest{}, 1).kind, Reply::Kind::kLater);
}

TEST(LostQuorum, IsNoticedByTheActiveControllerAfterAWhile) {
  ModelAsker model(kCluster);
  model.apply(fault::Die{2});
  model.apply(fault::Die{3});
  model->advance(2900ms);
  EXPECT_EQ(quorum(model, 1).leader_id, 1);
  model->advance(3s);
  EXPECT_EQ(model.raw(1, kafka::DescribeQuorumRequest{}, 1).kind, Reply::Kind::kLater);
}

TEST(LostQuorum, EndsWithAnElectionAndTheFencingOfWhoIsStillDead) {
  ModelAsker model(kCluster);
  model.apply(fault::Die{1});
  model.apply(fault::Die{2});
  model->advance(60s);
  model.apply(fault::Return{2});
  model->advance(60s + 3500ms + 1500ms);
  EXPECT_TRUE(model->active_controller().has_value());
  model->advance(60s + 3500ms + 1500ms + 9600ms);
  EXPECT_THAT(model.listed_brokers(3), ElementsAre(2, 3));
}

TEST(LostQuorum, CanHappenWhileAllBrokersRun) {
  ModelAsker model(kCluster);
  model.apply(fault::QuorumLost{});
  model->advance(10s);
  EXPECT_EQ(model.raw(1, kafka::DescribeQuorumRequest{}, 1).kind, Reply::Kind::kLater);
  EXPECT_THAT(model.listed_brokers(1), ElementsAre(1, 2, 3));
  model.apply(fault::QuorumLost{false});
  model->advance(12s);
  EXPECT_GT(quorum(model, 1).leader_id, 0);
}

TEST(OrderlyStop, OfTheActiveControllerHandsOverAtOnce) {
  ModelAsker model(kCluster);
  model.apply(fault::Stop{1});
  model->advance(2130ms);
  EXPECT_THAT(model.listed_brokers(2), ElementsAre(2, 3));
  EXPECT_EQ(quorum(model, 3).leader_id, 2);
}

}  // namespace
}  // namespace highwater::simulator
