#include <gmock/gmock.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "agent/store/writer.h"
#include "tests/agent/store/store_support.h"

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

// A disk in memory that hangs and fails as told. Shared with the test, which outlives the writer.
struct Disk {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, std::string> records;
  std::vector<size_t> sizes;  // of the commits that came
  std::string failing;        // why, when it fails
  bool hangs = false;
  bool lost = false;  // wants the whole
  int entered = 0;
  bool closed = false;

  void set(const std::function<void(Disk&)>& change) {
    const std::lock_guard lock(mutex);
    change(*this);
    changed.notify_all();
  }
  void wait(const std::function<bool(Disk&)>& until) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, 20s, [&] { return until(*this); });
  }
};

class FakeCommitter final : public Committer {
 public:
  explicit FakeCommitter(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}
  ~FakeCommitter() override {
    disk_->set([](Disk& disk) { disk.closed = true; });
  }
  Result<void> commit(std::span<const Change> changes) override { return write(changes, false); }
  Result<void> replace(std::span<const Change> records) override { return write(records, true); }
  bool wants_whole() const override {
    const std::lock_guard lock(disk_->mutex);
    return disk_->lost;
  }

 private:
  Result<void> write(std::span<const Change> changes, bool whole) {
    std::unique_lock lock(disk_->mutex);
    ++disk_->entered;
    disk_->sizes.push_back(changes.size());
    disk_->changed.notify_all();
    disk_->changed.wait(lock, [this] { return !disk_->hangs; });
    if (!disk_->failing.empty()) return fail(disk_->failing);
    if (disk_->lost && !whole) return fail("wants the whole");
    disk_->lost = false;
    if (whole) disk_->records.clear();
    for (const Change& change : changes) {
      if (change.value) {
        disk_->records[change.key] = *change.value;
      } else {
        disk_->records.erase(change.key);
      }
    }
    return {};
  }

  std::shared_ptr<Disk> disk_;
};

SteadyTime soon() {
  return std::chrono::steady_clock::now() + 20s;
}

class StoreWriterTest : public testing::Test {
 protected:
  StoreWriterTest() {
    options_.first_retry = 1h;  // only flush() tries again
    options_.longest_retry = 1h;
    options_.patience = 20s;
  }
  StoreWriter writer() { return StoreWriter(std::make_unique<FakeCommitter>(disk_), options_); }

  std::shared_ptr<Disk> disk_ = std::make_shared<Disk>();
  StoreWriterOptions options_;
};

TEST_F(StoreWriterTest, WhatIsSubmittedIsCommittedAndReported) {
  std::vector<uint64_t> reported;
  options_.on_committed = [&](uint64_t sequence) { reported.push_back(sequence); };
  StoreWriter writer = this->writer();
  EXPECT_EQ(writer.submit({put("k", "a", "1")}), 1U);
  EXPECT_EQ(writer.submit({put("k", "b", "2")}), 2U);
  ASSERT_TRUE(writer.flush(soon()));
  EXPECT_EQ(reported.back(), 2U);
  EXPECT_THAT(disk_->records, ElementsAre(Pair("a", "1"), Pair("b", "2")));
  const StoreHealth health = writer.health();
  EXPECT_EQ(health.committed, 2U);
  EXPECT_EQ(health.waiting_records, 0U);
  EXPECT_EQ(health.waiting_bytes, 0U);
  EXPECT_EQ(health.failure, "");
  EXPECT_FALSE(health.committing_since);
}

TEST_F(StoreWriterTest, AHangingDiskHoldsNobodyUpAndTheNewestOfEachRecordWaits) {
  disk_->hangs = true;
  StoreWriter writer = this->writer();
  writer.submit({put("k", "first", "x")});
  disk_->wait([](Disk& disk) { return disk.entered == 1; });
  for (int i = 0; i < 1000; ++i)
    writer.submit({put("k", "a", std::to_string(i)), put("k", "b", std::string(100, 'b'))});
  writer.submit({gone("k", "b")});
  const StoreHealth health = writer.health();
  EXPECT_EQ(health.submitted, 1002U);
  EXPECT_EQ(health.committed, 0U);
  EXPECT_EQ(health.waiting_records, 3U);
  EXPECT_LT(health.waiting_bytes, 1000U);
  EXPECT_TRUE(health.committing_since);
  EXPECT_FALSE(writer.flush(std::chrono::steady_clock::now()));
  disk_->set([](Disk& disk) { disk.hangs = false; });
  ASSERT_TRUE(writer.flush(soon()));
  EXPECT_THAT(disk_->sizes, ElementsAre(1U, 2U));
  EXPECT_THAT(disk_->records, ElementsAre(Pair("a", "999"), Pair("first", "x")));
}

