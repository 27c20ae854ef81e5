// The ring on a disk that fills up, fails and recovers; what is read from it afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "agent/recording/frames.h"
#include "agent/recording/reader.h"
#include "agent/recording/ring.h"
#include "tests/agent/recording/recording_support.h"

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;
using rules::testing::FakeCluster;
using rules::testing::kLag;
using rules::testing::kShare;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint64_t kKeep = 20'000;

class RecordingRingTest : public RecordingTest {
 protected:
  RecordingRingTest() {
    for (int i = 0; i < 50; ++i) cluster_.set(kLag, {"payments", "orders", std::to_string(i)}, 0);
  }

  RecordingRing ring(uint64_t keep = kKeep) {
    return {std::make_unique<FakeFolder>(disk_), keep, TraceId::random()};
  }

  // The share says which second it was; some lag changes as well.
  Result<void> write(RecordingRing& ring, int second, bool gap = false) {
    cluster_.set(kShare, {}, second);
    cluster_.set(kLag, {"payments", "orders", std::to_string(second % 50)}, second * 1000);
    cluster_.publish(snapshot_, moment(second * 1s));
    return ring.write(snapshot_, moment(second * 1s), gap);
  }

  struct Seen {
    std::vector<int> seconds;
    std::vector<int> after_gap;
    std::vector<std::string> notes;
    std::string error;
  };
  Seen read(const std::filesystem::path& path) const {
    Seen seen;
    const auto reader = RecordingReader::open(path, world_catalogue());
    if (!reader) return {{}, {}, {}, reader.error().message};
    while (true) {
      auto moment = (*reader)->next();
      if (!moment) seen.error = moment.error().message;
      if (!moment || !*moment) break;
      int second = -1;
      for (const ObservationPtr& one : (*moment)->news) {
        const Table* const table = one->find(kShare);
        if (table != nullptr) second = static_cast<int>(table->values[0]);
      }
      seen.seconds.push_back(second);
      if ((*moment)->after_gap) seen.after_gap.push_back(second);
    }
    seen.notes = (*reader)->notes();
    return seen;
  }
  Seen read_disk() const {
    lay_out(disk_);
    return read(folder_);
  }

  static std::vector<int> seconds(int first, int last) {
    std::vector<int> all;
    for (int i = first; i <= last; ++i) all.push_back(i);
    return all;
  }

  FakeDisk disk_;
  FakeCluster cluster_;
  Snapshot snapshot_;
};

TEST_F(RecordingRingTest, WhatWasWrittenIsReadInItsOrder) {
  RecordingRing one = ring();
  for (int i = 1; i <= 20; ++i) ASSERT_TRUE(write(one, i));
  const Seen seen = read_disk();
  EXPECT_EQ(seen.seconds, seconds(1, 20));
  EXPECT_THAT(seen.after_gap, IsEmpty());
  EXPECT_THAT(seen.notes, IsEmpty());
  EXPECT_EQ(seen.error, "");
}

TEST_F(RecordingRingTest, ItNeverHoldsMoreThanItMayAndLosesTheOldestFirst) {
  RecordingRing one = ring();
  for (int i = 1; i <= 1200; ++i) ASSERT_TRUE(write(one, i));
  EXPECT_LE(disk_.peak, kKeep);
  EXPECT_GT(disk_.used(), kKeep * 3 / 4);
  EXPECT_EQ(one.bytes(), disk_.used());
  const Seen seen = read_disk();
  ASSERT_GT(seen.seconds.size(), 100U);
  EXPECT_EQ(seen.seconds, seconds(1201 - static_cast<int>(seen.seconds.size()), 1200));
  EXPECT_THAT(seen.after_gap, IsEmpty());
}

TEST_F(RecordingRingTest, EachFileIsReadableByItself) {
  RecordingRing one = ring();
  for (int i = 1; i <= 500; ++i) ASSERT_TRUE(write(one, i));
  ASSERT_GT(disk_.files.size(), 2U);
  lay_out(disk_);
  const std::string last = recording_file_name(disk_.files.rbegin()->first);
  const auto reader = RecordingReader::open(folder_ / last, world_catalogue());
  ASSERT_TRUE(reader);
  const auto first = (*reader)->next();
  ASSERT_TRUE(first && *first);
  size_t rows = 0;
  for (const ObservationPtr& one_part : (*first)->news) {
    if (const Table* lag = one_part->find(kLag)) rows = lag->rows();
  }
  EXPECT_EQ(rows, 50U) << "also what did not change there";
}

