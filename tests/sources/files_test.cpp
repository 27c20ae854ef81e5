#include "collectors/sources/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "collectors/sources/scrape.h"
#include "tests/sources/support.h"

namespace highwater::sources {
namespace {

class FixedClock final : public Clock {
 public:
  [[nodiscard]] Now now() const override { return now_; }
  Now now_ = SystemClock().now();
};

class SourceFiles : public testing::Test {
 protected:
  SourceFiles() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sources-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~SourceFiles() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  [[nodiscard]] SourcePlan plan(const std::string& file) const {
    SourcePlan plan = one_source({metric_mapping(kDepth, "depth", "queue")});
    plan.sources[0].url.clear();
    plan.sources[0].path = (folder_ / file).string();
    return plan;
  }
  [[nodiscard]] Scrape read(const SourcePlan& plan) const {
    return scrape(plan, 0, {}, clock_, std::stop_token());
  }

  std::filesystem::path folder_;
  FixedClock clock_;
};

TEST_F(SourceFiles, AFileIsAPage) {
  write("app.prom", "depth{queue=\"a\"} 3\n");
  const Scrape done = read(plan("app.prom"));
  EXPECT_FALSE(done.failure);
  ASSERT_EQ(done.readings.rows.size(), 1U);
  EXPECT_EQ(done.readings.rows[0].value, 3);
}

TEST_F(SourceFiles, AGlobJoinsAllThatItNames) {
  write("b.prom", "depth{queue=\"b\"} 2\n");
  write("a.prom", "depth{queue=\"a\"} 1\n");
  write("c.txt", "nonsense");
  write(".hidden.prom", "nonsense");
  const Scrape done = read(plan("*.prom"));
  EXPECT_FALSE(done.failure) << done.failure->what;
  ASSERT_EQ(done.readings.rows.size(), 2U);
  EXPECT_EQ(done.readings.rows[0].cells[1].text(), "a");
}

TEST_F(SourceFiles, TheSameSeriesInTwoFilesIsTwo) {
  write("a.prom", "depth{queue=\"a\"} 1\n");
  write("b.prom", "depth{queue=\"a\"} 2\n");
  const Scrape done = read(plan("*.prom"));
  ASSERT_EQ(done.readings.rows.size(), 2U);
  EXPECT_NE(done.readings.rows[0].series, done.readings.rows[1].series);
}

TEST_F(SourceFiles, WhatOneFileHasTheSourceHas) {
  write("a.prom", "other 1\n");
  write("b.prom", "depth{queue=\"a\"} 2\n");
  const Scrape done = read(plan("*.prom"));
  ASSERT_EQ(done.readings.findings.size(), 1U);
  EXPECT_EQ(done.readings.findings[0].found, Found::rows);
}

TEST_F(SourceFiles, ABrokenFileBesideAGoodOneIsAFailureOfItsPart) {
  write("a.prom", "depth{queue=\"a\"} 1\n");
  write("b.prom", "depth{queue=\"b\"} 2");
  const Scrape done = read(plan("*.prom"));
  ASSERT_TRUE(done.failure);
  EXPECT_EQ(done.failure->what, "b.prom: the page is cut off: it ends in the middle of a line");
  EXPECT_EQ(done.readings.rows.size(), 1U);
}

TEST_F(SourceFiles, AFileThatIsNotThereIsAFailure) {
  EXPECT_THAT(read(plan("no.prom")).failure->what, testing::HasSubstr("No such file or directory"));
  EXPECT_EQ(read(plan("*.prom")).failure->what, "no file is called like it");
  EXPECT_THAT(read(plan("nowhere/*.prom")).failure->what, testing::HasSubstr("its folder"));
}

TEST_F(SourceFiles, AFileBeyondTheLimitIsAFailure) {
  write("app.prom", std::string(2000, '#') + "\n");
  SourcePlan small = plan("app.prom");
  small.sources[0].limit = 1024;
  EXPECT_EQ(read(small).failure->what, "app.prom: it is larger than 1024 bytes");
}

TEST_F(SourceFiles, AnOldFileSaysNothing) {
  write("app.prom", "depth{queue=\"a\"} 3\n");
  clock_.now_.wall += std::chrono::hours(2) + std::chrono::minutes(1);
  const Scrape done = read(plan("app.prom"));
  ASSERT_TRUE(done.failure);
  EXPECT_EQ(done.failure->reason, Unknown::not_asked);
  EXPECT_THAT(done.failure->what, testing::HasSubstr("it was last written 2 h"));
}

TEST_F(SourceFiles, WhatIsNoPlainFileIsAFailure) {
  ASSERT_EQ(mkfifo((folder_ / "pipe.prom").c_str(), 0600), 0);
  std::filesystem::create_directory(folder_ / "folder.prom");
  EXPECT_EQ(read(plan("pipe.prom")).failure->what, "pipe.prom: it is no regular file but a FIFO");
  EXPECT_EQ(read(plan("folder.prom")).failure->what, "folder.prom: it is no regular file but a folder");
}

}  // namespace
}  // namespace highwater::sources
