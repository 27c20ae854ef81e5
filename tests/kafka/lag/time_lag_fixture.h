// What the tests of time lag share besides the world: a log with a record each second from an hour
// before the watch on, a group that the test commits for, and its lag as people see it.
#pragma once

#include <gtest/gtest.h>

#include <cmath>

#include "collectors/groups/time_lag_columns.h"
#include "tests/kafka/lag/time_lag_world.h"

namespace highwater::kafka {

inline constexpr int64_t kSecond = 1000;
inline constexpr int64_t kMinute = 60 * kSecond;
inline constexpr int64_t kHour = 60 * kMinute;
inline constexpr int64_t kPoll = 5 * kSecond;

// The watch begins at second 0.
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
    return collectors::age_of(watcher.unread(), now_at(now).steady, {}).seconds;
  }
  [[nodiscard]] double error() {
    return collectors::age_of(watcher.unread(), now_at(now).steady, {}).error;
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

}  // namespace highwater::kafka
