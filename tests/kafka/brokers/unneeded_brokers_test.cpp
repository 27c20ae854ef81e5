#include "collectors/kafka/brokers/unneeded_brokers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace highwater::kafka {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;

// Broker 3 is away, and the only topic lives on brokers 1 and 2.
class UnneededBrokersTest : public testing::Test {
 protected:
  UnneededBrokersTest() {
    for (int32_t id = 1; id <= 3; ++id) {
      BrokerView broker;
      broker.id = id;
      broker.status = id == 3 ? BrokerStatus::crashed : BrokerStatus::up;
      broker.listed = id != 3;
      view_.brokers.emplace(id, broker);
    }
    MetadataResponse::Partition partition;
    partition.replica_nodes = {1, 2};
    metadata_.topics.push_back({{}, "orders", {}, false, {partition}, 0});
  }

  std::vector<int32_t> forgotten_after(minutes passed) {
    const SteadyTime start{std::chrono::hours(1)};
    brokers_.update(metadata_, view_, start);
    brokers_.update(metadata_, view_, start + passed);
    return brokers_.forgotten(registered_, start + passed);
  }

  ClusterView view_;
  MetadataResponse metadata_;
  DescribeClusterResponse registered_;
  UnneededBrokers brokers_;
};

TEST_F(UnneededBrokersTest, ForgetsAnUnlistedBrokerWithoutReplicas) {
  EXPECT_THAT(forgotten_after(minutes(9)), ElementsAre());
  EXPECT_THAT(forgotten_after(minutes(10)), ElementsAre(3));
}

TEST_F(UnneededBrokersTest, KeepsABrokerWithReplicas) {
  metadata_.topics[0].partitions[0].replica_nodes = {1, 2, 3};
  EXPECT_THAT(forgotten_after(minutes(60)), ElementsAre());
}

TEST_F(UnneededBrokersTest, KeepsListedAndRegisteredBrokersAndVoters) {
  registered_.brokers.push_back({3, "kafka-3", 9092, {}, true});
  EXPECT_THAT(forgotten_after(minutes(60)), ElementsAre());
  registered_.brokers.clear();
  view_.quorum.voters.push_back({3, 0, {}});
  EXPECT_THAT(forgotten_after(minutes(60)), ElementsAre());
  view_.quorum.voters.clear();
  view_.brokers.at(3).listed = true;
  EXPECT_THAT(forgotten_after(minutes(60)), ElementsAre());
}

TEST_F(UnneededBrokersTest, IgnoresMetadataWithoutTopics) {
  metadata_.topics.clear();
  EXPECT_THAT(forgotten_after(minutes(60)), ElementsAre());
}

TEST_F(UnneededBrokersTest, StartsAnewAfterABrokerWasUp) {
  const SteadyTime start{std::chrono::hours(1)};
  brokers_.update(metadata_, view_, start);
  view_.brokers.at(3).status = BrokerStatus::up;
  brokers_.update(metadata_, view_, start + minutes(5));
  view_.brokers.at(3).status = BrokerStatus::crashed;
  brokers_.update(metadata_, view_, start + minutes(11));
  EXPECT_THAT(brokers_.forgotten(registered_, start + minutes(11)), ElementsAre());
}

}  // namespace
}  // namespace highwater::kafka
