// Lag in seconds, case by case: what it is, what it is not, and what is asked for it.
#include "collectors/kafka/time_lag.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "collectors/time_lag_columns.h"
#include "tests/kafka/time_lag_world.h"

namespace highwater::kafka {
namespace {

constexpr int64_t kSecond = 1000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kPoll = 5 * kSecond;

// A log with a record each second from `kBefore` before the watch on, and a group that the test
// commits for. The watch begins at second 0.
class TimeLagTest : public testing::Test {
 protected:
  static constexpr int64_t kBefore = 3600;

  static int64_t moment(double seconds) {
    return kStartOfTime + std::llround(seconds * static_cast<double>(kSecond));
  }
  // One record each second in [from, to).
  void write(double from, double to) {
    for (double t = from; t < to; ++t) log.append(moment(t));
  }
  // Polls every five seconds in [from, to] with this commit.
  void poll(double from, double to, int64_t committed) {
    for (double t = from; t <= to; t += 5) poll(t, committed);
  }
  void poll(double at, int64_t committed) {
    watcher.poll(log, committed, moment(at));
    now = moment(at);
  }
  [[nodiscard]] double age() {
    EXPECT_EQ(watcher.unread().reason, Unknown::known);
    return collectors::age_of(watcher.unread(), now_at(now).steady).seconds;
  }
  [[nodiscard]] double error() {
    return collectors::age_of(watcher.unread(), now_at(now).steady).error;
  }
  [[nodiscard]] Unknown reason() { return watcher.unread().reason; }
  void expect_true(int64_t committed) {
    const double truth = static_cast<double>(log.age(committed, now)) / kSecond;
    EXPECT_NEAR(age(), truth, error() + 0.01);
    EXPECT_LE(error(), 1.7);
  }
  // What is older than the watch rests on stamps until records come that can be compared.
  void expect_true_by_stamps(int64_t committed) {
    const double truth = static_cast<double>(log.age(committed, now)) / kSecond;
    EXPECT_NEAR(age(), truth, 1);
    EXPECT_NEAR(error(), truth - static_cast<double>(now - moment(0)) / kSecond, 1);
  }

