#include "collectors/topics/topic_activity.h"

#include <gmock/gmock.h>

#include "collectors/topics/partitions.h"
#include "tests/collectors/fixture.h"

namespace highwater::collectors {
namespace {

using kafka::ClusterView;

// Polls of one interpreter, and what they say of topic "orders".
class Watch {
 public:
  Watch() : view(healthy_cluster()) {
    for (kafka::TopicView& topic : view.topics) {
      for (kafka::PartitionView& partition : topic.partitions) partition.newest_stamp = stamp(-100);
    }
  }

  // Unix milliseconds at so many seconds after the start.
  static int64_t stamp(double seconds) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               at(seconds).wall.time_since_epoch())
        .count();
  }
  void poll(double seconds) { seen = interpreter_.interpret(view, {}, at(seconds)); }
  void write(size_t partition, int64_t records = 10) {
    orders(view, partition).high_watermark.offset += records;
  }
  [[nodiscard]] Cell age() const { return of("topic_newest_record_age_seconds"); }
  [[nodiscard]] Cell of(std::string_view measure) const { return cell(seen, measure, {"orders"}); }

  ClusterView view;
  Observation seen;

 private:
  PartitionsInterpreter interpreter_;
};

TEST(TopicFreshness, CountsFromThePollThatSawALogGrow) {
  Watch watch;
  watch.poll(10);
  watch.write(1);
  watch.poll(20);
  EXPECT_EQ(watch.age(), is(0));
  watch.poll(35);
  EXPECT_EQ(watch.age(), is(15));
}

TEST(TopicFreshness, RestsOnTheNewestTimestampUntilThen) {
  Watch watch;
  orders(watch.view, 1).newest_stamp = Watch::stamp(-40);
  watch.poll(10);
  EXPECT_EQ(watch.age(), is(50));
  watch.poll(20);
  EXPECT_EQ(watch.age(), is(60));
}

TEST(TopicFreshness, ATimestampAheadOfUsMakesNothingFresh) {
  Watch watch;
  for (size_t i = 0; i < 3; ++i) orders(watch.view, i).newest_stamp = Watch::stamp(7200);
  watch.poll(10);
  watch.poll(70);
  EXPECT_EQ(watch.age(), is(60));
}

TEST(TopicFreshness, IsUnknownUntilEveryPartitionWasAskedOrOneGrew) {
  Watch watch;
  orders(watch.view, 2).newest_stamp = kafka::kStampNotAsked;
  watch.poll(10);
  EXPECT_EQ(watch.age(), unknown(Unknown::not_asked));
  watch.write(0);
  watch.poll(20);
  watch.poll(30);
  EXPECT_EQ(watch.age(), is(10));
}

TEST(TopicFreshness, WithoutRecordsItCountsFromTheFirstLook) {
  Watch watch;
  for (size_t i = 0; i < 3; ++i) orders(watch.view, i).newest_stamp = kafka::kStampUnknown;
  watch.poll(10);
  watch.poll(40);
  EXPECT_EQ(watch.age(), is(30));
}

TEST(TopicFreshness, APartitionThatCannotBeReadMayBeTheFreshOne) {
  Watch watch;
  watch.poll(10);
  watch.write(0);
  watch.poll(20);
  orders(watch.view, 2).high_watermark.reason = Unknown::broker_unreachable;
  watch.poll(30);
  EXPECT_EQ(watch.age(), unknown(Unknown::broker_unreachable));
  watch.write(0);
  watch.poll(40);
  EXPECT_EQ(watch.age(), is(0));
}

TEST(TopicFreshness, ALogThatWasTruncatedDidNotGrow) {
  Watch watch;
  watch.poll(10);
  watch.write(0, -50);
  watch.poll(20);
  EXPECT_EQ(watch.age(), is(120));
}

TEST(TopicFreshness, ATopicThatWasCreatedAnewStartsAnew) {
  Watch watch;
  watch.poll(10);
  watch.write(0);
  watch.poll(20);
  kafka::TopicView& topic = collectors::topic(watch.view, "orders");
  topic.id[0] = std::byte{9};
  for (kafka::PartitionView& partition : topic.partitions) {
    partition.high_watermark = offset(0);
    partition.newest_stamp = kafka::kStampUnknown;
  }
  watch.poll(30);
  EXPECT_EQ(watch.age(), is(0));
  watch.poll(35);
  EXPECT_EQ(watch.age(), is(5));
}

TEST(TopicRecords, AreTheSumOfTheEndsAndUnknownWithoutOne) {
  Watch watch;
  watch.poll(10);
  EXPECT_EQ(watch.of("topic_records_total"), is(3000));
  orders(watch.view, 0).high_watermark.reason = Unknown::timed_out;
  watch.poll(20);
  EXPECT_EQ(watch.of("topic_records_total"), unknown(Unknown::timed_out));
}

TEST(TopicLeaders, ChangesAreCountedByEpochAndNeverBackwards) {
  Watch watch;
  watch.poll(10);
  EXPECT_EQ(watch.of("topic_leader_changes_total"), is(0));
  orders(watch.view, 0).leader_epoch += 2;
  watch.poll(20);
  EXPECT_EQ(watch.of("topic_leader_changes_total"), is(2));
  orders(watch.view, 0).leader_epoch -= 1;
  watch.poll(30);
  orders(watch.view, 0).leader_epoch += 1;
  watch.poll(40);
  EXPECT_EQ(watch.of("topic_leader_changes_total"), is(2));
}

