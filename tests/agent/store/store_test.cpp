#include "agent/store/store.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "agent/store/files.h"
#include "agent/store/schema.h"
#include "agent/store/sqlite.h"
#include "tests/agent/store/store_support.h"

namespace highwater::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using StoreTest = StoreFolder;

TEST_F(StoreTest, WhatWasCommittedIsThereAfterReopening) {
  {
    const Opened opened = Store::open(path_);
    ASSERT_TRUE(opened.store) << opened.problem;
    EXPECT_EQ(opened.outcome, OpenOutcome::created);
    EXPECT_EQ(opened.problem, "");
    commit(*opened.store, {put("alert", "b", "2"), put("alert", "a", "1"), put("budget", "a", "")});
    commit(*opened.store, {put("alert", "a", "one"), gone("alert", "b"), gone("alert", "never")});
  }
  const Opened opened = Store::open(path_);
  ASSERT_TRUE(opened.store) << opened.problem;
  EXPECT_EQ(opened.outcome, OpenOutcome::opened);
  EXPECT_THAT(read(*opened.store, "alert"), ElementsAre(Record{"a", "one"}));
  EXPECT_THAT(read(*opened.store, "budget"), ElementsAre(Record{"a", ""}));
  EXPECT_THAT(read(*opened.store, "incident"), IsEmpty());
}

