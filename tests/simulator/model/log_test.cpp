#include "tests/simulator/model/log.h"

#include <gtest/gtest.h>

namespace highwater::simulator {
namespace {

using namespace std::chrono_literals;

TEST(Rate, IsReadWithUnitsAndDecimals) {
  EXPECT_EQ(*parse_rate("100/s"), (Rate{100, 1s}));
  EXPECT_EQ(*parse_rate("0.5/s"), (Rate{500, 1000s}));
  EXPECT_EQ(*parse_rate("6/m"), (Rate{6, 60s}));
  EXPECT_TRUE(parse_rate("0")->zero());
  for (const char* bad : {"", "100", "/s", "-1/s", "1./s", "1.2345/s", "x/s", "1/w", "2000000/s"})
    EXPECT_FALSE(parse_rate(bad)) << bad;
}

TEST(Ramp, CountAndTimeAreExactInverses) {
  for (const Rate& rate : {Rate{3, 1s}, Rate{7, 60s}, Rate{999'983, 1s}, Rate{1, 20s}}) {
    const Ramp ramp{-5s, 11, rate};
    for (std::int64_t record : {11L, 12L, 13L, 999L, 123'456'789L}) {
      const Duration time = ramp.time_of(record);
      EXPECT_EQ(ramp.count(time), record + 1);
      EXPECT_EQ(ramp.count(time - 1ns), record);
    }
  }
}

TEST(TopicLog, DealsItsRecordsToThePartitionsOneByOne) {
  const TopicLog log(3, {100, 1s}, Duration::zero());
  EXPECT_EQ(log.high_watermark(0, 1s), 34);
  EXPECT_EQ(log.high_watermark(1, 1s), 33);
  EXPECT_EQ(log.high_watermark(2, 1s), 33);
}

TEST(TopicLog, KeepsWhatWasWrittenWhenTheRateChanges) {
  TopicLog log(1, {100, 1s}, Duration::zero());
  log.set_rate({}, 10s);
  EXPECT_EQ(log.high_watermark(0, 60s), 1000);
  log.set_rate({10, 1s}, 60s);
  EXPECT_EQ(log.high_watermark(0, 70s), 1100);
  EXPECT_EQ(log.first_since(0, 10s + 1ns, 70s, false)->time, 60s + 100ms);
}

TEST(TopicLog, AStalledPartitionTakesEverythingInWhenItResumes) {
  TopicLog log(1, {10, 1s}, Duration::zero());
  log.stall(0, 5s);
  EXPECT_EQ(log.high_watermark(0, 9s), 50);
  log.stall(0, 9s);
  EXPECT_EQ(log.high_watermark(0, 10s), 50);
  log.resume(0);
  EXPECT_EQ(log.high_watermark(0, 10s), 100);
}

TEST(TopicLog, FindsTheFirstRecordOfATime) {
  const TopicLog log(2, {2, 1s}, Past{100, 100s, 0s});
  const auto found = log.first_since(0, -50s, 10s, false);
  ASSERT_TRUE(found);
  EXPECT_GE(found->time, -50s);
  EXPECT_LT(log.first_since(0, found->time - 2s, 10s, false)->offset, found->offset);
  EXPECT_EQ(log.first_since(0, found->time, 10s, false)->offset, found->offset);
  EXPECT_EQ(log.first_since(0, found->time + 1ns, 10s, false)->offset, found->offset + 1);
  EXPECT_FALSE(log.first_since(0, 11s, 10s, false));
}

TEST(TopicLog, RetentionMovesTheStartOfTheLog) {
  TopicLog log(1, {1, 1s}, Past{100, 100s, 0s});
  EXPECT_EQ(log.log_start(0, 0s), 0);
  log.set_retention(30s);
  EXPECT_EQ(log.log_start(0, 0s), 70);
  EXPECT_EQ(log.log_start(0, 10s), 80);
}

TEST(TopicLog, IdleTopicsEndUpEmptyWhenRetentionHasPassed) {
  TopicLog log(1, {}, Past{100, 100s, 1h});
  log.set_retention(10min);
  EXPECT_EQ(log.log_start(0, 0s), 100);
  EXPECT_EQ(log.high_watermark(0, 0s), 100);
  EXPECT_FALSE(log.newest(0, 0s, false));
}

TEST(TopicLog, AnOpenTransactionHoldsTheLastStableOffsetBack) {
  TopicLog log(1, {}, Past{70, 1h, 0s});
  EXPECT_TRUE(log.open_transaction(0, 3, 5s));
  EXPECT_FALSE(log.open_transaction(0, 3, 5s));
  EXPECT_EQ(log.high_watermark(0, 6s), 73);
  EXPECT_EQ(log.last_stable_offset(0, 6s), 70);
  EXPECT_EQ(log.first_since(0, 5s, 6s, false)->offset, 70);
  EXPECT_FALSE(log.first_since(0, 5s, 6s, true));
}

TEST(TopicLog, TheMarkerOfATransactionTakesAnOffset) {
  TopicLog log(1, {}, Past{70, 1h, 0s});
  log.open_transaction(0, 3, 5s);
  EXPECT_TRUE(log.end_transaction(0, 7s));
  EXPECT_FALSE(log.end_transaction(0, 7s));
  EXPECT_EQ(log.high_watermark(0, 8s), 74);
  EXPECT_EQ(log.last_stable_offset(0, 8s), 74);
  EXPECT_EQ(log.newest(0, 8s, true)->offset, 73);
}

TEST(TopicLog, RecordsAroundATransactionKeepTheirTimes) {
  TopicLog log(1, {1, 1s}, Duration::zero());
  log.open_transaction(0, 2, 3s + 500ms);
  log.end_transaction(0, 4s + 500ms);
  EXPECT_EQ(log.high_watermark(0, 10s), 13);
  // 1 s, 2 s, 3 s, two of the transaction, 4 s, its marker, 5 s
  EXPECT_EQ(log.first_since(0, 4s, 10s, false)->offset, 5);
  EXPECT_EQ(log.first_since(0, 4s + 100ms, 10s, false)->offset, 6);
  EXPECT_EQ(log.first_since(0, 4s + 600ms, 10s, false)->offset, 7);
  EXPECT_EQ(log.newest(0, 10s, false)->time, 10s);
}

TEST(TopicLog, DeletedRecordsAreGone) {
  TopicLog log(1, {}, Past{100, 1h, 0s});
  log.delete_before(0, 40);
  EXPECT_EQ(log.log_start(0, 1s), 40);
  EXPECT_EQ(log.first_since(0, -2h, 1s, false)->offset, 40);
}

}  // namespace
}  // namespace highwater::simulator
