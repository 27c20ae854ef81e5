// What is done about consumer groups: where they stand still, have stopped, lag, or stand where no
// record is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/exporters/remedies/remedy_world.h"

namespace highwater {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::expect_none;
using testing_support::World;

const World::Labels kPayments{{"group", "payments"}, {"topic", "orders"}};
constexpr double kUnlimited = std::numeric_limits<double>::infinity();
constexpr double kGiB = 1024.0 * 1024 * 1024;

TEST(AGroupThatStandsStill, IsToldWithTheMemberToRestart) {
  World world;
  world.set("group_stalled_member_info", {"payments", "orders", "3", "billing-2", "10.0.0.7"}, 1);
  const Remedy remedy = world.remedy("GroupStalled", kPayments);
  EXPECT_EQ(remedy.action, "restart client billing-2 on 10.0.0.7, which reads orders-3");
  EXPECT_THAT(remedy.commands,
              ElementsAre("kafka-consumer-groups.sh --bootstrap-server kafka-1:9092 --describe "
                          "--group payments --members --verbose"));
  EXPECT_THAT(remedy.check, HasSubstr("it only shows"));
}

TEST(AGroupThatStandsStill, IsLookedAtWhenTheMemberIsNotKnown) {
  const Remedy remedy = World().remedy("GroupStalled", kPayments);
  EXPECT_EQ(remedy.action, "find the member that has the partition");
  EXPECT_THAT(remedy.commands, ElementsAre(HasSubstr("--describe --group payments")));
}

TEST(AGroupThatStopped, IsToBeStarted) {
  World world;
  expect_none(world.remedy("GroupStopped", kPayments), "is not known");
  world.set("group_members", {"payments"}, 0);
  EXPECT_EQ(world.remedy("GroupStopped", kPayments).action,
            "start the application of payments again");
  world.set("group_members", {"payments"}, 2);
  expect_none(world.remedy("GroupStopped", kPayments), "has 2 members again");
}

TEST(AGroupThatLags, GetsMembersWhileTheyWouldHaveAPartition) {
  World world;
  expect_none(world.remedy("LagTooOld", kPayments), "is not known");
  world.set("group_members", {"payments"}, 2).set("topic_partitions", {"orders"}, 6);
  for (const char* rule : {"LagTooOld", "LagGrowing"}) {
    const Remedy remedy = world.remedy(rule, kPayments);
    EXPECT_EQ(remedy.action, "add members to payments");
    EXPECT_THAT(remedy.check, HasSubstr("2 members share the 6 partitions of orders"));
  }
  world.set("group_members", {"payments"}, 6);
  expect_none(world.remedy("LagTooOld", kPayments), "more members would have nothing to read");
}

TEST(AGroupThatLags, BecauseItStandsStillOrStoppedIsTreatedAsThat) {
  World world;
  world.set("group_members", {"payments"}, 0).set("topic_partitions", {"orders"}, 6);
  EXPECT_EQ(world.remedy("LagTooOld", kPayments).action, "start the application of payments again");
  world.set("group_members", {"payments"}, 2);
  world.set("group_stalled_partitions", {"payments", "orders"}, 1);
  world.set("group_stalled_member_info", {"payments", "orders", "3", "billing-2", "10.0.0.7"}, 1);
  EXPECT_THAT(world.remedy("LagTooOld", kPayments).action, HasSubstr("restart client billing-2"));
}

// Partitions 0 and 2 of "orders" hold 204 and 1,000 records; the group's commits lie beyond them.
World beyond_end(double members) {
  return World()
      .set("group_members", {"payments"}, members)
      .set("group_lag_records", {"payments", "orders", "0"}, 0, Unknown::beyond_end)
      .set("group_lag_records", {"payments", "orders", "1"}, 17)
      .set("group_lag_records", {"payments", "orders", "2"}, 0, Unknown::beyond_end)
      .set("partition_log_start_offset", {"orders", "0"}, 0)
      .set("partition_high_watermark", {"orders", "0"}, 204)
      .set("partition_log_start_offset", {"orders", "2"}, 100)
      .set("partition_high_watermark", {"orders", "2"}, 1100);
}

TEST(ACommitBeyondTheEnd, IsSetBackInThesePartitions) {
  const Remedy remedy = beyond_end(0).remedy("CommitBeyondEnd", kPayments);
  EXPECT_EQ(remedy.action, "set payments to the oldest record of 2 partitions of orders");
  const std::string command =
      "kafka-consumer-groups.sh --bootstrap-server kafka-1:9092 --reset-offsets --to-earliest "
      "--group payments --topic orders:0,2 ";
  EXPECT_THAT(remedy.commands, ElementsAre(command + "--dry-run", command + "--execute"));
  EXPECT_THAT(remedy.check, HasSubstr("reads the 1,204 records that are there"));
}

TEST(ACommitBeyondTheEnd, IsNotSetBackWhileTheGroupHasMembers) {
  const Remedy remedy = beyond_end(3).remedy("CommitBeyondEnd", kPayments);
  EXPECT_EQ(remedy.action, "stop the 3 members of payments first");
  EXPECT_THAT(remedy.commands, IsEmpty());
  World unknown = beyond_end(0);
  unknown.set("group_members", {"payments"}, 0, Unknown::no_coordinator);
  expect_none(unknown.remedy("CommitBeyondEnd", kPayments), "has members now is not known");
}

TEST(ACommitBeyondTheEnd, IsNotSetBackWhenNobodyKnowsHowMuchIsReadAgain) {
  World world = beyond_end(0);
  world.set("partition_high_watermark", {"orders", "2"}, 1100, Unknown::timed_out);
  expect_none(world.remedy("CommitBeyondEnd", kPayments), "how many records");
}

TEST(ACommitBeyondTheEnd, MayBeInOrderAgain) {
  expect_none(World().set("group_members", {"payments"}, 0).remedy("CommitBeyondEnd", kPayments),
              "is known to be beyond the end now");
}

// The log of orders-1 begins at 50, and the group committed 10.
World lost(double members) {
  return World()
      .set("group_members", {"payments"}, members)
      .set("group_records_lost", {"payments", "orders", "0"}, 0)
      .set("group_records_lost", {"payments", "orders", "1"}, 40)
      .set("group_committed_offset", {"payments", "orders", "1"}, 10)
      .set("partition_log_start_offset", {"orders", "1"}, 50)
      .set("partition_high_watermark", {"orders", "1"}, 90);
}

TEST(LostRecords, AreLeftBehind) {
  const Remedy remedy = lost(0).remedy("RecordsLost", kPayments);
  EXPECT_THAT(remedy.commands,
              ElementsAre(HasSubstr("--to-earliest --group payments --topic orders:1 --dry-run"),
                          HasSubstr("--to-earliest --group payments --topic orders:1 --execute")));
  EXPECT_THAT(remedy.check, HasSubstr("the 40 records before it are gone already"));
}

TEST(LostRecords, AreNotLeftBehindWhileTheGroupHasMembers) {
  const Remedy remedy = lost(1).remedy("RecordsLost", kPayments);
  EXPECT_EQ(remedy.action, "stop the 1 member of payments first");
  EXPECT_THAT(remedy.commands, IsEmpty());
}

TEST(LostRecords, BehindWhichTheGroupHasGoneOnNeedNothing) {
  World world = lost(1);
  world.set("group_committed_offset", {"payments", "orders", "1"}, 70);
  expect_none(world.remedy("RecordsLost", kPayments), "cannot be brought back");
}

// A day of retention; 10 GiB on each of two brokers, one of which has 50 of 100 GiB left.
World kept(double bytes_left = 50 * kGiB) {
  return World()
      .set("topic_retention_seconds", {"orders"}, 86400)
      .set("topic_retention_bytes", {"orders"}, kUnlimited)
      .set("partition_log_bytes", {"orders", "0", "1"}, 4 * kGiB)
      .set("partition_log_bytes", {"orders", "1", "1"}, 6 * kGiB)
      .set("partition_log_bytes", {"orders", "0", "2"}, 10 * kGiB)
      .set("log_dir_usable_bytes", {"1", "/data"}, bytes_left)
      .set("log_dir_total_bytes", {"1", "/data"}, 100 * kGiB)
      .set("log_dir_usable_bytes", {"2", "/data"}, 90 * kGiB)
      .set("log_dir_total_bytes", {"2", "/data"}, 100 * kGiB);
}

TEST(RetentionThatIsNear, IsDoubledWhereTheDisksHaveRoom) {
  for (const char* rule : {"RetentionNear", "RetentionWillDeleteUnread"}) {
    const Remedy remedy = kept().remedy(rule, kPayments);
    EXPECT_EQ(remedy.action, "keep orders for twice as long, until payments has caught up");
    EXPECT_THAT(remedy.commands,
                ElementsAre("kafka-configs.sh --bootstrap-server kafka-1:9092 --alter "
                            "--entity-type topics --entity-name orders --add-config "
                            "retention.ms=172800000"));
    EXPECT_EQ(remedy.check,
              "safe: it takes up to 10.0 GiB more on broker 1, which has 50.0 GiB left");
  }
}

TEST(RetentionThatIsNear, IsDoubledInEachOfItsLimits) {
  World world = kept();
  world.set("topic_retention_bytes", {"orders"}, 1e9);
  EXPECT_THAT(world.remedy("RetentionNear", kPayments).commands,
              ElementsAre(HasSubstr("retention.ms=172800000,retention.bytes=2000000000")));
  world.set("topic_retention_seconds", {"orders"}, kUnlimited);
  EXPECT_THAT(world.remedy("RetentionNear", kPayments).commands,
              ElementsAre(HasSubstr("--add-config retention.bytes=2000000000")));
}

TEST(RetentionThatIsNear, IsLeftWhereADiskWouldFill) {
  expect_none(kept(19 * kGiB).remedy("RetentionNear", kPayments),
              "may need up to 10.0 GiB more on broker 1, which has 19.0 GiB left");
}

TEST(RetentionThatIsNear, IsLeftWhereRoomOrSizeIsNotKnown) {
  World room = kept();
  room.set("log_dir_usable_bytes", {"2", "/data"}, 0, Unknown::broker_unreachable);
  expect_none(room.remedy("RetentionNear", kPayments), "the room on broker 2 is not known");
  World size = kept();
  size.set("partition_log_bytes", {"orders", "0", "2"}, 0, Unknown::broker_unreachable);
  expect_none(size.remedy("RetentionNear", kPayments), "how much broker 2 holds");
  expect_none(World().remedy("RetentionNear", kPayments), "how the topic is kept is not known");
}

TEST(RetentionThatIsNear, MayHaveNoLimitAnyMore) {
  World world = kept();
  world.set("topic_retention_seconds", {"orders"}, kUnlimited);
  expect_none(world.remedy("RetentionNear", kPayments), "without a limit now");
}

}  // namespace
}  // namespace highwater
