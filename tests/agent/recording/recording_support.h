// What the tests of recordings share: a disk in memory that fails on demand, a folder that goes
// with the test, and a look at whether two observations say the same.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>

#include "agent/core/measure.h"
#include "agent/recording/folder.h"
#include "tests/rules/engine/engine_world.h"

namespace highwater::agent {

// The disk outlives the folder, as a real one does.
struct FakeDisk {
  mutable std::mutex mutex;
  std::map<uint64_t, std::string> files;
  uint64_t room = UINT64_MAX;   // bytes that it holds in all
  uint64_t peak = 0;            // the most it ever held
  bool keeps_torn_end = false;  // a failed write leaves what fitted
  size_t tries = 0;             // to begin a file or to append
  std::mutex* hangs = nullptr;  // taken for each append

  [[nodiscard]] uint64_t used() const {
    uint64_t bytes = 0;
    for (const auto& [number, content] : files) bytes += content.size();
    return bytes;
  }
};

class FakeFolder final : public RecordingFolder {
 public:
  explicit FakeFolder(FakeDisk& disk) : disk_(disk) {}

  Result<std::vector<RecordingFile>> list() override {
    const std::lock_guard lock(disk_.mutex);
    std::vector<RecordingFile> found;
    for (const auto& [number, content] : disk_.files) found.push_back({number, content.size()});
    return found;
  }
  Result<void> begin(uint64_t number) override {
    const std::lock_guard lock(disk_.mutex);
    ++disk_.tries;
    if (!disk_.files.try_emplace(number).second) return fail("it exists");
    current_ = number;
    return {};
  }
  Result<void> append(std::string_view bytes) override {
    if (disk_.hangs != nullptr) const std::lock_guard hanging(*disk_.hangs);
    const std::lock_guard lock(disk_.mutex);
    ++disk_.tries;
    std::string& content = disk_.files.at(current_);
    const uint64_t left = disk_.room - std::min(disk_.room, disk_.used());
    if (bytes.size() > left) {
      if (disk_.keeps_torn_end) content += bytes.substr(0, left);
      return fail("no space left");
    }
    content += bytes;
    disk_.peak = std::max(disk_.peak, disk_.used());
    return {};
  }
  Result<void> remove(uint64_t number) override {
    const std::lock_guard lock(disk_.mutex);
    disk_.files.erase(number);
    return {};
  }

 private:
  FakeDisk& disk_;
  uint64_t current_ = 0;
};

class RecordingTest : public testing::Test {
 protected:
  RecordingTest() {
    std::string name =
        (std::filesystem::temp_directory_path() / "highwater-recording-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~RecordingTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  // Puts what is on a disk into the folder.
  void lay_out(const FakeDisk& disk) const {
    for (const auto& entry : std::filesystem::directory_iterator(folder_))
      std::filesystem::remove(entry.path());
    for (const auto& [number, content] : disk.files) put(recording_file_name(number), content);
  }
  void put(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }

  std::filesystem::path folder_;
};

// Of the small world of the engine's tests.
inline const Catalogue& world_catalogue() {
  using namespace rules::testing;  // NOLINT(google-build-using-namespace)
  static const Catalogue instance({&kReachable, &kQuorumLost, &kFailed, &kSlow, &kUnder,
                                   &kLeaderless, &kInSync, &kMinIsr, &kLag, &kLagSeconds, &kShare});
  return instance;
}

inline Now moment(Duration since) {
  return {SteadyTime(std::chrono::hours(5) + since),
          WallTime(std::chrono::sys_days(std::chrono::year(2026) / 3 / 1)) + since};
}

inline void expect_same_keys(const std::shared_ptr<const KeySet>& one,
                             const std::shared_ptr<const KeySet>& other) {
  ASSERT_EQ(one == nullptr, other == nullptr);
  if (one == nullptr) return;
  EXPECT_TRUE(std::ranges::equal(one->dimensions(), other->dimensions()));
  ASSERT_EQ(one->rows(), other->rows());
  for (size_t row = 0; row < one->rows(); ++row)
    ASSERT_TRUE(std::ranges::equal(one->row(row), other->row(row))) << "row " << row;
}

// What rules read of them.
inline void expect_same(const Observation& one, const Observation& other) {
  EXPECT_EQ(one.cluster, other.cluster);
  EXPECT_EQ(one.part, other.part);
  EXPECT_EQ(one.at.steady, other.at.steady);
  EXPECT_EQ(one.at.wall, other.at.wall);
  EXPECT_EQ(one.cadence, other.cadence);
  ASSERT_EQ(one.tables.size(), other.tables.size());
  for (size_t i = 0; i < one.tables.size(); ++i) {
    const Table& a = one.tables[i];
    const Table& b = other.tables[i];
    EXPECT_EQ(a.measure, b.measure);
    expect_same_keys(a.keys, b.keys);
    ASSERT_EQ(a.rows(), b.rows());
    for (size_t row = 0; row < a.rows(); ++row) {
      ASSERT_EQ(a.reason(row), b.reason(row)) << a.measure->name << " row " << row;
      if (!a.known(row)) continue;
      ASSERT_EQ(std::bit_cast<uint64_t>(a.values[row]), std::bit_cast<uint64_t>(b.values[row]))
          << a.measure->name << " row " << row << ": " << a.values[row] << " " << b.values[row];
    }
  }
  ASSERT_EQ(one.relations.size(), other.relations.size());
  for (size_t i = 0; i < one.relations.size(); ++i) {
    EXPECT_EQ(one.relations[i].name, other.relations[i].name);
    expect_same_keys(one.relations[i].from, other.relations[i].from);
    expect_same_keys(one.relations[i].to, other.relations[i].to);
    EXPECT_EQ(one.relations[i].pairs, other.relations[i].pairs);
  }
}

}  // namespace highwater::agent
