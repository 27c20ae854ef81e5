// What a sweep makes of answers that the simulator does not give: in another order, or with another
// set of partitions than the sweep before.
#include "collectors/kafka/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

namespace highwater::kafka {
namespace {

using testing::ElementsAre;

// One broker that says what it was told to say.
class FakeAdmin final : public KafkaAdmin {
 public:
  MetadataResponse metadata;
  ListOffsetsResponse offsets;
  ListGroupsResponse groups;
  OffsetFetchResponse committed;
  ListOffsetsResponse newest;                 // for the greatest timestamp
  std::optional<ListOffsetsResponse> stable;  // for the last stable offset; nothing: `offsets`
  int16_t offsets_version = 9;
  std::vector<size_t> newest_asked;                      // partitions, by request
  std::optional<ListTransactionsResponse> transactions;  // nothing: too old to tell
  DescribeTransactionsResponse described;
  int transactions_asked = 0;
  std::vector<std::string> described_ids;

  std::vector<int32_t> usable() const override { return {1}; }
  std::optional<int16_t> version(int32_t, ApiKey) const override { return offsets_version; }
  Reply<MetadataRequest> ask(int32_t, MetadataRequest) override { co_return metadata; }
  Reply<ListOffsetsRequest> ask(int32_t, ListOffsetsRequest request) override {
    if (stable && request.isolation_level == IsolationLevel::kReadCommitted) co_return *stable;
    if (request.topics.at(0).partitions.at(0).timestamp != kMaxTimestampOffset) co_return offsets;
    newest_asked.push_back(request.topics[0].partitions.size());
    co_return newest;
  }
  Reply<ListGroupsRequest> ask(int32_t, ListGroupsRequest) override { co_return groups; }
  Reply<OffsetFetchRequest> ask(int32_t, OffsetFetchRequest) override { co_return committed; }
  Reply<DescribeClusterRequest> ask(int32_t, DescribeClusterRequest) override { return none(); }
  Reply<DescribeGroupsRequest> ask(int32_t, DescribeGroupsRequest) override { return none(); }
  Reply<ConsumerGroupDescribeRequest> ask(int32_t, ConsumerGroupDescribeRequest) override {
    return none();
  }
  Reply<ShareGroupDescribeRequest> ask(int32_t, ShareGroupDescribeRequest) override {
    return none();
  }
  Reply<FindCoordinatorRequest> ask(int32_t, FindCoordinatorRequest) override { return none(); }
  Reply<DescribeConfigsRequest> ask(int32_t, DescribeConfigsRequest) override { return none(); }
  Reply<DescribeLogDirsRequest> ask(int32_t, DescribeLogDirsRequest) override { return none(); }
  Reply<ListPartitionReassignmentsRequest> ask(int32_t,
                                               ListPartitionReassignmentsRequest) override {
    return none();
  }
  Reply<ListTransactionsRequest> ask(int32_t, ListTransactionsRequest) override {
    ++transactions_asked;
    if (!transactions) co_return fail_with(FailureKind::unsupported, "too old");
    co_return *transactions;
  }
  Reply<DescribeTransactionsRequest> ask(int32_t, DescribeTransactionsRequest request) override {
    described_ids = std::move(request.transactional_ids);
    co_return described;
  }
  Reply<DescribeQuorumRequest> ask(int32_t, DescribeQuorumRequest) override { return none(); }

 private:
  struct None {
    template <class Response>
    operator asio::awaitable<Answer<Response>>() const {
      return refuse<Response>();
    }
    template <class Response>
    static asio::awaitable<Answer<Response>> refuse() {
      co_return fail_with(FailureKind::unsupported, "not part of this test");
    }
  };
  static None none() { return {}; }
};

MetadataResponse::Partition partition(int32_t index, int32_t epoch = 5) {
  MetadataResponse::Partition made;
  made.partition_index = index;
  made.leader_id = 1;
  made.leader_epoch = epoch;
  made.replica_nodes = made.isr_nodes = {1, 2, 3};
  return made;
}

class SweepTest : public testing::Test {
 protected:
  SweepTest() {
    BrokerView broker;
    broker.id = 1;
    broker.listed = true;
    view_.brokers.emplace(1, broker);
    admin_.metadata.topics.push_back({{}, "orders", {}, false, {partition(0), partition(1)}, 0});
    admin_.offsets.topics.push_back({"orders", {{0, {}, -1, 100, 5}, {1, {}, -1, 200, 5}}});
    admin_.groups.groups.push_back({"billing", "consumer", "Stable", "classic"});
    admin_.committed.groups.push_back(
        {"billing", {{"orders", {{0, 10, -1, {}, {}}, {1, 20, -1, {}, {}}}}}, {}});
  }

  void sweep() {
    SweepDue due;
    due.groups = true;
    asio::co_spawn(io_, sweep_.run(due), asio::detached);
    io_.restart();
    io_.run();
  }