TEST_F(StoreWriterTest, ADiskThatHangsIsAFailureUntilItAnswers) {
  disk_->hangs = true;
  options_.hangs_after = std::chrono::milliseconds(1);
  StoreWriter writer = this->writer();
  writer.submit({put("k", "a", "1")});
  disk_->wait([](Disk& disk) { return disk.entered == 1; });
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  EXPECT_EQ(writer.health().failure, "the disk does not answer: a write has taken more than 1ms");
  disk_->set([](Disk& disk) { disk.hangs = false; });
  ASSERT_TRUE(writer.flush(soon()));
  EXPECT_EQ(writer.health().failure, "");
}

TEST_F(StoreWriterTest, AFailedCommitIsKeptAndWhatCameSinceGoesOverIt) {
  disk_->failing = "the disk is full";
  StoreWriter writer = this->writer();
  writer.submit({put("k", "a", "old"), put("k", "b", "old")});
  EXPECT_FALSE(writer.flush(soon()));
  const StoreHealth failed = writer.health();
  EXPECT_EQ(failed.failure, "the disk is full");
  EXPECT_TRUE(failed.failing_since);
  EXPECT_EQ(failed.waiting_records, 2U);
  writer.submit({put("k", "a", "new"), put("k", "c", "new")});
  disk_->set([](Disk& disk) { disk.failing.clear(); });
  ASSERT_TRUE(writer.flush(soon()));
  EXPECT_THAT(disk_->records, ElementsAre(Pair("a", "new"), Pair("b", "old"), Pair("c", "new")));
  const StoreHealth healed = writer.health();
  EXPECT_EQ(healed.failure, "");
  EXPECT_FALSE(healed.failing_since);
  EXPECT_EQ(healed.waiting_bytes, 0U);
}

TEST_F(StoreWriterTest, AChangeMadeDuringAFailingCommitIsNotOverwrittenByIt) {
  disk_->hangs = true;
  disk_->failing = "broken";
  StoreWriter writer = this->writer();
  writer.submit({put("k", "a", "old"), put("k", "b", "old")});
  disk_->wait([](Disk& disk) { return disk.entered == 1; });
  writer.submit({put("k", "a", "new"), gone("k", "b")});
  disk_->set([](Disk& disk) { disk.hangs = false; });
  EXPECT_FALSE(writer.flush(soon()));
  disk_->set([](Disk& disk) { disk.failing.clear(); });
  ASSERT_TRUE(writer.flush(soon()));
  EXPECT_THAT(disk_->records, ElementsAre(Pair("a", "new")));
}

TEST_F(StoreWriterTest, AFailureIsTriedAgainByItself) {
  options_.first_retry = 1ms;
  disk_->failing = "broken";
  StoreWriter writer = this->writer();
  writer.submit({put("k", "a", "1")});
  disk_->wait([](Disk& disk) { return disk.entered >= 3; });
  disk_->set([](Disk& disk) { disk.failing.clear(); });
  disk_->wait([](Disk& disk) { return !disk.records.empty(); });
  EXPECT_THAT(disk_->records, ElementsAre(Pair("a", "1")));
}

TEST_F(StoreWriterTest, ALostFileAsksForTheWholeAndTakesNothingElse) {
  disk_->failing = "removed while in use";
  disk_->lost = true;
  StoreWriter writer = this->writer();
  writer.submit({put("k", "a", "1")});
  EXPECT_FALSE(writer.flush(soon()));
  EXPECT_TRUE(writer.health().wants_whole);
  EXPECT_EQ(writer.health().failure, "removed while in use");
  disk_->set([](Disk& disk) { disk.failing.clear(); });
  writer.submit({put("k", "b", "1")});
  EXPECT_FALSE(writer.flush(soon()));
  EXPECT_EQ(writer.health().discarded, 1U);
  EXPECT_THAT(disk_->records, IsEmpty());
  writer.submit_whole({put("k", "a", "1"), put("k", "b", "1")});
  writer.submit({put("k", "c", "1"), gone("k", "b")});
  ASSERT_TRUE(writer.flush(soon()));
  EXPECT_THAT(disk_->records, ElementsAre(Pair("a", "1"), Pair("c", "1")));
  EXPECT_FALSE(writer.health().wants_whole);
  EXPECT_EQ(writer.health().failure, "");
}

