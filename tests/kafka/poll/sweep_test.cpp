// What a sweep makes of answers that the simulator does not give: in another order, or with another
// set of partitions than the sweep before.
#include "collectors/kafka/poll/sweep.h"

#include <gmock/gmock.h>

#include "tests/kafka/poll/sweep_fixture.h"

namespace highwater::kafka {
namespace {

using testing::ElementsAre;

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
  admin_.metadata.topics[0].topic_id.bytes[0] = std::byte{6};
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

TEST_F(SweepTest, AnAbsentTopicIsRequestedByNameFromAnotherBroker) {
  admin_.brokers = {1, 2};
  sweep();
  admin_.metadata.topics.clear();
  admin_.hidden = {"orders"};
  for (int i = 0; i < 3; ++i) sweep();
  EXPECT_THAT(admin_.topics_asked,
              ElementsAre(ElementsAre("orders"), ElementsAre("orders"), ElementsAre("orders")));
  EXPECT_THAT(admin_.metadata_asked, ElementsAre(1, 1, 2, 1, 2, 1, 2));
  ASSERT_EQ(view_.topics.size(), 1U);
  EXPECT_EQ(view_.topics[0].reason, Unknown::denied);
}

TEST_F(SweepTest, AContradictingResponseIsCheckedWithAnotherBroker) {
  admin_.brokers = {1, 2};
  told()[0] = partition(0, 2147483647);
  sweep();
  told()[0] = partition(0, 5);
  sweep();
  EXPECT_EQ(partitions()[0].leader_epoch, 2147483647);
  sweep();
  EXPECT_THAT(admin_.metadata_asked, ElementsAre(1, 1, 2));
  EXPECT_EQ(partitions()[0].leader_epoch, 5);
}

TEST_F(SweepTest, InternalTopicsAreKeptApart) {
  MetadataResponse::Topic offsets = admin_.metadata.topics[0];
  offsets.name = "__consumer_offsets";
  offsets.is_internal = true;
  offsets.partitions[1].leader_id = -1;
  admin_.metadata.topics.push_back(offsets);
  sweep();
  ASSERT_EQ(view_.topics.size(), 1U);
  ASSERT_EQ(view_.internal_topics.size(), 1U);
  EXPECT_EQ(view_.internal_topics[0].partitions[1].leader, -1);
  EXPECT_FALSE(view_.internal_topics[0].excluded);
}

TEST_F(SweepTest, ATopicThatWasOnceSaidToBeInternalIsInOnePlace) {
  admin_.metadata.topics[0].is_internal = true;
  sweep();
  ASSERT_EQ(view_.internal_topics.size(), 1U);
  admin_.metadata.topics[0].is_internal = false;
  sweep();
  EXPECT_EQ(view_.internal_topics.size(), 0U);
  ASSERT_EQ(view_.topics.size(), 1U);
  EXPECT_THAT(ends(), ElementsAre(100, 200));
}

TEST_F(SweepTest, DuplicateTopicIsAProblem) {
  admin_.metadata.topics.push_back(admin_.metadata.topics[0]);
  const auto run = sweep();
  EXPECT_EQ(view_.topics.size(), 1U);
  EXPECT_THAT(run->problems, testing::Contains(testing::Field(&Problem::what,
                                                              testing::HasSubstr("listed twice"))));
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

// The group stands one before the end of partition 0, where a transaction's marker is.
class SweepOfTailsTest : public SweepTest {
 protected:
  SweepOfTailsTest() {
    admin_.metadata.topics.push_back({{}, "__consumer_offsets", {}, true, {partition(0)}, 0});
    admin_.metadata.topics.push_back({{}, "__transaction_state", {}, true, {partition(0)}, 0});
    admin_.starts.emplace().topics.push_back({"orders", {{0, {}, -1, 0, 5}, {1, {}, -1, 0, 5}}});
    told_commits()[0].committed_offset = 99;
    told_commits()[1].committed_offset = 200;
    admin_.batch.high_watermark = admin_.batch.last_stable_offset = 100;
    BatchHeader marker{99, 99};
    marker.control = marker.transactional = true;
    admin_.batch.records = encode_batch_header(marker);
  }
  const UnreadSince& unread() { return view_.groups.at(0).committed.at(0).partitions.at(0).unread; }
};

TEST_F(SweepOfTailsTest, AMarkerIsNoUnreadRecordAndIsLookedAtOnce) {
  sweep();
  EXPECT_EQ(unread().reason, Unknown::known);
  EXPECT_FALSE(unread().any);
  EXPECT_TRUE(unread().only_markers);
  sweep();
  ASSERT_EQ(admin_.fetched.size(), 1U);
  const FetchRequest& request = admin_.fetched[0];
  EXPECT_EQ(request.topics[0].partitions[0].fetch_offset, 99);
  EXPECT_EQ(request.max_bytes, 1);
  EXPECT_EQ(request.max_wait_ms, 0);
  EXPECT_EQ(request.session_epoch, -1) << "the broker remembers nothing of it";
}

TEST_F(SweepOfTailsTest, WithoutReadItIsUnknownAndAskedForOnceInHalfAnHour) {
  admin_.batch.records.clear();
  admin_.batch.error_code = ErrorCode::kTopicAuthorizationFailed;
  sweep();
  sweep();
  EXPECT_EQ(unread().reason, Unknown::may_be_marker);
  EXPECT_EQ(admin_.fetched.size(), 1U);
}

TEST_F(SweepOfTailsTest, ABrokerThatRefusesLeavesItUnknown) {
  admin_.batch.error_code = ErrorCode::kNotLeaderOrFollower;
  sweep();
  EXPECT_EQ(unread().reason, Unknown::may_be_marker);
}

TEST_F(SweepOfTailsTest, NobodyLooksWhereNoProducerHasEverUsedTransactions) {
  admin_.metadata.topics.pop_back();
  sweep();
  EXPECT_TRUE(admin_.fetched.empty());
  EXPECT_NE(unread().reason, Unknown::may_be_marker);
}

TEST_F(SweepOfTailsTest, WhoSeesNoInternalTopicsCannotRuleTransactionsOut) {
  admin_.metadata.topics.resize(1);
  sweep();
  EXPECT_EQ(admin_.fetched.size(), 1U);
}

}  // namespace
}  // namespace highwater::kafka
