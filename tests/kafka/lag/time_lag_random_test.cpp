// Lag in seconds against a model that knows the truth, for many random producers and consumers,
// polled every five seconds.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <iostream>
#include <random>

#include "collectors/groups/time_lag_columns.h"
#include "tests/kafka/lag/time_lag_world.h"

namespace highwater::kafka {
namespace {

constexpr int64_t kSecond = 1000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kPoll = 5 * kSecond;
constexpr int64_t kStart = kStartOfTime;  // of the watch
constexpr int64_t kWatched = 10 * kMinute;

using Random = std::mt19937_64;
// What a producer's clock makes of the time, in milliseconds since 1970.
using ProducerClock = std::function<int64_t(Random&, int64_t)>;

double uniform(Random& random, double from, double to) {
  return std::uniform_real_distribution<double>(from, to)(random);
}
// Evenly over the orders of magnitude.
double magnitude(Random& random, double from, double to) {
  return std::exp(uniform(random, std::log(from), std::log(to)));
}

int64_t right(Random& random, int64_t time) {
  return time - static_cast<int64_t>(uniform(random, 0, 30));
}
ProducerClock producer_clock = right;

// Writes from `from` to `to`.
using Producer = std::function<void(Random&, TrueLog&, int64_t from, int64_t to)>;

void append(Random& random, TrueLog& log, double when) {
  const auto at = static_cast<int64_t>(when);
  log.append(at, producer_clock(random, at));
}

void constant(Random& random, TrueLog& log, int64_t from, int64_t to) {
  const double step = 1000 / magnitude(random, 0.2, 50);
  for (double t = static_cast<double>(from); t < static_cast<double>(to); t += step)
    append(random, log, t);
}
void by_chance(Random& random, TrueLog& log, int64_t from, int64_t to) {
  const double mean = 1000 / magnitude(random, 0.02, 20);
  for (double t = static_cast<double>(from);;) {
    t += std::exponential_distribution<double>(1 / mean)(random);
    if (t >= static_cast<double>(to)) return;
    append(random, log, t);
  }
}
void bursts(Random& random, TrueLog& log, int64_t from, int64_t to) {
  const double period = magnitude(random, 2000, 60'000);
  const double length = uniform(random, 0.01, 0.5) * period;
  const double step = 1000 / magnitude(random, 10, 200);
  for (double t = static_cast<double>(from); t < static_cast<double>(to);
       t += period * uniform(random, 0.5, 1.5)) {
    for (double u = t; u < std::min(t + length, static_cast<double>(to)); u += step) {
      const double last = log.size() > 0 ? static_cast<double>(log.at(log.size() - 1).appended) : u;
      append(random, log, std::max(u, last));
    }
  }
}
// In step with the polls, the worst for who interpolates.
void every_poll(Random& random, TrueLog& log, int64_t from, int64_t to) {
  const auto phase = static_cast<int64_t>(uniform(random, 0, static_cast<double>(kPoll)));
  for (int64_t t = from + phase; t < to; t += kPoll) {
    for (int i = 0; i < 40; ++i) append(random, log, static_cast<double>(t));
  }
}
void then_idle(Random& random, TrueLog& log, int64_t from, int64_t to) {
  const double until = uniform(random, 0, static_cast<double>(to - from));
  constant(random, log, from, from + static_cast<int64_t>(until));
}
void paused(Random& random, TrueLog& log, int64_t from, int64_t to) {
  const double a = uniform(random, 0, static_cast<double>(to - from));
  const double b = uniform(random, a, static_cast<double>(to - from));
  constant(random, log, from, from + static_cast<int64_t>(a));
  constant(random, log, from + static_cast<int64_t>(b), to);
}

// Reads as fast as it can or as it may, and commits at intervals.
struct Consumer {
  double lag_at_start = 0;  // share of the log
  double per_second = 1e9;
  int64_t stops = 0, starts = 0;  // pause, since the watch began
  int64_t set_back = 0;           // moment at which it starts again from the beginning; 0: never
};

struct Errors {
  std::vector<double> errors;
  int64_t unknown = 0, asked = 0, polls = 0, beyond_bound = 0;
  double worst_bound_miss = 0;
  std::vector<double> bounds;
};

void run(uint64_t seed, const Producer& produce, const std::function<Consumer(Random&)>& consumer,
         Errors& result) {
  Random random(seed);
  TrueLog log;
  const auto history = static_cast<int64_t>(magnitude(random, kMinute, 180 * kMinute));
  produce(random, log, kStart - history, kStart + kWatched + kMinute);
  Consumer reader = consumer(random);
  const auto commit_every = static_cast<int64_t>(magnitude(random, 100, 5000));
  double position = std::floor(static_cast<double>(log.end(kStart)) * (1 - reader.lag_at_start));
  auto committed = static_cast<int64_t>(position);
  Watcher watcher;
  const auto first = kStart + static_cast<int64_t>(uniform(random, 0, 5000));
  int64_t next_poll = first;
  int64_t next_commit = kStart;
  constexpr int64_t kStep = 100;
  for (int64_t now = kStart; now < kStart + kWatched; now += kStep) {
    const int64_t passed = now - kStart;
    if (reader.set_back != 0 && passed >= reader.set_back) {
      position = 0;
      reader.set_back = 0;
    }
    if (passed < reader.stops || passed >= reader.starts) {
      position =
          std::min(position + reader.per_second * kStep / 1000, static_cast<double>(log.end(now)));
    }
    if (now >= next_commit) {
      committed = static_cast<int64_t>(position);
      next_commit += commit_every;
    }
    if (now < next_poll) continue;
    next_poll += kPoll;
    watcher.poll(log, committed, now);
    ++result.polls;
    const UnreadSince& unread = watcher.unread();
    if (unread.reason != Unknown::known) {
      ++result.unknown;
      if (unread.reason == Unknown::not_asked) {
        EXPECT_LT(now - first, 10 * kSecond) << "unknown after " << passed << " ms, seed " << seed;
      }
      continue;
    }
    const auto age = collectors::age_of(unread, now_at(now).steady, {});
    const double truth = static_cast<double>(log.age(committed, now)) / 1000;
    ASSERT_TRUE(std::isfinite(age.seconds) && std::isfinite(age.error));
    ASSERT_GE(age.seconds, 0);
    const double error = std::abs(age.seconds - truth);
    if (error > age.error + 0.01) {
      ++result.beyond_bound;
      result.worst_bound_miss = std::max(result.worst_bound_miss, error - age.error);
      if (result.beyond_bound == 1)
        std::cout << "seed " << seed << " after " << passed << " ms: " << age.seconds
                  << " s instead of " << truth << " s, stated error " << age.error << " s\n";
    }
    if (now - first >= 10 * kSecond) {
      result.errors.push_back(error);
      result.bounds.push_back(age.error);
    }
  }
  result.asked += watcher.asked;
}

double quantile(std::vector<double> values, double part) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[static_cast<size_t>(part * double(values.size() - 1))];
}

struct Pattern {
  const char* name;
  Producer produce;
  std::function<Consumer(Random&)> consume;
};
class TimeLagAgainstTheTruth : public testing::TestWithParam<Pattern> {};

void print(const char* name, const Errors& result) {
  std::printf(
      "%-28s p95 %.3f s, p99 %.3f s, worst %.3f s; bound p50 %.2f p95 %.2f s; %.2f questions a "
      "poll, %ld unknown of %ld\n",
      name, quantile(result.errors, 0.95), quantile(result.errors, 0.99),
      quantile(result.errors, 1), quantile(result.bounds, 0.5), quantile(result.bounds, 0.95),
      double(result.asked) / double(result.polls), long(result.unknown), long(result.polls));
}

TEST_P(TimeLagAgainstTheTruth, IsWithinASecondAndWithinItsBound) {
  Errors result;
  for (uint64_t seed = 1; seed <= 30; ++seed)
    run(seed, GetParam().produce, GetParam().consume, result);
  print(GetParam().name, result);
  EXPECT_LE(quantile(result.errors, 0.95), 1.0);
  EXPECT_EQ(result.beyond_bound, 0);
}

Consumer keeps_up(Random&) {
  return {};
}
Consumer slow(Random& random) {
  return {uniform(random, 0, 0.1), magnitude(random, 0.05, 30)};
}
Consumer stands_still(Random& random) {
  return {uniform(random, 0, 1), 0};
}
Consumer pauses(Random& random) {
  const auto stops = static_cast<int64_t>(uniform(random, 0, 5 * kMinute));
  return {0, magnitude(random, 10, 500), stops,
          stops + static_cast<int64_t>(uniform(random, kSecond, 4 * kMinute))};
}
Consumer catches_up(Random& random) {
  return {uniform(random, 0.2, 1), magnitude(random, 5, 500)};
}
Consumer reprocesses(Random& random) {
  return {0, magnitude(random, 20, 2000), 0, 0,
          static_cast<int64_t>(uniform(random, kMinute, 5 * kMinute))};
}

std::vector<Pattern> patterns() {
  std::vector<Pattern> all;
  static std::vector<std::string> names;
  names.reserve(100);
  const std::vector<std::pair<const char*, Producer>> producers{
      {"Constant", constant},    {"ByChance", by_chance}, {"Bursts", bursts},
      {"EveryPoll", every_poll}, {"ThenIdle", then_idle}, {"Paused", paused}};
  const std::vector<std::pair<const char*, Consumer (*)(Random&)>> consumers{
      {"KeepsUp", keeps_up},         {"Slow", slow},
      {"StandsStill", stands_still}, {"Pauses", pauses},
      {"CatchesUp", catches_up},     {"Reprocesses", reprocesses}};
  for (const auto& [producer, produce] : producers) {
    for (const auto& [consumer, consume] : consumers) {
      names.push_back(std::string(producer) + consumer);
      all.push_back({names.back().c_str(), produce, consume});
    }
  }
  return all;
}
INSTANTIATE_TEST_SUITE_P(Patterns, TimeLagAgainstTheTruth, testing::ValuesIn(patterns()),
                         [](const auto& one) { return std::string(one.param.name); });

struct WrongClock {
  const char* name;
  ProducerClock clock;
  // What is less than the time between polls may not be noticed; then the error is no worse.
  double unnoticed = 0;
};
class TimeLagOfWrongClocks : public testing::TestWithParam<WrongClock> {
 protected:
  TimeLagOfWrongClocks() { producer_clock = GetParam().clock; }
  ~TimeLagOfWrongClocks() override { producer_clock = right; }
};

TEST_P(TimeLagOfWrongClocks, IsWithinItsBoundOrUnknown) {
  Errors result;
  for (const auto& produce : {Producer(constant), Producer(by_chance), Producer(bursts)}) {
    for (const auto& consume : {keeps_up, slow, stands_still, pauses, catches_up, reprocesses}) {
      for (uint64_t seed = 1; seed <= 5; ++seed) run(seed, produce, consume, result);
    }
  }
  print(GetParam().name, result);
  if (GetParam().unnoticed == 0) {
    EXPECT_EQ(result.beyond_bound, 0);
  }
  EXPECT_LE(result.worst_bound_miss, GetParam().unnoticed);
}

ProducerClock off_by(int64_t milliseconds) {
  return [milliseconds](Random&, int64_t time) { return time + milliseconds; };
}
ProducerClock sometimes_off_by(int64_t milliseconds, double part) {
  return [milliseconds, part](Random& random, int64_t time) {
    return uniform(random, 0, 1) < part ? time + milliseconds : time;
  };
}
INSTANTIATE_TEST_SUITE_P(
    Clocks, TimeLagOfWrongClocks,
    testing::Values(WrongClock{"HoursAhead", off_by(120 * kMinute)},
                    WrongClock{"HoursBehind", off_by(-180 * kMinute)},
                    WrongClock{"TenSecondsAhead", off_by(10 * kSecond)},
                    WrongClock{"TenSecondsBehind", off_by(-10 * kSecond)},
                    WrongClock{"ThreeSecondsAhead", off_by(3 * kSecond), 3},
                    WrongClock{"ThreeSecondsBehind", off_by(-3 * kSecond), 3},
                    WrongClock{"OneProducerHoursAhead", sometimes_off_by(300 * kMinute, 0.1)},
                    WrongClock{"OneProducerHoursBehind", sometimes_off_by(-300 * kMinute, 0.3)},
                    WrongClock{"OneRecordHoursAhead", sometimes_off_by(300 * kMinute, 0.0005)},
                    WrongClock{"SinceOneNineSeventy", [](Random&, int64_t) { return int64_t{0}; }}),
    [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace highwater::kafka
