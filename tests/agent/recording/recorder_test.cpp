// The recorder's thread: it keeps up, gives up and goes on again, and holds up nobody.
#include "agent/recording/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "agent/recording/reader.h"
#include "tests/agent/recording/recording_support.h"

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;
using rules::testing::FakeCluster;
using rules::testing::kShare;
using ::testing::HasSubstr;

class RecorderTest : public RecordingTest {
 protected:
  // Records what is seen at this second.
  void see(Recorder& recorder, int second) {
    cluster_.set(kShare, {}, second);
    Snapshot snapshot;
    cluster_.publish(snapshot, moment(second * 1s));
    recorder.take(std::make_shared<const Snapshot>(std::move(snapshot)), moment(second * 1s));
  }

  // Bounded; only a failure is slow.
  template <class Condition>
  static bool wait_for(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!condition() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
    return condition();
  }
  bool wait_for_tries(size_t tries) {
    return wait_for([&] {
      const std::lock_guard lock(disk_.mutex);
      return disk_.tries >= tries;
    });
  }

  std::vector<int> seconds() const {
    lay_out(disk_);
    std::vector<int> seen;
    const auto reader = RecordingReader::open(folder_, world_catalogue());
    while (reader) {
      const auto moment = (*reader)->next();
      EXPECT_TRUE(moment) << moment.error().message;
      if (!moment || !*moment) break;
      const int second = static_cast<int>((*moment)->news.front()->find(kShare)->values[0]);
      seen.push_back((*moment)->after_gap ? -second : second);
    }
    return seen;
  }

  Log make_log() {
    return {clock_, LogLevel::debug, LogForm::json, [this](std::string_view line) {
              const std::lock_guard lock(lines_mutex_);
              lines_.emplace_back(line);
              return true;
            }};
  }
  std::string lines() {
    const std::lock_guard lock(lines_mutex_);
    std::string all;
    for (const std::string& line : lines_) all += line;
    return all;
  }

  const SystemClock clock_;
  std::mutex lines_mutex_;
  std::vector<std::string> lines_;
  FakeDisk disk_;
  FakeCluster cluster_;
};

TEST_F(RecorderTest, WhatWasTakenIsWrittenBeforeItStops) {
  Log log = make_log();
  Recorder recorder(std::make_unique<FakeFolder>(disk_), {}, log);
  for (int i = 1; i <= 20; ++i) see(recorder, i);
  EXPECT_TRUE(recorder.stop(20s));
  EXPECT_EQ(recorder.health().dropped, 0U);
  EXPECT_EQ(seconds().size(), 20U);
  EXPECT_EQ(lines(), "");
}

TEST_F(RecorderTest, ADiskThatHangsHoldsUpNobody) {
  Log log = make_log();
  std::mutex hang;
  disk_.hangs = &hang;
  Recorder recorder(std::make_unique<FakeFolder>(disk_), {}, log);
  {
    const std::lock_guard hanging(hang);
    see(recorder, 1);
    ASSERT_TRUE(wait_for_tries(1));
    for (int i = 2; i <= 100; ++i) see(recorder, i);
    EXPECT_THAT(recorder.health().failure, HasSubstr("slow"));
    EXPECT_EQ(recorder.health().dropped, 99U - RecorderOptions{}.queue);
  }
  EXPECT_TRUE(recorder.stop(20s));
  std::vector<int> expected{1, -69};
  for (int i = 70; i <= 100; ++i) expected.push_back(i);
  EXPECT_EQ(seconds(), expected);
  EXPECT_EQ(recorder.health().failure, "");
  EXPECT_THAT(lines(), HasSubstr("has gaps"));
  EXPECT_THAT(lines(), HasSubstr("goes on"));
}

TEST_F(RecorderTest, AThreadInADiskThatHangsIsLeftBehind) {
  Log log = make_log();
  std::mutex hang;
  disk_.hangs = &hang;
  hang.lock();
  {
    Recorder recorder(std::make_unique<FakeFolder>(disk_), {}, log);
    see(recorder, 1);
    ASSERT_TRUE(wait_for_tries(1));
    EXPECT_FALSE(recorder.stop(1ms));
  }
  const size_t before = disk_.tries;
  hang.unlock();
  EXPECT_TRUE(wait_for_tries(before + 1)) << "it ends by itself";
}

TEST_F(RecorderTest, AFullDiskIsTriedAgainLaterAndLoggedOnce) {
  Log log = make_log();
  disk_.room = 0;
  Recorder recorder(std::make_unique<FakeFolder>(disk_), {}, log);
  for (int i = 1; i <= 12; ++i) {
    see(recorder, i);
    ASSERT_TRUE(wait_for([&] { return recorder.health().dropped == static_cast<uint64_t>(i); }));
  }
  EXPECT_THAT(recorder.health().failure, HasSubstr("no space left"));
  {
    const std::lock_guard lock(disk_.mutex);
    EXPECT_EQ(disk_.tries, 6U) << "at seconds 1, 6 and 11, a file and its content each";
    disk_.room = UINT64_MAX;
  }
  for (int i = 13; i <= 20; ++i) see(recorder, i);
  EXPECT_TRUE(recorder.stop(20s));
  EXPECT_EQ(recorder.health().dropped, 15U);
  EXPECT_EQ(recorder.health().failure, "");
  EXPECT_EQ(seconds(), (std::vector<int>{16, 17, 18, 19, 20}));
  std::string all = lines();
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 2) << all;
}

}  // namespace
}  // namespace highwater::agent