  std::vector<PartitionView>& partitions() { return view_.topics.at(0).partitions; }
  std::vector<MetadataResponse::Partition>& told() { return admin_.metadata.topics[0].partitions; }
  std::vector<OffsetFetchResponse::Partition>& told_commits() {
    return admin_.committed.groups[0].topics[0].partitions;
  }
  std::vector<int32_t> indexes() {
    std::vector<int32_t> out;
    for (const PartitionView& known : partitions()) out.push_back(known.index);
    return out;
  }
  std::vector<int64_t> ends() {
    std::vector<int64_t> out;
    for (const PartitionView& known : partitions()) out.push_back(known.high_watermark.offset);
    return out;
  }
  std::vector<int64_t> commits() {
    std::vector<int64_t> out;
    for (const CommittedOffset& known : view_.groups.at(0).committed.at(0).partitions)
      out.push_back(known.offset);
    return out;
  }

  asio::io_context io_;
  FakeAdmin admin_;
  ClusterView view_;
  Sweep sweep_{admin_, {}, view_, {}};
};

TEST_F(SweepTest, PartitionsInAnotherOrderStayWhereTheyAre) {
  sweep();
  told() = {partition(1, 6), partition(0, 5)};
  told()[0].isr_nodes = {1};
  sweep();
  EXPECT_THAT(indexes(), ElementsAre(0, 1));
  EXPECT_THAT(ends(), ElementsAre(100, 200));
  EXPECT_THAT(partitions()[0].isr, ElementsAre(1, 2, 3));
  EXPECT_THAT(partitions()[1].isr, ElementsAre(1));
  EXPECT_EQ(partitions()[1].leader_epoch, 6);
}

TEST_F(SweepTest, APartitionMoreLeavesTheOthersWhatTheyHad) {
  sweep();
  admin_.offsets.topics.clear();
  told() = {partition(2), partition(0), partition(1)};
  sweep();
  EXPECT_THAT(indexes(), ElementsAre(0, 1, 2));
  EXPECT_THAT(ends(), ElementsAre(100, 200, -1));
}

TEST_F(SweepTest, MetadataOfAnOlderEpochChangesNothing) {
  sweep();
  told()[0] = partition(0, 4);
  told()[0].leader_id = 2;
  told()[0].isr_nodes = {2};
  sweep();
  EXPECT_EQ(partitions()[0].leader, 1);
  EXPECT_EQ(partitions()[0].leader_epoch, 5);
  EXPECT_THAT(partitions()[0].isr, ElementsAre(1, 2, 3));
}

TEST_F(SweepTest, TheNewestRecordsTimestampIsAskedForOnce) {
  admin_.newest.topics.push_back(
      {"orders", {{0, {}, 1'700'000'000'000, 99, 5}, {1, {}, -1, -1, 5}}});
  sweep();
  sweep();
  EXPECT_THAT(admin_.newest_asked, ElementsAre(2));
  EXPECT_EQ(partitions()[0].newest_stamp, 1'700'000'000'000);
  EXPECT_EQ(partitions()[1].newest_stamp, kStampUnknown);
}

TEST_F(SweepTest, TheNewestRecordsTimestampIsAskedForAgainWhereItFailed) {
  admin_.newest.topics.push_back(
      {"orders",
       {{0, {}, 1'700'000'000'000, 99, 5}, {1, ErrorCode::kNotLeaderOrFollower, -1, -1, 5}}});
  sweep();
  sweep();
  EXPECT_THAT(admin_.newest_asked, ElementsAre(2, 1));
  EXPECT_EQ(partitions()[1].newest_stamp, kStampNotAsked);
}

TEST_F(SweepTest, ABrokerThatIsTooOldIsNotAskedForTheNewestTimestamp) {
  admin_.offsets_version = 6;
  sweep();
  EXPECT_THAT(admin_.newest_asked, ElementsAre());
  EXPECT_EQ(partitions()[0].newest_stamp, kStampUnknown);
}

TEST_F(SweepTest, ALostLeaderIsRemembered) {
  sweep();
  told()[1].leader_id = -1;
  told()[1].leader_epoch = 6;
  sweep();
  EXPECT_EQ(partitions()[1].leader, -1);
  EXPECT_EQ(partitions()[1].last_leader, 1);
  EXPECT_EQ(partitions()[1].high_watermark.reason, Unknown::leaderless);
}

TEST_F(SweepTest, ATopicOfTheSameNameWithAnotherIdStartsAnew) {
  sweep();
  admin_.metadata.topics[0].topic_id.bytes[0] = std::byte{7};
  admin_.offsets.topics.clear();
  told() = {partition(0, 0), partition(1, 0)};
  sweep();
  EXPECT_THAT(ends(), ElementsAre(-1, -1));
  EXPECT_EQ(partitions()[0].leader_epoch, 0);
}

TEST_F(SweepTest, ATopicIsGoneAfterTwoListingsWithoutIt) {
  MetadataResponse::Topic other = admin_.metadata.topics[0];
  other.name = "audits";
  admin_.metadata.topics.push_back(other);
  sweep();
  ASSERT_EQ(view_.topics.size(), 2U);
  admin_.metadata.topics.pop_back();
  sweep();
  ASSERT_EQ(view_.topics.size(), 2U);
  EXPECT_EQ(view_.topics[0].name.text(), "audits");
  EXPECT_EQ(view_.topics[0].reason, Unknown::not_asked);
  sweep();
  ASSERT_EQ(view_.topics.size(), 1U);
  EXPECT_EQ(view_.topics[0].name.text(), "orders");
  EXPECT_THAT(ends(), ElementsAre(100, 200));
}

TEST_F(SweepTest, CommitsInAnotherOrderAreNoMove) {
  sweep();
  std::swap(told_commits()[0], told_commits()[1]);
  sweep();
  EXPECT_THAT(commits(), ElementsAre(10, 20));
  EXPECT_FALSE(view_.groups[0].last_commit_change.has_value());
}

TEST_F(SweepTest, ACommitThatMovedIsNoted) {
  sweep();
  told_commits()[1].committed_offset = 21;
  sweep();
  EXPECT_THAT(commits(), ElementsAre(10, 21));
  EXPECT_TRUE(view_.groups[0].last_commit_change.has_value());
}

TEST_F(SweepTest, ACommitToOnePartitionMoreIsAMove) {
  sweep();
  told_commits().insert(told_commits().begin(), {2, 30, -1, {}, {}});
  sweep();
  EXPECT_THAT(commits(), ElementsAre(10, 20, 30));
  EXPECT_TRUE(view_.groups[0].last_commit_change.has_value());
}

TEST_F(SweepTest, AGroupIsGoneAfterTwoListingsWithoutIt) {
  admin_.groups.groups.push_back({"audit", "consumer", "Empty", "classic"});
  sweep();
  ASSERT_EQ(view_.groups.size(), 2U);
  admin_.groups.groups.pop_back();
  sweep();
  ASSERT_EQ(view_.groups.size(), 2U);
  EXPECT_EQ(view_.groups[0].listed, Unknown::not_asked);
  sweep();
  ASSERT_EQ(view_.groups.size(), 1U);
  EXPECT_THAT(commits(), ElementsAre(10, 20));
}

// Partition 1 of "orders" is held back since a moment before the last sweep.
class SweepOfTransactionsTest : public SweepTest {
 protected:
  SweepOfTransactionsTest() {
    sweep();
    admin_.stable = admin_.offsets;
    admin_.stable->topics[0].partitions[1].offset = 150;
    sweep();
    admin_.transactions.emplace();
    admin_.transactions->transactions = {{"billing", 4001, "Ongoing"}, {"other", 4002, "Ongoing"}};
    admin_.described.transactions = {
        {{}, "billing", "Ongoing", 60'000, 1'700'000'000'000, 4001, 3, {{"orders", {0, 1}}}},
        {{}, "other", "Ongoing", 60'000, 1'700'000'000'000, 4002, 0, {{"orders", {0}}}}};
  }
  void grow_old(std::chrono::seconds by) { view_.held_back.at(0).since -= by; }
};

TEST_F(SweepOfTransactionsTest, NobodyIsAskedAboutYoungOnes) {
  EXPECT_EQ(view_.held_back.size(), 1U);
  grow_old(std::chrono::seconds(50));
  sweep();
  EXPECT_EQ(admin_.transactions_asked, 0);
}

TEST_F(SweepOfTransactionsTest, WhoHoldsAPartitionBackForLongIsAskedForAndOthersAreNotKept) {
  grow_old(std::chrono::seconds(60));
  sweep();
  EXPECT_THAT(admin_.described_ids, ElementsAre("billing", "other"));
  ASSERT_EQ(view_.transactions.size(), 1U);
  EXPECT_EQ(view_.transactions[0].id, "billing");
  EXPECT_EQ(view_.transactions[0].producer_id, 4001);
  EXPECT_EQ(view_.transactions[0].timeout, std::chrono::minutes(1));
  EXPECT_EQ(view_.transactions[0].began, WallTime(std::chrono::seconds(1'700'000'000)));
  EXPECT_THAT(view_.transactions[0].holds, ElementsAre(std::pair(Symbol("orders"), 1)));
  EXPECT_EQ(view_.transactions_reason, Unknown::known);
}

TEST_F(SweepOfTransactionsTest, NobodyIsAskedTwiceWithinHalfAMinute) {
  grow_old(std::chrono::seconds(60));
  sweep();
  sweep();
  EXPECT_EQ(admin_.transactions_asked, 1);
  EXPECT_EQ(view_.transactions.size(), 1U);
  admin_.stable->topics[0].partitions[1].offset = 200;
  sweep();
  EXPECT_TRUE(view_.transactions.empty());
  admin_.stable->topics[0].partitions[1].offset = 150;
  sweep();
  grow_old(std::chrono::seconds(60));
  sweep();
  EXPECT_EQ(admin_.transactions_asked, 1);
}

TEST_F(SweepOfTransactionsTest, ABrokerThatIsTooOldLosesTheNamesAlone) {
  admin_.transactions.reset();
  grow_old(std::chrono::seconds(60));
  sweep();
  EXPECT_EQ(view_.transactions_reason, Unknown::unsupported);
  EXPECT_EQ(view_.held_back.size(), 1U);
}

}  // namespace
}  // namespace highwater::kafka