TEST_F(StoreTest, KeysAndValuesMayHoldAnyBytes) {
  const std::string odd("\0\xff' %\n", 6);
  {
    const Opened opened = Store::open(path_);
    ASSERT_TRUE(opened.store) << opened.problem;
    commit(*opened.store, {put(odd, odd, odd), put(odd, odd + "x", std::string(300'000, '\0'))});
  }
  const Opened opened = Store::open(path_);
  ASSERT_TRUE(opened.store) << opened.problem;
  EXPECT_THAT(read(*opened.store, odd),
              ElementsAre(Record{odd, odd}, Record{odd + "x", std::string(300'000, '\0')}));
}

TEST_F(StoreTest, TheLaterChangeOfOneCommitWins) {
  const Opened opened = Store::open(path_);
  commit(*opened.store, {put("k", "a", "1"), gone("k", "a"), put("k", "a", "2"), put("k", "b", "1"),
                         gone("k", "b")});
  EXPECT_THAT(read(*opened.store, "k"), ElementsAre(Record{"a", "2"}));
}

TEST_F(StoreTest, ReplacingLeavesNothingElse) {
  const Opened opened = Store::open(path_);
  commit(*opened.store, {put("k", "a", "1"), put("other", "b", "1")});
  ASSERT_TRUE(opened.store->replace(std::vector{put("k", "c", "3")}));
  EXPECT_THAT(read(*opened.store, "k"), ElementsAre(Record{"c", "3"}));
  EXPECT_THAT(read(*opened.store, "other"), IsEmpty());
}

TEST_F(StoreTest, MissingFoldersAreMadeForUsAlone) {
  const std::string path = (folder_ / "a" / "b" / "state.db").string();
  const Opened opened = Store::open(path);
  ASSERT_TRUE(opened.store) << opened.problem;
  struct stat status {};
  ASSERT_EQ(stat((folder_ / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(StoreTest, ClosingLeavesTheStateAndItsLockAlone) {
  make_state(path_, 10);
  EXPECT_THAT(names(), ElementsAre("state.db", "state.db.lock"));
}

TEST_F(StoreTest, AnEmptyFileBecomesAState) {
  overwrite(path_, "");
  const Opened opened = Store::open(path_);
  ASSERT_TRUE(opened.store) << opened.problem;
  EXPECT_EQ(opened.outcome, OpenOutcome::created);
}

TEST_F(StoreTest, AStateThatWasEmptiedIsSaidToHaveBeen) {
  make_state(path_, 3);
  overwrite(path_, "");
  const Opened opened = Store::open(path_);
  ASSERT_TRUE(opened.store) << opened.problem;
  EXPECT_EQ(opened.outcome, OpenOutcome::set_aside);
  EXPECT_THAT(opened.problem, HasSubstr("it is empty"));
  EXPECT_THAT(opened.problem, HasSubstr("budgets start empty"));
}

TEST_F(StoreTest, ACreationThatWasCutOffIsBegunAgain) {
  overwrite(path_ + ".new", "half");
  overwrite(path_ + ".new-wal", "half");
  const Opened opened = Store::open(path_);
  ASSERT_TRUE(opened.store) << opened.problem;
  EXPECT_EQ(opened.outcome, OpenOutcome::created);
  EXPECT_THAT(names("state.db.new"), IsEmpty());
}

TEST_F(StoreTest, AStateInMemoryIsSaidToBeOne) {
  const Opened opened = Store::open(":memory:");
  ASSERT_TRUE(opened.store) << opened.problem;
  EXPECT_EQ(opened.outcome, OpenOutcome::memory);
  EXPECT_THAT(opened.problem, HasSubstr("lost when the agent ends"));
  commit(*opened.store, {put("k", "a", "1")});
  commit(*opened.store, {put("k", "b", "1")});
  EXPECT_EQ(read(*opened.store, "k").size(), 2U);
}

TEST_F(StoreTest, TheLogDoesNotGrowWithEveryCommit) {
  const Opened opened = Store::open(path_);
  for (int i = 0; i < 40; ++i)
    commit(*opened.store, {put("k", "a", std::string(1 << 20, static_cast<char>('a' + i % 26)))});
  EXPECT_LT(std::filesystem::file_size(path_ + "-wal"), 10U << 20U);
}

TEST_F(StoreTest, AFileOfTheVersionBeforeIsMigrated) {
  overwrite(path_, "");
  {
    auto database = sqlite::Database::open(path_);
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->run("PRAGMA application_id=" + std::to_string(kStateApplicationId)));
    ASSERT_TRUE(database->run("PRAGMA user_version=" + std::to_string(schema_version() - 1)));
  }
  const Opened opened = Store::open(path_);
  ASSERT_TRUE(opened.store) << opened.problem;
  EXPECT_EQ(opened.outcome, OpenOutcome::opened);
  commit(*opened.store, {put("k", "a", "1")});
}

TEST_F(StoreTest, AStateWhoseVersionWasLostIsSetAside) {
  make_state(path_, 3);
  {
    auto database = sqlite::Database::open(path_);
    ASSERT_TRUE(database->run("PRAGMA user_version=0"));
  }
  const Opened opened = Store::open(path_);
  ASSERT_TRUE(opened.store) << opened.problem;
  EXPECT_EQ(opened.outcome, OpenOutcome::set_aside);
  EXPECT_THAT(opened.problem, HasSubstr("its schema has version 0"));
  commit(*opened.store, {put("k", "a", "1")});
}

TEST_F(StoreTest, MigrationTakesTheMissingStepsAndKeepsTheRecords) {
  make_state(path_, 3);
  auto database = sqlite::Database::open(path_);
  ASSERT_TRUE(database);
  std::vector<std::string> steps(schema_steps().begin(), schema_steps().end());
  steps.emplace_back("ALTER TABLE records ADD COLUMN note TEXT NOT NULL DEFAULT 'old'");
  steps.emplace_back("UPDATE records SET note='new' WHERE key='entity-1'");
  ASSERT_TRUE(migrate(*database, steps));
  EXPECT_EQ(*database->number("PRAGMA user_version"), static_cast<int64_t>(steps.size()));
  EXPECT_EQ(
      *database->text("SELECT group_concat(note) FROM (SELECT note FROM records ORDER BY key)"),
      "old,new,old");
}

TEST_F(StoreTest, AMigrationThatFailsLeavesTheVersionBefore) {
  make_state(path_, 3);
  auto database = sqlite::Database::open(path_);
  ASSERT_TRUE(database);
  std::vector<std::string> steps(schema_steps().begin(), schema_steps().end());
  steps.emplace_back("DELETE FROM records; SELECT no_such_function()");
  EXPECT_FALSE(migrate(*database, steps));
  EXPECT_EQ(*database->number("PRAGMA user_version"), schema_version());
  EXPECT_EQ(*database->number("SELECT count(*) FROM records"), 3);
}

TEST_F(StoreTest, AFileOfALaterVersionIsRefusedAndNotTouched) {
  make_state(path_, 3);
  {
    auto database = sqlite::Database::open(path_);
    ASSERT_TRUE(database->run("PRAGMA user_version=" + std::to_string(schema_version() + 1)));
  }
  const std::string before = content(path_);
  const Opened opened = Store::open(path_);
  EXPECT_FALSE(opened.store);
  EXPECT_EQ(opened.outcome, OpenOutcome::refused);
  EXPECT_THAT(opened.problem, HasSubstr("a newer Highwater wrote it"));
  EXPECT_TRUE(content(path_) == before);
  EXPECT_THAT(names(), ElementsAre("state.db", "state.db.lock"));
}

TEST_F(StoreTest, ALaterVersionThatOnlyTheLogKnowsIsNotTouchedEither) {
  make_state(path_, 3);
  in_child([&] {
    auto database = sqlite::Database::open(path_);
    (void)database->run("PRAGMA user_version=" + std::to_string(schema_version() + 1));
    // Ends without closing, as a killed process does.
    database->keep_log_on_close(true);
    return std::string();
  });
  const std::string before = content(path_);
  const std::string log_before = content(path_ + "-wal");
  ASSERT_FALSE(log_before.empty());
  const Opened opened = Store::open(path_);
  EXPECT_FALSE(opened.store);
  EXPECT_THAT(opened.problem, HasSubstr("a newer Highwater wrote it"));
  EXPECT_TRUE(content(path_) == before);
  EXPECT_TRUE(content(path_ + "-wal") == log_before);
}

}  // namespace
}  // namespace highwater::agent
