// The curves and changes of the pages over a restart, and what a damaged file costs.
#include "agent/history_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "agent/catalogue.h"

namespace highwater::agent {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

class HistoryFileTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string file() const { return folder_ + "/state.db-history"; }
  [[nodiscard]] std::string content() const {
    std::ifstream in(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // An agent's life: what it read, one more note, and its end.
  std::vector<std::string> life(const std::string& note, const std::string& path = "") {
    history::History history;
    changes::Ledger changes;
    HistoryFile kept(path.empty() ? folder_ + "/state.db" : path, history, changes, log_);
    kept.restore(Catalogue({}), WallTime(2h));
    changes.note(WallTime(1h), {}, note);
    kept.keep(SteadyTime(1h));
    kept.stop(5s);
    std::vector<std::string> texts;
    for (const auto& change : changes.between({}, WallTime(2h))) texts.push_back(change.text);
    return texts;
  }

  const std::string folder_ = testing::TempDir() + "history-" +
                              testing::UnitTest::GetInstance()->current_test_info()->name();
  SystemClock clock_;
  std::string said_;
  Log log_{clock_, LogLevel::info, LogForm::human, [this](std::string_view line) {
             said_ += line;
             return true;
           }};
};

TEST_F(HistoryFileTest, SurvivesTheEndOfTheAgent) {
  EXPECT_THAT(life("first"), testing::ElementsAre("first"));
  EXPECT_THAT(life("second"), testing::ElementsAre("first", "second"));
  EXPECT_EQ(said_, "");
  const auto rights = std::filesystem::status(file()).permissions();
  EXPECT_EQ(rights & std::filesystem::perms::others_all, std::filesystem::perms::none);
  EXPECT_FALSE(std::filesystem::exists(file() + ".new"));
}

TEST_F(HistoryFileTest, IsWrittenSoonAfterSomethingWasNoted) {
  history::History history;
  changes::Ledger changes;
  HistoryFile kept(folder_ + "/state.db", history, changes, log_);
  const SteadyTime start(1h);
  kept.keep(start);
  changes.note(WallTime(1h), {}, "deployed");
  kept.soon();
  kept.keep(start + 1s);
  EXPECT_FALSE(std::filesystem::exists(file()));
  kept.keep(start + 2s);
  for (int i = 0; i < 500 && !std::filesystem::exists(file()); ++i)
    std::this_thread::sleep_for(10ms);
  EXPECT_THAT(content(), HasSubstr("deployed"));
  // As an agent that was killed finds it.
  EXPECT_THAT(life("next"), testing::ElementsAre("deployed", "next"));
}

TEST_F(HistoryFileTest, BeginsAnewWhenItIsDamaged) {
  life("first");
  for (const size_t part : {0U, 1U, 2U}) {  // head, body and digest
    std::string damaged = content();
    const size_t at = std::min(part * (damaged.size() / 2), damaged.size() - 1);
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    std::ofstream(file(), std::ios::binary) << damaged;
    said_.clear();
    EXPECT_THAT(life("new"), testing::ElementsAre("new")) << at;
    EXPECT_THAT(said_, HasSubstr("the history of the pages cannot be read; a new one is begun"));
  }
  std::filesystem::resize_file(file(), 30);
  EXPECT_THAT(life("cut"), testing::ElementsAre("cut"));
}

TEST_F(HistoryFileTest, IsNotWrittenWithoutAState) {
  life("first", ":memory:");
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(HistoryFileTest, ThatCannotBeWrittenIsSaidOnceAndStopsNothing) {
  history::History history;
  changes::Ledger changes;
  HistoryFile kept(folder_ + "/missing/state.db", history, changes, log_);
  for (int i = 0; i < 4; ++i) {
    kept.keep(SteadyTime(1h + i * 6min));
    std::this_thread::sleep_for(20ms);
  }
  kept.stop(5s);
  const std::string what = "the history of the pages is not kept";
  EXPECT_THAT(said_, HasSubstr(what));
  EXPECT_EQ(said_.find(what), said_.rfind(what)) << said_;
}

TEST_F(HistoryFileTest, IsWrittenEveryFiveMinutes) {
  history::History history;
  changes::Ledger changes;
  HistoryFile kept(folder_ + "/state.db", history, changes, log_);
  kept.keep(SteadyTime(1h));
  kept.keep(SteadyTime(1h + 4min));
  EXPECT_FALSE(std::filesystem::exists(file()));
  kept.keep(SteadyTime(1h + 5min));
  kept.stop(5s);
  EXPECT_TRUE(std::filesystem::exists(file()));
}

}  // namespace
}  // namespace highwater::agent