TEST_F(RecordingRingTest, ARingOfAnEarlierRunGoesOnWithAGap) {
  {
    RecordingRing one = ring();
    for (int i = 1; i <= 100; ++i) ASSERT_TRUE(write(one, i));
  }
  RecordingRing next = ring();
  for (int i = 200; i <= 300; ++i) ASSERT_TRUE(write(next, i));
  EXPECT_LE(disk_.peak, kKeep);
  EXPECT_THAT(read_disk().after_gap, ElementsAre(200));
}

TEST_F(RecordingRingTest, ASmallerSizeAppliesToWhatIsThere) {
  {
    RecordingRing one = ring();
    for (int i = 1; i <= 1000; ++i) ASSERT_TRUE(write(one, i));
  }
  RecordingRing next = ring(kKeep / 2);
  ASSERT_TRUE(write(next, 2000));
  EXPECT_LE(disk_.used(), kKeep / 2);
}

TEST_F(RecordingRingTest, AMomentThatDoesNotFitIsRefusedWithAdvice) {
  RecordingRing one = ring(500);
  const auto written = write(one, 1);
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message, HasSubstr("record: {keep: ...}"));
  EXPECT_EQ(disk_.used(), 0U);
}

TEST_F(RecordingRingTest, AFullDiskMakesAGapAndNoEmptyFiles) {
  RecordingRing one = ring();
  for (int i = 1; i <= 10; ++i) ASSERT_TRUE(write(one, i));
  const size_t files = disk_.files.size();
  disk_.room = disk_.used() + 5;
  for (int i = 11; i <= 40; ++i) EXPECT_FALSE(write(one, i));
  EXPECT_EQ(disk_.files.size(), files);
  disk_.room = UINT64_MAX;
  for (int i = 41; i <= 60; ++i) EXPECT_TRUE(write(one, i));
  const Seen seen = read_disk();
  std::vector<int> expected = seconds(1, 10);
  for (const int second : seconds(41, 60)) expected.push_back(second);
  EXPECT_EQ(seen.seconds, expected);
  EXPECT_THAT(seen.after_gap, ElementsAre(41));
  EXPECT_EQ(seen.error, "");
}

TEST_F(RecordingRingTest, AWriteThatTearsIsLeftOutWithANote) {
  RecordingRing one = ring();
  for (int i = 1; i <= 10; ++i) ASSERT_TRUE(write(one, i));
  disk_.keeps_torn_end = true;
  disk_.room = disk_.used() + 15;
  EXPECT_FALSE(write(one, 11));
  disk_.room = UINT64_MAX;
  EXPECT_TRUE(write(one, 12));
  const Seen seen = read_disk();
  EXPECT_EQ(seen.seconds.size(), 11U);
  EXPECT_THAT(seen.after_gap, ElementsAre(12));
  EXPECT_THAT(seen.notes, ElementsAre(HasSubstr("cut off")));
  EXPECT_EQ(one.bytes(), disk_.used()) << "also what tore counts";
}

// Killed at any byte.
TEST_F(RecordingRingTest, AFileThatEndsAnywhereIsReadUpToThere) {
  RecordingRing one = ring();
  for (int i = 1; i <= 6; ++i) ASSERT_TRUE(write(one, i));
  ASSERT_EQ(disk_.files.size(), 1U);
  const std::string whole = disk_.files.begin()->second;
  size_t before = 0;
  for (size_t size = 0; size <= whole.size(); ++size) {
    disk_.files.begin()->second = whole.substr(0, size);
    const Seen seen = read_disk();
    ASSERT_EQ(seen.error, "") << size;
    ASSERT_GE(seen.seconds.size(), before);
    ASSERT_LE(seen.seconds.size(), before + 1);
    before = seen.seconds.size();
  }
  EXPECT_EQ(before, 6U);
}

