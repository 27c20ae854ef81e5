#include "collectors/kafka/poll/topic_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace highwater::kafka {
namespace {

using testing::ElementsAre;

constexpr int32_t kGreatestEpoch = 2147483647;

MetadataResponse::Partition partition(int32_t index, int32_t epoch, int32_t leader = 1) {
  MetadataResponse::Partition made;
  made.partition_index = index;
  made.leader_id = leader;
  made.leader_epoch = epoch;
  made.replica_nodes = made.isr_nodes = {1, 2, 3};
  return made;
}

MetadataResponse::Topic orders(std::vector<MetadataResponse::Partition> partitions) {
  return {{}, "orders", {}, false, std::move(partitions), 0};
}

MetadataResponse::Topic with_id(MetadataResponse::Topic topic, int id) {
  topic.topic_id.bytes[0] = static_cast<std::byte>(id);
  return topic;
}

class TopicListTest : public testing::Test {
 protected:
  void tell(int32_t broker, std::vector<MetadataResponse::Topic> told) {
    now_ += std::chrono::milliseconds(500);
    list_.begin_listing(broker, now_);
    for (const auto& topic : told) list_.add_listed(topic);
    list_.end_listing();
  }
  void ask_by_name(ErrorCode error) {
    list_.add_named({error, "orders", {}, false, {}, 0}, 2, now_);
    list_.forget_gone();
  }
  const PartitionView& known(size_t place = 0) { return topics_.at(0).partitions.at(place); }