TEST(TopicLeaders, AReplicaThatFallsOutOfSyncIsCountedOnce) {
  Watch watch;
  watch.poll(10);
  orders(watch.view, 0).isr = {1};
  watch.poll(20);
  EXPECT_EQ(watch.of("topic_isr_shrinks_total"), is(2));
  orders(watch.view, 0).isr = {1, 2, 3};
  watch.poll(30);
  EXPECT_EQ(watch.of("topic_isr_shrinks_total"), is(2));
}

TEST(TopicLeaders, AFailoverIsMeasuredWhileItLastsAndToldAfterwards) {
  Watch watch;
  watch.poll(10);
  EXPECT_EQ(watch.of("topic_failover_seconds"), is(0));
  crash(watch.view, 3);
  watch.poll(20);
  watch.poll(29);
  EXPECT_EQ(watch.of("topic_failover_seconds"), is(9));
  for (size_t i = 0; i < 3; ++i) orders(watch.view, i).leader = 1;
  watch.poll(32);
  EXPECT_EQ(watch.of("topic_failover_seconds"), is(9)) << "for certain: the others came between";
  watch.poll(600);
  EXPECT_EQ(watch.of("topic_failover_seconds"), is(9));
  watch.poll(700);
  EXPECT_EQ(watch.of("topic_failover_seconds"), is(0));
}

TEST(TopicLeaders, TheLastFailoverIsToldOnceAnotherBrokerLeads) {
  Watch watch;
  watch.poll(10);
  crash(watch.view, 3);
  watch.poll(20);
  watch.poll(34);
  EXPECT_EQ(watch.of("topic_last_failover_seconds"), is(0)) << "it goes on";
  for (size_t i = 0; i < 3; ++i) orders(watch.view, i).leader = 1;
  watch.poll(40);
  EXPECT_EQ(watch.of("topic_last_failover_seconds"), is(14));
  watch.poll(700);
  EXPECT_EQ(watch.of("topic_last_failover_seconds"), is(0));
}

TEST(TopicLeaders, AFailoverIsNoneWhenTheSameBrokerLeadsAgain) {
  Watch watch;
  watch.poll(10);
  for (size_t i = 0; i < 3; ++i) orders(watch.view, i).leader = -1;
  watch.poll(20);
  watch.poll(60);
  for (size_t i = 0; i < 3; ++i) orders(watch.view, i).leader = orders(watch.view, i).last_leader;
  watch.poll(70);
  EXPECT_EQ(watch.of("topic_last_failover_seconds"), is(0));
  EXPECT_EQ(watch.of("topic_failover_seconds"), is(40));
}

TEST(TopicLeaders, ATimeWithoutLeaderCountsFromThePollThatSawItUntilAllHaveOne) {
  Watch watch;
  watch.poll(10);
  EXPECT_EQ(watch.of("topic_leaderless_seconds"), is(0));
  orders(watch.view, 0).leader = -1;
  watch.poll(20);
  orders(watch.view, 2).leader = -1;
  watch.poll(30);
  EXPECT_EQ(watch.of("topic_leaderless_seconds"), is(10));
  orders(watch.view, 0).leader = 1;
  watch.poll(50);
  EXPECT_EQ(watch.of("topic_leaderless_seconds"), is(20));
  orders(watch.view, 2).leader = 3;
  watch.poll(60);
  EXPECT_EQ(watch.of("topic_leaderless_seconds"), is(0));
}

TEST(TopicLeaders, ALeaderThatCannotBeReachedIsOne) {
  Watch watch;
  watch.poll(10);
  crash(watch.view, 3);
  watch.poll(20);
  watch.poll(30);
  EXPECT_EQ(watch.of("topic_leaderless_seconds"), is(0));
}

TEST(TopicWrites, ArePossibleWhileEnoughReplicasAreInSync) {
  Watch watch;
  topic(watch.view, "orders").config->min_insync_replicas = 2;
  watch.poll(10);
  EXPECT_EQ(watch.of("topic_unwritable_partitions"), is(0));
  orders(watch.view, 0).isr = {1, 2};
  watch.poll(20);
  EXPECT_EQ(watch.of("topic_unwritable_partitions"), is(0));
}

TEST(TopicWrites, AreRefusedWithoutLeaderAndWithTooFewReplicasInSync) {
  Watch watch;
  topic(watch.view, "orders").config->min_insync_replicas = 2;
  orders(watch.view, 0).isr = {orders(watch.view, 0).leader};
  watch.poll(10);
  EXPECT_EQ(watch.of("topic_unwritable_partitions"), is(1));
  orders(watch.view, 1).leader = -1;
  watch.poll(20);
  EXPECT_EQ(watch.of("topic_unwritable_partitions"), is(2));
}

TEST(TopicWrites, AreUnknownWhereALeaderCannotBeBelievedAndNoOtherRefuses) {
  Watch watch;
  crash(watch.view, orders(watch.view, 0).leader);
  watch.poll(10);
  EXPECT_EQ(watch.of("topic_unwritable_partitions"), unknown(Unknown::contradicted));
  orders(watch.view, 0).leader = -1;
  watch.poll(20);
  EXPECT_EQ(watch.of("topic_unwritable_partitions"), is(1));
  Watch other;
  topic(other.view, "orders").config.reset();
  topic(other.view, "orders").config_reason = Unknown::denied;
  other.poll(10);
  EXPECT_EQ(other.of("topic_unwritable_partitions"), unknown(Unknown::denied));
}

}  // namespace
}  // namespace highwater::collectors
