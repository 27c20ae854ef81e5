// Where logs begin and end, as brokers tell it: ListOffsets.
#include <gmock/gmock.h>

#include "tests/simulator/model/model_asker.h"

namespace highwater::simulator {
namespace {

using kafka::ErrorCode;
using kafka::IsolationLevel;
using kafka::kEarliestOffset;
using kafka::kLatestOffset;
using kafka::kMaxTimestampOffset;

constexpr const char* kOneBroker = R"(
brokers: 1
topics:
  - {name: orders, partitions: 2, produce: 10/s, records: 0}
  - {name: quiet, records: 60, history: 1h}
  - {name: empty}
)";

TEST(ListOffsets, FollowsTheRate) {
  ModelAsker model(kOneBroker);
  EXPECT_EQ(model.offset(1, "orders", 0, kLatestOffset).offset, 0);
  model->advance(10s);
  EXPECT_EQ(model.offset(1, "orders", 0, kLatestOffset).offset, 50);
  EXPECT_EQ(model.offset(1, "orders", 0, kLatestOffset).timestamp, -1);
  model.apply(fault::ChangeProduce{"orders", {100, 1s}});
  model->advance(20s);
  EXPECT_EQ(model.offset(1, "orders", 1, kLatestOffset).offset, 550);
}

TEST(ListOffsets, FindsRecordsByTime) {
  ModelAsker model(kOneBroker);
  const auto found = model.offset(1, "quiet", 0, kStartMs - 30 * 60'000 + 1);
  EXPECT_EQ(found.offset, 30);
  EXPECT_EQ(found.timestamp, kStartMs - 29 * 60'000);
  EXPECT_EQ(model.offset(1, "quiet", 0, 0).offset, 0);
  const auto none = model.offset(1, "quiet", 0, kStartMs + 1);
  EXPECT_EQ(none.error_code, ErrorCode::kNone);
  EXPECT_EQ(none.offset, -1);
  EXPECT_EQ(none.timestamp, -1);
}

TEST(ListOffsets, KnowsTheNewestRecord) {
  ModelAsker model(kOneBroker);
  const auto newest = model.offset(1, "quiet", 0, kMaxTimestampOffset);
  EXPECT_EQ(newest.offset, 59);
  EXPECT_EQ(newest.timestamp, kStartMs);
  const auto none = model.offset(1, "empty", 0, kMaxTimestampOffset);
  EXPECT_EQ(none.error_code, ErrorCode::kNone);
  EXPECT_EQ(none.offset, -1);
}

TEST(ListOffsets, RefusesTheNewestRecordBelowItsVersion) {
  ModelAsker model(kOneBroker);
  const auto refused =
      model.offset(1, "quiet", 0, kMaxTimestampOffset, -1, IsolationLevel::kReadUncommitted, 6);
  EXPECT_EQ(refused.error_code, ErrorCode::kUnsupportedVersion);
  EXPECT_EQ(model.offset(1, "quiet", 0, -6).error_code, ErrorCode::kUnsupportedVersion);
}

TEST(ListOffsets, TellsHighWatermarkFromLastStableOffset) {
  ModelAsker model(kOneBroker);
  model.apply(fault::OpenTransaction{"quiet", 0, 3});
  EXPECT_EQ(model.offset(1, "quiet", 0, kLatestOffset).offset, 63);
  EXPECT_EQ(model.offset(1, "quiet", 0, kLatestOffset, -1, IsolationLevel::kReadCommitted).offset,
            60);
  EXPECT_FALSE(model->apply(fault::OpenTransaction{"quiet", 0, 3}));
  model.apply(fault::EndTransaction{"quiet", 0});
  EXPECT_EQ(model.offset(1, "quiet", 0, kLatestOffset, -1, IsolationLevel::kReadCommitted).offset,
            64);
  EXPECT_EQ(model.offset(1, "quiet", 0, kMaxTimestampOffset).offset, 63);
}

TEST(ListOffsets, ChecksTheLeaderEpochBothWays) {
  ModelAsker model("topics: [{name: orders}]");
  const std::int32_t leader = model.partition(1, "orders", 0).leader_id;
  const std::int32_t other = leader % 3 + 1;
  model.apply(fault::LeaderChange{"orders", 0, other});
  EXPECT_EQ(model.offset(other, "orders", 0, kLatestOffset, 1).error_code, ErrorCode::kNone);
  EXPECT_EQ(model.offset(other, "orders", 0, kLatestOffset, 1).leader_epoch, 1);
  EXPECT_EQ(model.offset(other, "orders", 0, kLatestOffset, 2).error_code,
            ErrorCode::kUnknownLeaderEpoch);
  EXPECT_EQ(model.offset(other, "orders", 0, kLatestOffset, 0).error_code,
            ErrorCode::kFencedLeaderEpoch);
  EXPECT_EQ(model.offset(leader, "orders", 0, kLatestOffset, 1).error_code,
            ErrorCode::kNotLeaderOrFollower);
}

TEST(ListOffsets, RefusesUnknownPartitionsOneByOne) {
  ModelAsker model(kOneBroker);
  kafka::ListOffsetsRequest request;
  request.topics = {{"orders", {{0, -1, -1}, {7, -1, -1}}}, {"nothing", {{0, -1, -1}}}};
  const auto response = model.ask(1, request);
  std::map<std::pair<std::string, std::int32_t>, ErrorCode> errors;
  for (const auto& topic : response.topics) {
    for (const auto& partition : topic.partitions)
      errors[{topic.name, partition.partition_index}] = partition.error_code;
  }
  EXPECT_EQ((errors[{"orders", 0}]), ErrorCode::kNone);
  EXPECT_EQ((errors[{"orders", 7}]), ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ((errors[{"nothing", 0}]), ErrorCode::kUnknownTopicOrPartition);
}

TEST(ListOffsets, AnswersAPartitionThatIsAskedTwiceOnceWithAnError) {
  ModelAsker model(kOneBroker);
  kafka::ListOffsetsRequest request;
  request.topics = {{"orders", {{0, -1, -1}, {1, -1, -1}}}, {"orders", {{0, -1, -2}}}};
  const auto response = model.ask(1, request);
  ASSERT_EQ(response.topics.size(), 1u);
  ASSERT_EQ(response.topics[0].partitions.size(), 2u);
  EXPECT_EQ(response.topics[0].partitions[0].error_code, ErrorCode::kNone);
  EXPECT_EQ(response.topics[0].partitions[1].partition_index, 0);
  EXPECT_EQ(response.topics[0].partitions[1].error_code, ErrorCode::kInvalidRequest);
}

TEST(LogStart, FollowsRetentionWhenItIsShortened) {
  ModelAsker model(kOneBroker);
  EXPECT_EQ(model.offset(1, "quiet", 0, kEarliestOffset).offset, 0);
  model.apply(fault::AlterConfig{"quiet", "retention.ms", "600000"});
  EXPECT_EQ(model.offset(1, "quiet", 0, kEarliestOffset).offset, 50);
  model->advance(1h);
  EXPECT_EQ(model.offset(1, "quiet", 0, kEarliestOffset).offset, 60);
  EXPECT_EQ(model.offset(1, "quiet", 0, kLatestOffset).offset, 60);
}

TEST(LogStart, MovesWhenRecordsAreDeleted) {
  ModelAsker model(kOneBroker);
  model.apply(fault::DeleteRecords{"quiet", 0, 25});
  EXPECT_EQ(model.offset(1, "quiet", 0, kEarliestOffset).offset, 25);
  model.apply(fault::DeleteRecords{"quiet", 0, 1'000'000});
  EXPECT_EQ(model.offset(1, "quiet", 0, kEarliestOffset).offset, 60);
}

TEST(RecreatedTopic, BeginsAtZeroUnderAnotherId) {
  ModelAsker model(kOneBroker);
  const kafka::Uuid before = model->world().topic("quiet")->id;
  model->advance(5s);
  model.apply(fault::DeleteTopic{"quiet"});
  EXPECT_EQ(model.offset(1, "quiet", 0, kLatestOffset).error_code,
            ErrorCode::kUnknownTopicOrPartition);
  TopicSpec again;
  again.name = "quiet";
  again.produce = {1, 1s};
  model.apply(fault::CreateTopic{again});
  model->advance(15s);
  EXPECT_EQ(model.offset(1, "quiet", 0, kLatestOffset).offset, 10);
  EXPECT_NE(model->world().topic("quiet")->id, before);
}

TEST(MinInSyncReplicas, StopProducersWhenTheIsrIsTooSmall) {
  ModelAsker model("topics: [{name: orders, produce: 10/s, config: {min.insync.replicas: 3}}]");
  const std::int32_t leader = model.partition(1, "orders", 0).leader_id;
  model.apply(fault::FallBehind{leader % 3 + 1});
  const std::int64_t before = model.offset(leader, "orders", 0, kLatestOffset).offset;
  model->advance(10s);
  EXPECT_EQ(model.offset(leader, "orders", 0, kLatestOffset).offset, before);
  model.apply(fault::FallBehind{leader % 3 + 1, false});
  EXPECT_EQ(model.offset(leader, "orders", 0, kLatestOffset).offset, before + 100);
}

TEST(OpenTransactions, AreToldByOneBrokerWithTheirProducerAndTheirBegin) {
  ModelAsker model("topics: [{name: quiet, partitions: 1}]");
  model->advance(10s);
  model.apply(fault::OpenTransaction{"quiet", 0, 3});
  model->advance(15s);
  kafka::ListTransactionsRequest list;
  list.state_filters = {"Ongoing"};
  list.duration_filter_ms = 4000;
  const auto listed = model.ask(1, list).transactions;
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].transactional_id, "transaction-quiet-0");
  EXPECT_TRUE(model.ask(2, list).transactions.empty());
  list.duration_filter_ms = 6000;
  EXPECT_TRUE(model.ask(1, list).transactions.empty());
  kafka::DescribeTransactionsRequest describe;
  describe.transactional_ids = {"transaction-quiet-0", "nobody"};
  const auto described = model.ask(1, describe).transactions;
  ASSERT_EQ(described.size(), 2U);
  EXPECT_EQ(described[0].start_time_ms, kStartMs + 10'000);
  EXPECT_EQ(described[0].producer_id, listed[0].producer_id);
  EXPECT_EQ(described[0].topics,
            (std::vector<kafka::DescribeTransactionsResponse::Topic>{{"quiet", {0}}}));
  EXPECT_EQ(described[1].error_code, ErrorCode::kTransactionalIdNotFound);
}

}  // namespace
}  // namespace highwater::simulator