  std::vector<TopicView> topics_;
  TopicList list_{topics_};
  SteadyTime now_{std::chrono::hours(1)};
};

TEST_F(TopicListTest, IgnoresAnOlderEpochOnce) {
  tell(1, {orders({partition(0, 5)})});
  tell(2, {orders({partition(0, 4, 2)})});
  EXPECT_EQ(known().leader, 1);
  EXPECT_TRUE(list_.in_doubt());
  tell(1, {orders({partition(0, 5)})});
  EXPECT_FALSE(list_.in_doubt());
  tell(2, {orders({partition(0, 4, 2)})});
  EXPECT_EQ(known().leader_epoch, 5);
}

// As Kafka 2.4 speaks of a partition without a leader.
TEST_F(TopicListTest, BelievesALostLeaderWhoseEpochIsNotTold) {
  tell(1, {orders({partition(0, 5)})});
  tell(1, {orders({partition(0, -1, -1)})});
  EXPECT_EQ(known().leader, -1);
  EXPECT_EQ(known().last_leader, 1);
  EXPECT_EQ(known().leader_epoch, 5);
  EXPECT_FALSE(list_.in_doubt());
}

TEST_F(TopicListTest, AcceptsAnOlderEpochFromASecondBroker) {
  tell(1, {orders({partition(0, kGreatestEpoch, 3)})});
  tell(1, {orders({partition(0, 5)})});
  tell(2, {orders({partition(0, 5)})});
  EXPECT_EQ(known().leader, 1);
  EXPECT_EQ(known().leader_epoch, 5);
  EXPECT_FALSE(list_.in_doubt());
}

TEST_F(TopicListTest, AcceptsAnOlderEpochFromTheSameBrokerAfterTwoSeconds) {
  tell(1, {orders({partition(0, kGreatestEpoch, 3)})});
  for (int i = 0; i < 4; ++i) tell(1, {orders({partition(0, 5)})});
  EXPECT_EQ(known().leader_epoch, kGreatestEpoch) << "within two seconds";
  tell(1, {orders({partition(0, 5)})});
  EXPECT_EQ(known().leader_epoch, 5);
  EXPECT_EQ(topics_[0].id, TopicId{}) << "the epoch was wrong: the topic is the same";
}

TEST_F(TopicListTest, WithoutIdsAConfirmedOlderEpochMeansAReplacedTopic) {
  tell(1, {orders({partition(0, 5), partition(1, 0)})});
  topics_[0].partitions[1].high_watermark = {1000, Unknown::known};
  tell(1, {orders({partition(0, 0, 2), partition(1, 0)})});
  tell(2, {orders({partition(0, 0, 2), partition(1, 0)})});
  EXPECT_EQ(known().leader, 2);
  EXPECT_EQ(known(1).high_watermark.offset, -1);
  EXPECT_FALSE(same_topic({}, topics_[0].id));
}

TEST_F(TopicListTest, WithAnIdAConfirmedOlderEpochKeepsTheTopic) {
  tell(1, {with_id(orders({partition(0, 5)}), 7)});
  topics_[0].partitions[0].high_watermark = {1000, Unknown::known};
  tell(1, {with_id(orders({partition(0, 3)}), 7)});
  tell(2, {with_id(orders({partition(0, 3)}), 7)});
  EXPECT_EQ(known().leader_epoch, 3);
  EXPECT_EQ(known().high_watermark.offset, 1000);
}

TEST_F(TopicListTest, AnotherIdMeansAReplacedTopic) {
  tell(1, {with_id(orders({partition(0, 5)}), 7)});
  tell(1, {with_id(orders({partition(0, 0)}), 8)});
  EXPECT_EQ(known().leader_epoch, 0);
}

TEST_F(TopicListTest, KeepsPartitionsWhenBrokersStartToSendIds) {
  tell(1, {orders({partition(0, 5)})});
  topics_[0].partitions[0].high_watermark = {1000, Unknown::known};
  tell(1, {with_id(orders({partition(0, 5)}), 7)});
  tell(2, {orders({partition(0, 5)})});
  EXPECT_EQ(known().high_watermark.offset, 1000);
  EXPECT_TRUE(is_kafka_id(topics_[0].id));
}

TEST_F(TopicListTest, KeepsAPartitionThatOneResponseLacks) {
  tell(1, {with_id(orders({partition(0, 5), partition(1, 5)}), 7)});
  tell(2, {with_id(orders({partition(1, 5)}), 7)});
  ASSERT_EQ(topics_[0].partitions.size(), 2U);
  EXPECT_EQ(known(0).index, 0);
  tell(1, {with_id(orders({partition(1, 5)}), 7)});
  ASSERT_EQ(topics_[0].partitions.size(), 1U);
  EXPECT_EQ(known(0).index, 1);
}

TEST_F(TopicListTest, UsesTheFirstOfDuplicateTopics) {
  list_.begin_listing(1, now_);
  EXPECT_TRUE(list_.add_listed(orders({partition(0, 5)})));
  EXPECT_FALSE(list_.add_listed(orders({partition(0, 9)})));
  list_.end_listing();
  ASSERT_EQ(topics_.size(), 1U);
  EXPECT_EQ(known().leader_epoch, 5);
}

TEST_F(TopicListTest, DropsDuplicatePartitionsAndReplicas) {
  auto told = orders({partition(0, 5), partition(0, 6), partition(-3, 1)});
  told.partitions[0].replica_nodes = {2, 1, 2, 1, 3};
  tell(1, {told});
  tell(1, {told});
  ASSERT_EQ(topics_[0].partitions.size(), 1U);
  EXPECT_EQ(known().leader_epoch, 5);
  EXPECT_THAT(std::vector<int32_t>(known().replicas.begin(), known().replicas.end()),
              ElementsAre(2, 1, 3));
}

TEST_F(TopicListTest, RemovesATopicUnknownByNameAfterTwoListings) {
  tell(1, {orders({partition(0, 5)})});
  tell(1, {});
  EXPECT_EQ(topics_[0].reason, Unknown::not_asked);
  EXPECT_THAT(list_.absent(10), ElementsAre("orders"));
  ask_by_name(ErrorCode::kUnknownTopicOrPartition);
  ASSERT_EQ(topics_.size(), 1U);
  tell(2, {});
  ask_by_name(ErrorCode::kUnknownTopicOrPartition);
  EXPECT_TRUE(topics_.empty());
  EXPECT_THAT(list_.absent(10), ElementsAre());
}

TEST_F(TopicListTest, KeepsADeniedTopic) {
  tell(1, {orders({partition(0, 5)})});
  for (int i = 0; i < 5; ++i) {
    tell(1, {});
    ask_by_name(ErrorCode::kTopicAuthorizationFailed);
  }
  ASSERT_EQ(topics_.size(), 1U);
  EXPECT_EQ(topics_[0].reason, Unknown::denied);
}

TEST_F(TopicListTest, KeepsAnAbsentTopicWithoutAnswerByName) {
  tell(1, {orders({partition(0, 5)})});
  for (int i = 0; i < 5; ++i) tell(1, {});
  ASSERT_EQ(topics_.size(), 1U);
  EXPECT_EQ(topics_[0].reason, Unknown::not_asked);
}

TEST_F(TopicListTest, MergesATopicFoundByName) {
  tell(1, {orders({partition(0, 5)})});
  tell(1, {});
  list_.add_named(orders({partition(0, 6, 3)}), 2, now_);
  EXPECT_EQ(topics_[0].reason, Unknown::known);
  EXPECT_EQ(known().leader, 3);
  EXPECT_THAT(list_.absent(10), ElementsAre());
}

}  // namespace
}  // namespace highwater::kafka