  TrueLog log;
  Watcher watcher;
  int64_t now = 0;
};

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

TEST_F(TimeLagTest, OfAMarkerAloneIsZeroOnceATransactionWasSeen) {
  write(-kBefore, 11);  // the last is the marker of a transaction that began at second 0
  watcher.poll(log, kBefore, moment(5), kBefore);
  poll(20, 300, kBefore + 10);
  EXPECT_EQ(age(), 0);
  poll(305, kBefore + 9);
  EXPECT_NEAR(age(), 305 - 9, 1.1) << "more than the marker";
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

TEST_F(TimeLagTest, IsAskedForOnlyUntilItIsKnownWell) {
  write(-kBefore, 700);
  poll(0, 10, 1000);
  const int before = watcher.asked;
  poll(15, 600, 1000);
  EXPECT_LE(watcher.asked - before, 2);
}

TEST_F(TimeLagTest, OfAnEvenFlowIsAskedForOnceAMinute) {
  for (int64_t t = -600; t < 14'000; ++t) log.append(moment(0.1 * static_cast<double>(t)));
  for (double t = 0; t <= 60; t += 5) poll(t, log.end(moment(t - 3)));
  const int before = watcher.asked;
  for (double t = 65; t <= 1260; t += 5) {
    poll(t, log.end(moment(t - 3)));
    EXPECT_NEAR(age(), 3, 0.3);
  }
  EXPECT_LE(watcher.asked - before, 2 * 21);
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

// Many partitions, each lagging by an hour.
class ManyPartitions : public TimeLagTest {
 protected:
  void make(size_t partitions) {
    write(-kBefore, 300);
    auto& all = watcher.view.topics[0].partitions;
    auto& commits = watcher.view.groups[0].committed[0].partitions;
    const PartitionView one = all[0];
    commits[0] = {0, 10, Unknown::known, {}};
    for (size_t i = 1; i < partitions; ++i) {
      all.push_back(one);
      all.back().index = static_cast<int32_t>(i);
      all.back().leader = 1 + static_cast<int32_t>(i % 40);
      commits.push_back({static_cast<int32_t>(i), 10, Unknown::known, {}});
    }
  }
  void poll_all(double at) {
    const int64_t end = log.end(moment(at));
    for (PartitionView& partition : watcher.view.topics[0].partitions) {
      partition.high_watermark = partition.last_stable = {end, Unknown::known};
      partition.log_start = {0, Unknown::known};
      if (partition.history)
        partition.history->saw_end(end, to_millis(now_at(moment(at)).steady),
                                   to_millis(now_at(moment(at)).steady));
    }
    watcher.view.groups[0].committed_reason = Unknown::known;
    now = moment(at);
  }
  // Answers what is asked; the leaders of the questions in each round.
  std::vector<std::vector<int32_t>> ask_all(double at, const std::vector<int32_t>& askable,
                                            size_t budget) {
    std::vector<std::vector<int32_t>> leaders;
    TimeLag& lag = watcher.lag();
    lag.begin(watcher.view, now_at(now).steady, now_at(now));
    for (int round = 0; round < TimeLag::kRounds; ++round) {
      const auto questions = lag.questions(round, askable, budget, now_at(moment(at)));
      if (questions.empty()) break;
      std::vector<int32_t> asked;
      for (const auto& question : questions) {
        asked.push_back(question.partition->leader);
        const auto found = log.first_stamped(question.stamp, moment(at));
        lag.answer(*question.topic, *question.partition, found ? found->first : -1,
                   found ? found->second : -1, now_at(moment(at)));
      }
      std::sort(asked.begin(), asked.end());
      asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
      budget -= asked.size();
      leaders.push_back(asked);
    }
    lag.finish(now_at(moment(at)));
    return leaders;
  }
  [[nodiscard]] size_t known() {
    size_t count = 0;
    for (const auto& commit : watcher.view.groups[0].committed[0].partitions)
      count += commit.unread.reason == Unknown::known ? 1 : 0;
    return count;
  }
  static std::vector<int32_t> brokers(int32_t last) {
    std::vector<int32_t> all;
    for (int32_t id = 1; id <= last; ++id) all.push_back(id);
    return all;
  }
};

TEST_F(ManyPartitions, NoMoreThanAThousandAreAskedForInAPollAndAllHaveTheirTurn) {
  make(2500);
  std::vector<size_t> known_after;
  for (int i = 0; i < 8; ++i) {
    poll_all(5.0 * i);
    ask_all(5.0 * i, brokers(40), 1000);
    known_after.push_back(known());
  }
  EXPECT_LE(known_after[1], 1000U);
  EXPECT_EQ(known_after.back(), 2500U);
}

TEST_F(ManyPartitions, NoMoreLeadersAreAskedThanTheBudgetAllowsAndAllHaveTheirTurn) {
  make(400);
  for (int i = 0; i < 40; ++i) {
    poll_all(5.0 * i);
    size_t requests = 0;
    for (const auto& round : ask_all(5.0 * i, brokers(40), 18)) requests += round.size();
    EXPECT_LE(requests, 18U);
  }
  EXPECT_EQ(known(), 400U);
}

TEST_F(ManyPartitions, LeadersThatCannotBeAskedAreNot) {
  make(80);
  for (int i = 0; i < 3; ++i) {
    poll_all(5.0 * i);
    for (const auto& round : ask_all(5.0 * i, {1, 2}, 18)) {
      for (const int32_t leader : round) EXPECT_LE(leader, 2);
    }
  }
  EXPECT_EQ(known(), 4U);
}

TEST_F(ManyPartitions, HistoriesStayWithinTheirBytes) {
  make(30'000);
  for (int i = 0; i < 40; ++i) {
    poll_all(5.0 * i);
    watcher.lag().begin(watcher.view, now_at(now).steady, now_at(now));
  }
  EXPECT_LE(watcher.lag().bytes(), 30'000U * (sizeof(OffsetHistory) + 16 * 16));
}

TEST_F(ManyPartitions, HistoriesGoWithTheirReaders) {
  make(100);
  poll_all(0);
  watcher.lag().begin(watcher.view, now_at(now).steady, now_at(now));
  EXPECT_GT(watcher.lag().bytes(), 0U);
  watcher.view.groups.clear();
  watcher.lag().begin(watcher.view, now_at(now).steady, now_at(now));
  EXPECT_EQ(watcher.lag().bytes(), 0U);
  EXPECT_FALSE(watcher.partition().history);
}

TEST(OffsetHistory, IsThinnedSoThatTheErrorOfAnAgeStaysSmall) {
  OffsetHistory history;
  history.need(0, 1);
  const Millis day = 24 * kHour;
  for (Millis t = 0; t <= 7 * day; t += kPoll) history.saw_end(t / 100, t, t + 5);
  EXPECT_LE(history.entries(), 192U);
  for (Millis age = kPoll; age < 6 * day; age = age * 5 / 4) {
    const auto found = history.estimate({.offset = (7 * day - age) / 100, .now = 7 * day});
    ASSERT_EQ(found.reason, Unknown::known);
    EXPECT_NEAR(static_cast<double>(found.time.likely), static_cast<double>(7 * day - age), 150);
    EXPECT_LE(found.time.latest - found.time.earliest, age / 8 + 2 * kPoll) << age;
  }
}

TEST(OffsetHistory, OfAQuietPartitionIsAFewEntries) {
  OffsetHistory history;
  history.need(0, 1);
  for (Millis t = 0; t <= 24 * kHour; t += kPoll) history.saw_end(t < kHour ? 5 : 7, t, t + 5);
  EXPECT_LE(history.entries(), 4U);
  const auto found = history.estimate({.offset = 5, .now = 24 * kHour});
  EXPECT_NEAR(static_cast<double>(found.time.likely), kHour, kPoll);
}

}  // namespace
}  // namespace highwater::kafka
