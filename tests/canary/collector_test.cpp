#include "collectors/canary/collector.h"

#include <gtest/gtest.h>

namespace highwater::canary {
namespace {

using std::chrono::seconds;

// A collector whose probe is a script of the shell; what it published, for the test to wait for.
class CollectorWorld {
 public:
  explicit CollectorWorld(const std::string& script)
      : collector_(Symbol("prod"), settings(), {"/bin/sh", "-c", script}, log_,
                   [this](ObservationPtr observation) {
                     const std::lock_guard lock(mutex_);
                     seen_.push_back(std::move(observation));
                     wake_.notify_all();
                   }) {
    collector_.start();
  }

  // The first observation in which the canary is up or not; a failure when none comes.
  ObservationPtr wait_for(double up, size_t after = 0) {
    std::unique_lock lock(mutex_);
    ObservationPtr found;
    const bool came = wake_.wait_for(lock, seconds(20), [&] {
      for (size_t i = after; i < seen_.size() && !found; ++i) {
        if (seen_[i]->tables.at(0).values.at(0) == up) found = seen_[i];
      }
      return found != nullptr;
    });
    EXPECT_TRUE(came);
    return found;
  }
  size_t count() {
    const std::lock_guard lock(mutex_);
    return seen_.size();
  }
  CanaryCollector& collector() { return collector_; }

 private:
  static ProbeSettings settings() { return {"127.0.0.1:1", "canary", "canary", seconds(1)}; }

  SystemClock clock_;
  Log log_{clock_, LogLevel::error, LogForm::json, [](std::string_view) { return true; }};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<ObservationPtr> seen_;  // under mutex_
  CanaryCollector collector_;
};

constexpr const char* kReport = R"(echo '{"sending":true,"partitions":1,"probed":[]}'; )";

TEST(CanaryCollector, PublishesWhatTheProbeTells) {
  CollectorWorld world(std::string("read settings; ") + kReport + "read more");
  const ObservationPtr seen = world.wait_for(1);
  ASSERT_NE(seen, nullptr);
  EXPECT_EQ(seen->cluster, Symbol("prod"));
  EXPECT_EQ(seen->part, "canary");
}

TEST(CanaryCollector, AProbeThatCrashesIsSaidAndStartedAgain) {
  CollectorWorld world(std::string("read settings; ") + kReport + "kill -11 $$");
  const ObservationPtr failed = world.wait_for(0);
  ASSERT_NE(failed, nullptr);
  ASSERT_EQ(failed->problems.size(), 1U);
  EXPECT_EQ(failed->problems[0].what, "canary: it ended: signal 11");
  EXPECT_NE(world.wait_for(1, 2), nullptr);
}

TEST(CanaryCollector, AProbeThatTalksNonsenseIsEnded) {
  CollectorWorld world("read settings; echo '<html>'; read more");
  const ObservationPtr failed = world.wait_for(0);
  ASSERT_NE(failed, nullptr);
  EXPECT_TRUE(failed->problems.at(0).what.starts_with("canary: its report cannot be read"));
}

TEST(CanaryCollector, StopsWithAProbeThatDoesNotWantTo) {
  CollectorWorld world(std::string(kReport) + "trap '' TERM; while true; do sleep 1; done");
  ASSERT_NE(world.wait_for(1), nullptr);
  const auto began = std::chrono::steady_clock::now();
  world.collector().stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(10));
  const size_t before = world.count();
  EXPECT_EQ(world.count(), before);
}

}  // namespace
}  // namespace highwater::canary