TEST_F(RecordingRingTest, DamageIsAnErrorThatNamesTheFileAndThePlace) {
  RecordingRing one = ring();
  for (int i = 1; i <= 6; ++i) ASSERT_TRUE(write(one, i));
  const std::string whole = disk_.files.begin()->second;
  for (size_t at = 0; at < whole.size(); at += 3) {
    std::string& content = disk_.files.begin()->second;
    content = whole;
    content[at] = static_cast<char>(content[at] ^ 4);
    const Seen seen = read_disk();
    ASSERT_THAT(seen.error, HasSubstr(recording_file_name(disk_.files.begin()->first))) << at;
    ASSERT_LT(seen.seconds.size(), 6U);
  }
}

TEST_F(RecordingRingTest, AFileThatIsMissingIsAGap) {
  RecordingRing one = ring();
  for (int i = 1; i <= 600; ++i) ASSERT_TRUE(write(one, i));
  ASSERT_GT(disk_.files.size(), 3U);
  disk_.files.erase(std::next(disk_.files.begin()));
  const Seen seen = read_disk();
  EXPECT_EQ(seen.error, "");
  EXPECT_EQ(seen.after_gap.size(), 1U);
}

TEST_F(RecordingRingTest, AGapWithinAFileBringsBackAllThatIsCurrent) {
  RecordingRing one = ring();
  ASSERT_TRUE(write(one, 1));
  FakeCluster other("test");
  other.set(kShare, {}, 7);
  other.publish(snapshot_, moment(2s));
  ASSERT_TRUE(one.write(snapshot_, moment(2s), false));
  ASSERT_TRUE(write(one, 3, true));
  lay_out(disk_);
  const auto reader = RecordingReader::open(folder_, world_catalogue());
  ASSERT_TRUE(reader);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE((*reader)->next());
  const auto third = (*reader)->next();
  ASSERT_TRUE(third && *third);
  EXPECT_TRUE((*third)->after_gap);
  EXPECT_EQ((*third)->news.size(), snapshot_.observations.size());
}

TEST_F(RecordingRingTest, OtherFilesAreNoRecording) {
  put("notes.txt", "hello");
  EXPECT_THAT(read(folder_).error, HasSubstr("holds no recording"));
  EXPECT_FALSE(is_recording(folder_ / "notes.txt"));
  put("recording-0000000001.hwrec", "something else altogether");
  EXPECT_THAT(read(folder_).error, HasSubstr("no recording, or one of a later version"));
}

TEST_F(RecordingRingTest, OnARealDiskFilesAreForTheOwnerAndGroupAndOneAgentAtATime) {
  const std::filesystem::path path = folder_ / "deep" / "recording";
  RecordingRing one(make_recording_folder(path), kKeep, TraceId::random());
  for (int i = 1; i <= 1000; ++i) ASSERT_TRUE(write(one, i));
  uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    struct stat status {};
    ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777 & ~0640U, 0U) << entry.path();
    bytes += entry.file_size();
  }
  EXPECT_LE(bytes, kKeep);
  EXPECT_EQ(bytes, one.bytes());
  EXPECT_EQ(read(path).seconds.back(), 1000);

  RecordingRing other(make_recording_folder(path), kKeep, TraceId::random());
  const auto refused = write(other, 2000);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("another agent records to"));
}

TEST_F(RecordingRingTest, AFolderThatSomebodyRemovedIsMadeAnew) {
  const std::filesystem::path path = folder_ / "recording";
  RecordingRing one(make_recording_folder(path), kKeep, TraceId::random());
  ASSERT_TRUE(write(one, 1));
  std::filesystem::remove_all(path);
  int second = 2;
  while (second < 1000 && write(one, second)) ++second;
  ASSERT_LT(second, 1000) << "the next file has no place";
  ASSERT_TRUE(write(one, 1000));
  EXPECT_THAT(read(path).seconds, ElementsAre(1000));
}

TEST_F(RecordingRingTest, AFolderThatCannotBeMadeIsSaid) {
  put("file", "");
  RecordingRing one(make_recording_folder(folder_ / "file" / "recording"), kKeep,
                    TraceId::random());
  const auto written = write(one, 1);
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message, HasSubstr("cannot create the folder"));
}

}  // namespace
}  // namespace highwater::agent
