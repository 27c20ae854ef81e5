// A day of the canary in seconds: ledgers, reports and the interpreter through 86,400 ticks under a
// clock of the test's own, with records that are lost, late, refused and read twice among them.
// What they hold is counted by the byte, and what they say at the end is what was done to them.
#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <deque>
#include <new>
#include <random>

#include "collectors/canary/interpreter.h"
#include "collectors/canary/ledger.h"
#include "collectors/canary/report.h"

namespace {

std::atomic<int64_t> bytes_held{0};

void* take_bytes(size_t size) {
  void* const memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  bytes_held += static_cast<int64_t>(malloc_usable_size(memory));
  return memory;
}

void give_bytes(void* memory) {
  if (memory == nullptr) return;
  bytes_held -= static_cast<int64_t>(malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

void* operator new(size_t size) {
  return take_bytes(size);
}
void* operator new[](size_t size) {
  return take_bytes(size);
}
void operator delete(void* memory) noexcept {
  give_bytes(memory);
}
void operator delete[](void* memory) noexcept {
  give_bytes(memory);
}
void operator delete(void* memory, size_t) noexcept {
  give_bytes(memory);
}
void operator delete[](void* memory, size_t) noexcept {
  give_bytes(memory);
}

namespace highwater::canary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kDay = 24 * 60 * 60;
constexpr int kHour = 60 * 60;
constexpr int32_t kPartitions = 3;
constexpr int kGivenUp = 30;  // ticks until the client gives a record up
constexpr int kLongestStall = 600;
// A probe ends every six hours; for so long before that the cluster is well.
constexpr int kRunOfAProbe = 6 * kHour;
constexpr int kCalm = kLongestStall + 4 * kGivenUp;

Now at(int tick) {
  return {SteadyTime(seconds(10'000 + tick)), WallTime(seconds(1'700'000'000 + tick))};
}

// How often what happens, in 10,000 records; stalls: in 10,000 ticks.
struct Weather {
  int lost = 0;
  int refused = 0;
  int refused_and_written = 0;
  int twice = 0;
  int answered_late = 0;
  int stalls = 0;
};

// One partition of a cluster to which things happen, and the probe's ledger of it.
class PartitionWorld {
 public:
  PartitionReport tick(int now, const Weather& weather, std::mt19937_64& chance) {
    if (ledger_.may_send(at(now).steady)) send(now, weather, chance);
    answer(now);
    if (now >= stalled_until_ && happens(weather.stalls, chance))
      stalled_until_ = now + static_cast<int>(chance() % kLongestStall);
    PartitionReport report;
    if (now >= stalled_until_) read(now, report);
    report.counts = ledger_.counts();
    report.waiting = ledger_.waiting(at(now).steady);
    report.unanswered = ledger_.unanswered(at(now).steady);
    report.produced = std::move(produced_);
    produced_.clear();
    if (report.counts.refused > refused_before_) report.error = "Local: Message timed out";
    refused_before_ = report.counts.refused;
    return report;
  }

  void new_probe() {
    ledger_ = CanaryLedger();
    refused_before_ = 0;
  }
  [[nodiscard]] const CanaryLedger& ledger() const { return ledger_; }
  [[nodiscard]] const Counts& truth() const { return truth_; }

 private:
  struct Written {
    uint64_t sequence;
    int64_t offset;
  };
  struct Answer {
    int due;
    uint64_t sequence;
    int64_t offset;  // -1: the client gave it up
  };

  static bool happens(int in_ten_thousand, std::mt19937_64& chance) {
    return static_cast<int>(chance() % 10'000) < in_ten_thousand;
  }

  void send(int now, const Weather& weather, std::mt19937_64& chance) {
    const uint64_t sequence = ++sequence_;
    ledger_.sent(sequence, at(now).steady);
    ++truth_.sent;
    const int64_t offset = next_offset_;
    if (happens(weather.refused, chance)) {
      ++truth_.refused;
      answers_.push_back({now + kGivenUp, sequence, -1});
      return;
    }
    ++next_offset_;
    if (happens(weather.lost, chance)) {
      ++truth_.taken;
      ++truth_.lost;
      answers_.push_back({now, sequence, offset});
      return;
    }
    log_.push_back({sequence, offset});
    ++truth_.received;
    if (happens(weather.twice, chance)) {
      log_.push_back({sequence, next_offset_++});
      ++truth_.duplicated;
    }
    if (happens(weather.refused_and_written, chance)) {
      ++truth_.refused;
      answers_.push_back({now + kGivenUp, sequence, -1});
      return;
    }
    ++truth_.taken;
    const bool late = happens(weather.answered_late, chance);
    answers_.push_back(
        {now + (late ? static_cast<int>(chance() % kGivenUp) : 0), sequence, offset});
  }

  void answer(int now) {
    std::erase_if(answers_, [&](const Answer& answer) {
      if (answer.due > now) return false;
      if (answer.offset < 0) {
        ledger_.refused(answer.sequence);
      } else if (const auto took =
                     ledger_.taken(answer.sequence, answer.offset, at(now).steady + kQuick)) {
        produced_.push_back(*took);
      }
      return true;
    });
  }

  void read(int now, PartitionReport& report) {
    for (; !log_.empty(); log_.pop_front()) {
      const auto [sequence, offset] = log_.front();
      if (const auto took = ledger_.received(sequence, offset, at(now).steady + 2 * kQuick))
        report.end_to_end.push_back(*took);
    }
  }

  static constexpr Duration kQuick = milliseconds(4);

  CanaryLedger ledger_;
  Counts truth_;
  std::deque<Written> log_;  // not read yet
  std::deque<Answer> answers_;
  std::vector<Duration> produced_;
  uint64_t sequence_ = 0;
  int64_t next_offset_ = 0;
  int stalled_until_ = 0;
  uint64_t refused_before_ = 0;
};

double total(const Observation& observation, std::string_view what, int32_t partition) {
  const std::string name = "canary_records_" + std::string(what) + "_total";
  for (const Table& table : observation.tables) {
    if (table.measure->name != name) continue;
    const auto row =
        table.keys->find(std::array{Symbol("prod"), Symbol("canary"), Symbol::number(partition)});
    if (row) return table.values[*row];
  }
  return -1;
}

class CanaryDay : public testing::Test {
 protected:
  // Returns the most bytes that were held after a tick of each hour.
  std::vector<int64_t> live_through(const Weather& weather, int until = kDay) {
    std::vector<int64_t> most(static_cast<size_t>(until / kHour), 0);
    const int64_t before = bytes_held;
    for (int now = 0; now < until; ++now) {
      tick(now, weather);
      int64_t& hour = most[static_cast<size_t>(now / kHour)];
      hour = std::max(hour, bytes_held - before);
    }
    return most;
  }

  void expect_the_truth() {
    const Observation last = interpreter_.failed("the day is over", at(kDay));
    for (int32_t number = 0; number < kPartitions; ++number) {
      const PartitionWorld& world = partitions_[static_cast<size_t>(number)];
      const Counts& truth = world.truth();
      EXPECT_EQ(world.ledger().under_way(), 0U);
      EXPECT_EQ(total(last, "sent", number), static_cast<double>(truth.sent));
      EXPECT_EQ(total(last, "received", number), static_cast<double>(truth.received));
      EXPECT_EQ(total(last, "refused", number), static_cast<double>(truth.refused));
      EXPECT_EQ(total(last, "lost", number), static_cast<double>(truth.lost));
      EXPECT_EQ(total(last, "duplicated", number), static_cast<double>(truth.duplicated));
    }
  }

  // No hour holds more than the second; a byte that leaks in each tick would show by the evening.
  static void expect_bounded(const std::vector<int64_t>& most) {
    constexpr int64_t kAllowed = int64_t{512} * 1024;
    constexpr int64_t kGrowth = int64_t{32} * 1024;
    EXPECT_LT(most[1], kAllowed);
    for (size_t hour = 2; hour < most.size(); ++hour)
      EXPECT_LT(most[hour], most[1] + kGrowth) << "in hour " << hour + 1;
  }

 private:
  void tick(int now, const Weather& weather) {
    const int of_run = now % kRunOfAProbe;
    if (now > 0 && of_run == 0) {
      (void)interpreter_.failed("it ended: signal 11", at(now));
      for (PartitionWorld& world : partitions_) world.new_probe();
    }
    // What was written before the first record that is read is nobody's loss.
    const bool calm = of_run < kGivenUp || of_run >= kRunOfAProbe - kCalm;
    ProbeReport report;
    report.sending = true;
    report.partitions = kPartitions;
    for (PartitionWorld& world : partitions_) {
      report.probed.push_back(world.tick(now, calm ? Weather{} : weather, chance_));
      report.probed.back().partition = static_cast<int32_t>(report.probed.size()) - 1;
    }
    report.commits = {milliseconds(7)};
    if (now % 60 == 0)
      report.journeys.push_back({TraceId::random(), SpanId::random(), SpanId::random(),
                                 at(now).wall, milliseconds(4), milliseconds(8)});
    auto read = read_report(write_report(report));
    ASSERT_TRUE(read);
    (void)interpreter_.interpret(std::move(*read), at(now));
  }

  std::array<PartitionWorld, kPartitions> partitions_;
  CanaryInterpreter interpreter_{Symbol("prod"), Symbol("canary"), seconds(1)};
  std::mt19937_64 chance_{17};
};

TEST_F(CanaryDay, WithSomeTroubleHoldsAsMuchInTheEveningAsInTheMorningAndCountsRight) {
  expect_bounded(live_through({.lost = 5,
                               .refused = 10,
                               .refused_and_written = 10,
                               .twice = 10,
                               .answered_late = 50,
                               .stalls = 3}));
  expect_the_truth();
}

TEST_F(CanaryDay, OfNothingButTroubleHoldsNoMoreEither) {
  expect_bounded(live_through({.lost = 4000,
                               .refused = 2000,
                               .refused_and_written = 2000,
                               .twice = 4000,
                               .answered_late = 5000,
                               .stalls = 100},
                              kDay / 2));
  expect_the_truth();
}

}  // namespace
}  // namespace highwater::canary