TEST_F(StoreWriterTest, TheWholeReplacesWhatWaitedBeforeIt) {
  disk_->records["stale"] = "x";
  disk_->hangs = true;
  StoreWriter writer = this->writer();
  writer.submit({put("k", "first", "x")});
  disk_->wait([](Disk& disk) { return disk.entered == 1; });
  writer.submit({put("k", "a", "1")});
  writer.submit_whole({put("k", "b", "2")});
  disk_->set([](Disk& disk) { disk.hangs = false; });
  ASSERT_TRUE(writer.flush(soon()));
  EXPECT_THAT(disk_->records, ElementsAre(Pair("b", "2")));
}

TEST_F(StoreWriterTest, TheWholeThatFailsIsKept) {
  disk_->failing = "broken";
  StoreWriter writer = this->writer();
  writer.submit_whole({put("k", "a", "1")});
  EXPECT_FALSE(writer.flush(soon()));
  EXPECT_FALSE(writer.health().wants_whole);
  disk_->set([](Disk& disk) {
    disk.failing.clear();
    disk.records["stale"] = "x";
  });
  ASSERT_TRUE(writer.flush(soon()));
  EXPECT_THAT(disk_->records, ElementsAre(Pair("a", "1")));
}

TEST_F(StoreWriterTest, TooMuchWaitingIsDroppedForTheWhole) {
  options_.max_waiting_bytes = 10'000;
  disk_->hangs = true;
  StoreWriter writer = this->writer();
  writer.submit({put("k", "first", "x")});
  disk_->wait([](Disk& disk) { return disk.entered == 1; });
  for (int i = 0; i < 100; ++i) writer.submit({put("k", std::to_string(i), std::string(500, 'x'))});
  const StoreHealth health = writer.health();
  EXPECT_TRUE(health.wants_whole);
  EXPECT_LE(health.waiting_bytes, 10'000U);
  EXPECT_GT(health.discarded, 50U);
  // The whole is bounded by the state and taken whatever its size.
  writer.submit_whole({put("k", "big", std::string(20'000, 'x'))});
  writer.submit({put("k", "small", "x")});
  EXPECT_FALSE(writer.health().wants_whole);
  disk_->set([](Disk& disk) { disk.hangs = false; });
  ASSERT_TRUE(writer.flush(soon()));
  EXPECT_EQ(disk_->records.size(), 2U);
}

TEST_F(StoreWriterTest, StoppingDoesNotWaitForADiskThatHangs) {
  int reports = 0;
  options_.on_committed = [&](uint64_t) { ++reports; };
  options_.patience = 10ms;
  disk_->hangs = true;
  {
    StoreWriter writer = this->writer();
    writer.submit({put("k", "a", "1")});
    disk_->wait([](Disk& disk) { return disk.entered == 1; });
  }
  EXPECT_FALSE(disk_->closed);
  disk_->set([](Disk& disk) { disk.hangs = false; });
  disk_->wait([](Disk& disk) { return disk.closed; });
  EXPECT_TRUE(disk_->closed);
  EXPECT_EQ(reports, 0);
}

class StoreWriterOnDisk : public StoreFolder {};

TEST_F(StoreWriterOnDisk, ManyThreadsMaySubmitAndAllOfItIsThereAfterwards) {
  {
    Opened opened = Store::open(path_);
    ASSERT_TRUE(opened.store) << opened.problem;
    StoreWriter writer(std::move(opened.store));
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&writer, thread] {
        for (int i = 0; i < 50; ++i)
          writer.submit({put("k", std::to_string(thread) + "/" + std::to_string(i), "x")});
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_TRUE(writer.flush(soon())) << writer.health().failure;
  }
  const Opened opened = Store::open(path_);
  ASSERT_TRUE(opened.store) << opened.problem;
  EXPECT_EQ(read(*opened.store, "k").size(), 200U);
}

TEST_F(StoreWriterOnDisk, AStateRemovedWhileRunningIsWrittenWholeAgain) {
  Opened opened = Store::open(path_);
  ASSERT_TRUE(opened.store) << opened.problem;
  StoreWriter writer(std::move(opened.store));
  writer.submit({put("k", "a", "1")});
  ASSERT_TRUE(writer.flush(soon()));
  std::filesystem::remove(path_);
  writer.submit({put("k", "b", "1")});
  EXPECT_FALSE(writer.flush(soon()));
  ASSERT_TRUE(writer.health().wants_whole) << writer.health().failure;
  EXPECT_THAT(writer.health().failure, HasSubstr("removed or replaced"));
  writer.submit_whole({put("k", "a", "1"), put("k", "b", "1")});
  EXPECT_TRUE(writer.flush(soon())) << writer.health().failure;
  EXPECT_TRUE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace highwater::agent
