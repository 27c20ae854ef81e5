// Lag in seconds, case by case: what it is, and what it is not.
#include "collectors/kafka/lag/time_lag.h"

#include "tests/kafka/lag/time_lag_fixture.h"

namespace highwater::kafka {
namespace {

TEST_F(TimeLagTest, NeverCommittedIsNotJudged) {
  write(-kBefore, 60);
  poll(0, 30, -1);
  EXPECT_EQ(reason(), Unknown::not_asked) << "why, the commit itself says";
  EXPECT_FALSE(watcher.partition().history) << "nothing is kept for what nobody reads";
}

TEST_F(TimeLagTest, CaughtUpIsZeroAtOnceAndAsksNothing) {
  write(-kBefore, 0);
  poll(0, 30, kBefore);
  EXPECT_EQ(age(), 0);
  EXPECT_EQ(error(), 0);
  EXPECT_EQ(watcher.asked, 0);
}

TEST_F(TimeLagTest, OfAnIdleProducersBacklogGrowsWithTime) {
  write(-kBefore, -600);
  poll(0, 10, 1800);
  expect_true_by_stamps(1800);
  const double before = age();
  poll(15, 3610, 1800);
  EXPECT_NEAR(age(), before + 3600, 0.001);
}

TEST_F(TimeLagTest, IsKnownTenSecondsAfterAColdStart) {
  write(-kBefore, 60);
  poll(0, 5, 17);
  expect_true(17);
}

TEST_F(TimeLagTest, OfABacklogOfDaysIsKnownTenSecondsAfterAColdStart) {
  for (int64_t t = -30 * 24 * 60; t < 1; ++t) log.append(moment(60.0 * static_cast<double>(t)));
  poll(0, 10, 7);
  expect_true_by_stamps(7);
  for (int minute = 1; minute <= 3; ++minute) log.append(moment(60.0 * minute));
  poll(15, 150, 7);
  expect_true(7);
}

TEST_F(TimeLagTest, OfAPausedProducerCountsFromTheRecordNotFromThePause) {
  write(-kBefore, 30);
  write(630, 700);
  const int64_t committed = kBefore + 20;  // written at second 20
  for (double t = 0; t <= 30; t += 5) poll(t, log.end(moment(t)));
  poll(35, 660, committed);
  expect_true(committed);
  poll(665, 690, kBefore + 30);  // the first after the pause, written at second 630
  EXPECT_NEAR(age(), 60, 1.1);
}

TEST_F(TimeLagTest, InsideABurstBetweenTwoPollsIsFoundByAsking) {
  write(-kBefore, 0);
  for (double t = 0; t <= 100; t += 5) poll(t, kBefore);
  for (int i = 0; i < 500; ++i) log.append(moment(101 + 0.001 * i));
  poll(105, kBefore + 250);
  EXPECT_NEAR(age(), 105 - 101.25, 0.1);
  EXPECT_GT(watcher.asked_now, 0);
}

TEST_F(TimeLagTest, OfCommitsBelowTheLogStartIsTheAgeOfTheOldestRecord) {
  write(-kBefore, 60);
  log.delete_before(1800);
  poll(0, 10, 100);
  expect_true(100);
  EXPECT_NEAR(age(), 1800 + 10, 1.1);
}

TEST_F(TimeLagTest, OfCommitsBelowAnEmptyLogIsZero) {
  write(-kBefore, 0);
  log.delete_before(kBefore);
  poll(0, 10, 100);
  EXPECT_EQ(age(), 0);
}

TEST_F(TimeLagTest, FollowsTheLogStartAsRetentionOvertakesTheGroup) {
  write(-kBefore, 600);
  for (double t = 0; t <= 300; t += 5) {
    log.delete_before(static_cast<int64_t>(50 * (t / 5)));
    poll(t, 1000);
    if (t >= 10) expect_true(1000);
  }
}

TEST_F(TimeLagTest, OfCommitsBeyondTheEndIsUnknown) {
  write(-kBefore, 0);
  poll(0, 10, kBefore + 1);
  EXPECT_EQ(reason(), Unknown::beyond_end);
}

TEST_F(TimeLagTest, FollowsOffsetsThatAreResetBackAndForth) {
  write(-kBefore, 600);
  for (double t = 0; t <= 200; t += 5) poll(t, log.end(moment(t)));
  poll(205, 215, 10);
  expect_true(10);
  poll(220, kBefore + 219);
  expect_true(kBefore + 219);
  poll(225, 230, 2000);
  expect_true(2000);
}

TEST_F(TimeLagTest, OfACompactedTopicIsTheAgeOfTheFirstRecordThatIsLeft) {
  TopicConfig config;
  config.compact = true;
  watcher.view.topics[0].config = config;
  write(-kBefore, 60);
  for (int64_t offset = 100; offset < 2000; ++offset) log.compact(offset);
  poll(0, 15, 150);
  expect_true(150);
  EXPECT_NEAR(age(), kBefore - 2000 + 15, 0.2);
  poll(20, 25, 50);
  expect_true(50);
}

TEST_F(TimeLagTest, FollowsCompactionWhileTheGroupStandsStill) {
  TopicConfig config;
  config.compact = true;
  watcher.view.topics[0].config = config;
  write(-kBefore, 2000);
  poll(0, 600, 150);
  expect_true(150);
  for (int64_t offset = 100; offset < 2000; ++offset) log.compact(offset);
  poll(605, 1300, 150);
  expect_true(150);
}

TEST_F(TimeLagTest, OfAReaderAtTheLastStableOffsetIsZeroWhileATransactionIsOpen) {
  write(-kBefore, 600);
  for (double t = 0; t <= 300; t += 5) {
    watcher.poll(log, kBefore, moment(t), kBefore);
    now = moment(t);
    EXPECT_EQ(age(), 0) << "after " << t << " s";
  }
}

TEST_F(TimeLagTest, OfWhoReadsOpenTransactionsIsJudgedByTheHighWatermark) {
  write(-kBefore, 600);
  for (double t = 0; t <= 60; t += 5) watcher.poll(log, kBefore + 10, moment(t), kBefore);
  now = moment(60);
  expect_true(kBefore + 10);
  EXPECT_NEAR(age(), 50, 1.1);
}

TEST_F(TimeLagTest, BelowAnOpenTransactionCountsAsEver) {
  write(-kBefore, 600);
  for (double t = 0; t <= 60; t += 5) watcher.poll(log, 3000, moment(t), kBefore);
  now = moment(60);
  expect_true(3000);
}

TEST_F(TimeLagTest, OfAMarkerIsZeroWhileItIsNewAndUnknownOnceTheLogRests) {
  write(-kBefore, 11);  // the last is the marker of a transaction that began at second 0
  watcher.poll(log, kBefore, moment(5), kBefore);
  for (double t = 10; t < 20; t += 5) {
    poll(t, kBefore + 10);
    EXPECT_EQ(age(), 0) << "after " << t << " s";
  }
  poll(20, 60, kBefore + 10);
  EXPECT_EQ(reason(), Unknown::may_be_marker);
}

TEST_F(TimeLagTest, OfAMarkerThatWasLookedAtIsZero) {
  write(-kBefore, 0);
  watcher.view.may_have_transactions = true;
  poll(0, kBefore - 1);
  EXPECT_EQ(reason(), Unknown::may_be_marker) << "nobody saw the transaction";
  watcher.partition().tail.make().add_nothing(kBefore - 1, kBefore);
  poll(5, 60, kBefore - 1);
  EXPECT_EQ(age(), 0);
  EXPECT_TRUE(watcher.unread().only_markers);
}

TEST_F(TimeLagTest, OfARecordThatWasLookedAtIsItsAge) {
  write(-kBefore, 0);
  watcher.view.may_have_transactions = true;
  poll(0, kBefore - 1);
  watcher.partition().tail.make().add_record(kBefore - 1, kBefore);
  poll(5, 60, kBefore - 1);
  EXPECT_NEAR(age(), 61, 1.1);
}

TEST_F(TimeLagTest, OfARecordBehindAMarkerIsThatOfTheRecord) {
  write(-kBefore, 0);
  log.append(moment(30));
  log.append(moment(30));
  watcher.view.may_have_transactions = true;
  poll(0, kBefore - 1);
  watcher.partition().tail.make().add_nothing(kBefore - 1, kBefore);
  poll(5, 35, kBefore - 1);
  EXPECT_NEAR(age(), 5, 2.6);
  poll(40, kBefore - 1);
  EXPECT_EQ(reason(), Unknown::may_be_marker) << "two offsets that nobody looked at";
  watcher.partition().tail->add_record(kBefore, kBefore + 1);
  poll(45, 90, kBefore - 1);
  EXPECT_NEAR(age(), 60, 2.6);
}

TEST_F(TimeLagTest, OfMoreThanMarkersIsTheirAgeWhetherOrNotTheyWereLookedAt) {
  write(-kBefore, 0);
  watcher.view.may_have_transactions = true;
  poll(0, 60, kBefore - 3);
  EXPECT_NEAR(age(), 63, 1.1);
}

TEST_F(TimeLagTest, OfTheLastOffsetsOfALogThatMovesIsTheirAge) {
  write(-kBefore, 100);
  watcher.view.may_have_transactions = true;
  for (double t = 0; t <= 60; t += 5) poll(t, log.end(moment(t)) - 1);
  EXPECT_NEAR(age(), 1, 1.1);
}

TEST_F(TimeLagTest, OfOneRecordWithoutTransactionsIsItsAge) {
  write(-kBefore, 11);
  poll(0, 300, kBefore + 10);
  EXPECT_NEAR(age(), 290, 0.2);
}

TEST_F(TimeLagTest, OfABatchWithOneStampIsRight) {
  // Log-append time: the leader stamps whole batches.
  for (int batch = -700; batch < 100; ++batch) {
    for (int i = 0; i < 20; ++i) log.append(moment(5.0 * batch));
  }
  poll(0, 10, 6007);
  EXPECT_NEAR(age(), static_cast<double>(log.age(6007, now)) / kSecond, 0.2);
}

TEST_F(TimeLagTest, BelievesWhatWasSeenWhenAProducersClockIsHoursAhead) {
  for (double t = -kBefore; t < 700; ++t) log.append(moment(t), moment(t + 7200));
  for (double t = 0; t <= 600; t += 5) {
    const int64_t committed = kBefore + static_cast<int64_t>(t / 2);
    poll(t, committed);
    if (t < 5) continue;
    EXPECT_NEAR(age(), static_cast<double>(log.age(committed, now)) / kSecond, error());
    EXPECT_LE(error(), t / 16 + 5.2);
  }
}

TEST_F(TimeLagTest, BelievesWhatWasSeenWhenAProducersClockIsHoursBehind) {
  for (double t = -kBefore; t < 700; ++t) log.append(moment(t), moment(t - 7200));
  for (double t = 0; t <= 600; t += 5) {
    const int64_t committed = kBefore + static_cast<int64_t>(t / 2);
    poll(t, committed);
    if (t < 5) continue;
    EXPECT_NEAR(age(), static_cast<double>(log.age(committed, now)) / kSecond, error());
    EXPECT_LE(error(), t / 16 + 5.2);
  }
}

TEST_F(TimeLagTest, OfOlderRecordsIsUnknownWhileStampsContradictWhatIsSeen) {
  for (double t = -kBefore; t < 700; ++t) log.append(moment(t), moment(t + 7200));
  poll(0, 10, 1000);
  EXPECT_EQ(reason(), Unknown::contradicted);
  const int before = watcher.asked;
  poll(15, 60, 1000);
  EXPECT_LE(watcher.asked - before, 3) << "it is not asked for again and again";
}

TEST_F(TimeLagTest, IsKnownAgainOnceClocksAreRight) {
  for (double t = -kBefore; t < 1800; ++t) log.append(moment(t), moment(t < 60 ? t - 7200 : t));
  for (double t = 0; t <= 1500; t += 5) poll(t, kBefore + static_cast<int64_t>(0.9 * t));
  expect_true(kBefore + 1350);
}

TEST_F(TimeLagTest, OfAPartitionThatIsAddedBeginsWithIt) {
  write(-kBefore, 60);
  poll(0, 30, kBefore);
  PartitionView added;
  added.index = 1;
  added.leader = 1;
  added.high_watermark = added.last_stable = {5, Unknown::known};
  added.log_start = {0, Unknown::known};
  watcher.view.topics[0].partitions.push_back(added);
  watcher.view.groups[0].committed[0].partitions.push_back({1, 5, Unknown::known, {}});
  poll(35, kBefore);
  EXPECT_EQ(watcher.view.groups[0].committed[0].partitions[1].unread.reason, Unknown::known);
  EXPECT_FALSE(watcher.view.groups[0].committed[0].partitions[1].unread.any);
}

TEST_F(TimeLagTest, OfATopicThatIsCreatedAgainForgetsTheOldOne) {
  write(-kBefore, 60);
  poll(0, 30, 40);
  ASSERT_GT(age(), 3000);
  // As the sweep does for another topic id.
  PartitionView fresh;
  fresh.index = 0;
  fresh.leader = 1;
  watcher.partition() = fresh;
  log = TrueLog();
  write(60, 200);
  poll(65, 40);
  EXPECT_EQ(reason(), Unknown::beyond_end);
  poll(130, 140, 40);
  EXPECT_NEAR(age(), 40, 1.1);
}

TEST_F(TimeLagTest, AfterATruncationIsThatOfTheNewRecords) {
  write(-kBefore, 100);
  poll(0, 60, kBefore + 50);
  log.truncate(kBefore + 40);
  write(70, 200);  // other records under the same offsets
  poll(65, kBefore + 50);
  EXPECT_EQ(reason(), Unknown::beyond_end);
  poll(70, 110, kBefore + 50);
  EXPECT_NEAR(age(), 30, 1.1);
}

TEST_F(TimeLagTest, IsNotShortenedByALeaderThatIsBehindForAMoment) {
  write(-kBefore, 100);
  for (double t = 0; t <= 30; t += 5) poll(t, kBefore);
  watcher.answers = false;
  poll(35, kBefore + 20);
  watcher.see(kBefore + 10, moment(37));
  poll(40, kBefore + 20);
  EXPECT_NEAR(age(), 20, error());
}

struct NoEnd {
  const char* name;
  void (*spoil)(PartitionView&);
  Unknown reason;
};
class WithoutAnEnd : public TimeLagTest, public testing::WithParamInterface<NoEnd> {};

TEST_P(WithoutAnEnd, IsUnknownAndKnownAgainAfterwards) {
  write(-kBefore, 100);
  poll(0, 30, 3000);
  const PartitionView whole = watcher.partition();
  GetParam().spoil(watcher.partition());
  watcher.judge(log, moment(35));
  EXPECT_EQ(reason(), GetParam().reason);
  watcher.partition() = whole;
  watcher.judge(log, moment(40));
  now = moment(30);
  expect_true(3000);
}
INSTANTIATE_TEST_SUITE_P(
    Reasons, WithoutAnEnd,
    testing::Values(
        NoEnd{"leaderless", [](PartitionView& view) { view.leader = -1; }, Unknown::leaderless},
        NoEnd{"end", [](PartitionView& view) { view.high_watermark.reason = Unknown::timed_out; },
              Unknown::timed_out},
        NoEnd{"stable", [](PartitionView& view) { view.last_stable.reason = Unknown::timed_out; },
              Unknown::timed_out},
        NoEnd{"denied", [](PartitionView& view) { view.log_start.reason = Unknown::denied; },
              Unknown::denied}),
    [](const auto& one) { return std::string(one.param.name); });

TEST_F(TimeLagTest, IsUnknownAtAColdStartWhenKafkaDoesNotTell) {
  write(-kBefore, 100);
  watcher.answers = false;
  poll(0, 30, 1000);
  EXPECT_EQ(reason(), Unknown::not_asked);
}

TEST_F(TimeLagTest, OfWhatWasSeenNeedsNoAnswers) {
  write(-kBefore, 700);
  watcher.answers = false;
  poll(0, 600, kBefore + 30);
  EXPECT_NEAR(age(), 570, 0.6);
  EXPECT_LE(error(), 5.2);
}

TEST_F(TimeLagTest, OfRecordsWithoutStampsRestsOnWhatWasSeen) {
  for (double t = -kBefore; t < 700; ++t) log.append(moment(t), -1);
  poll(0, 60, kBefore + 30);
  EXPECT_NEAR(age(), 30, error());
  poll(65, 75, 100);
  EXPECT_NE(reason(), Unknown::known);
}

TEST_F(TimeLagTest, StaysRightWhileOurWallClockIsWrongAndAfterItIsSet) {
  write(-kBefore, 1500);
  for (double t = 0; t <= 1300; t += 5) {
    watcher.off = t < 300 ? -30 * kSecond : 0;
    const int64_t committed = kBefore + static_cast<int64_t>(0.9 * t);
    poll(t, committed);
    if (t < 5) continue;
    EXPECT_NEAR(age(), static_cast<double>(log.age(committed, now)) / kSecond, error() + 0.01)
        << "after " << t << " s";
  }
  EXPECT_LE(error(), 1.7);
}

}  // namespace
}  // namespace highwater::kafka
