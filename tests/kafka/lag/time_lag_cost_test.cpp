// What lag in seconds costs: how much is asked for, how much is remembered.
#include <algorithm>

#include "tests/kafka/lag/time_lag_fixture.h"

namespace highwater::kafka {
namespace {

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
