// What can be wrong with a state: rights, room, other agents, damage, and files that are not ours.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <random>

#include "agent/store/sqlite.h"
#include "tests/agent/store/store_support.h"

namespace highwater::agent {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::SizeIs;

class StoreFault : public StoreFolder {
 protected:
  void expect_untouched(const std::string& text, const std::string& piece) {
    overwrite(path_, text);
    const Opened opened = Store::open(path_);
    EXPECT_FALSE(opened.store);
    EXPECT_EQ(opened.outcome, OpenOutcome::refused);
    EXPECT_THAT(opened.problem, AllOf(HasSubstr(path_), HasSubstr(piece)));
    EXPECT_TRUE(content(path_) == text);
  }

  // The damaged file is kept as it is, and an empty state takes its place.
  void expect_set_aside() {
    const std::string before = content(path_);
    const Opened opened = Store::open(path_);
    ASSERT_TRUE(opened.store) << opened.problem;
    EXPECT_EQ(opened.outcome, OpenOutcome::set_aside) << opened.problem;
    EXPECT_THAT(read(*opened.store, "budget"), IsEmpty());
    commit(*opened.store, {put("k", "a", "1")});
    const auto aside = names("state.db.damaged-");
    ASSERT_THAT(aside, SizeIs(1));
    EXPECT_THAT(aside[0], MatchesRegex("state\\.db\\.damaged-[0-9]{8}T[0-9]{6}Z"));
    EXPECT_THAT(opened.problem, AllOf(HasSubstr(path_), HasSubstr(aside[0])));
    EXPECT_TRUE(content(folder_ / aside[0]) == before);
  }

  void scribble(size_t from, size_t count) {
    std::string text = content(path_);
    std::mt19937 random(1);
    for (size_t at = from; at < from + count && at < text.size(); ++at)
      text[at] = static_cast<char>(random());
    overwrite(path_, text);
  }
};

TEST_F(StoreFault, AFolderWithoutRightsIsNamed) {
  ASSERT_EQ(chmod(folder_.c_str(), 0555), 0);
  const std::string problem = in_child([&] { return Store::open(path_).problem; }, kNobody);
  EXPECT_THAT(problem, AllOf(HasSubstr(path_), HasSubstr("Permission denied"),
                             HasSubstr(std::to_string(geteuid() == 0 ? kNobody : geteuid())),
                             HasSubstr("state: {path: ...}")));
  const std::string deeper = (folder_ / "sub" / "state.db").string();
  const std::string unmade = in_child([&] { return Store::open(deeper).problem; }, kNobody);
  EXPECT_THAT(unmade, AllOf(HasSubstr("cannot create the folder"), HasSubstr("sub")));
}

TEST_F(StoreFault, AReadOnlyFileIsRefusedAndKept) {
  make_state(path_, 3);
  ASSERT_EQ(chmod(path_.c_str(), 0444), 0);
  ASSERT_EQ(chmod((path_ + ".lock").c_str(), 0666), 0);
  ASSERT_EQ(chmod(folder_.c_str(), 0777), 0);
  const std::string problem = in_child([&] { return Store::open(path_).problem; }, kNobody);
  EXPECT_THAT(problem, AllOf(HasSubstr("cannot write " + path_), HasSubstr("Permission denied")));
  EXPECT_THAT(names(), ElementsAre("state.db", "state.db.lock"));
}

TEST_F(StoreFault, AFolderInPlaceOfTheFileIsRefused) {
  std::filesystem::create_directory(path_);
  EXPECT_THAT(Store::open(path_).problem, HasSubstr("is a folder"));
}

TEST_F(StoreFault, APipeInPlaceOfTheFileIsRefusedAtOnce) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_THAT(Store::open(path_).problem, HasSubstr("no regular file"));
}

TEST_F(StoreFault, AFileInPlaceOfTheFolderIsRefused) {
  overwrite(folder_ / "file", "x");
  EXPECT_THAT(Store::open((folder_ / "file" / "state.db").string()).problem,
              HasSubstr("is no folder"));
}

TEST_F(StoreFault, ACommitBeyondTheLimitFailsAndChangesNothing) {
  const Opened opened = Store::open(path_, {.max_bytes = 1 << 20});
  ASSERT_TRUE(opened.store) << opened.problem;
  commit(*opened.store, {put("k", "a", "1")});
  const auto done = opened.store->commit(
      std::vector{put("k", "a", "2"), put("k", "b", std::string(2 << 20, 'x'))});
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, AllOf(HasSubstr(path_), HasSubstr("limit of 1048576 bytes")));
  EXPECT_THAT(read(*opened.store, "k"), ElementsAre(Record{"a", "1"}));
  commit(*opened.store, {put("k", "a", "3")});
  EXPECT_THAT(read(*opened.store, "k"), ElementsAre(Record{"a", "3"}));
}

TEST_F(StoreFault, ADiskThatTakesNoMoreFailsTheCommitUntilItDoesAgain) {
  const std::string heard = in_child([&] {
    signal(SIGXFSZ, SIG_IGN);
    const Opened opened = Store::open(path_);
    (void)opened.store->commit(std::vector{put("k", "a", "1")});
    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    const rlimit tight{200'000, limit.rlim_max};
    setrlimit(RLIMIT_FSIZE, &tight);
    const auto done = opened.store->commit(
        std::vector{put("k", "a", "2"), put("k", "b", std::string(500'000, 'x'))});
    std::string said = done ? "no failure" : done.error().message;
    setrlimit(RLIMIT_FSIZE, &limit);
    said += read(*opened.store, "k") == std::vector{Record{"a", "1"}} ? " [kept]" : " [changed]";
    said += opened.store->commit(std::vector{put("k", "c", std::string(500'000, 'x'))})
                ? " [goes on]"
                : " [stuck]";
    return said;
  });
  EXPECT_THAT(heard, AllOf(HasSubstr(path_), HasSubstr("File too large"), HasSubstr("[kept]"),
                           HasSubstr("[goes on]")));
  const Opened opened = Store::open(path_);
  ASSERT_EQ(opened.outcome, OpenOutcome::opened) << opened.problem;
  EXPECT_EQ(read(*opened.store, "k").size(), 2U);
}

TEST_F(StoreFault, ADiskThatIsFullFromTheStartIsSaid) {
  const std::string heard = in_child([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit tight{2'000, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &tight);
    return Store::open(path_).problem;
  });
  EXPECT_THAT(heard, AllOf(HasSubstr(path_), HasSubstr("File too large")));
  const Opened opened = Store::open(path_);
  EXPECT_EQ(opened.outcome, OpenOutcome::created) << opened.problem;
}

TEST_F(StoreFault, ASecondAgentIsRefusedWithTheProcessOfTheFirst) {
  const Opened first = Store::open(path_);
  ASSERT_TRUE(first.store);
  const std::string problem = in_child([&] { return Store::open(path_).problem; });
  EXPECT_THAT(problem, AllOf(HasSubstr("in use by another agent"),
                             HasSubstr("process " + std::to_string(getpid()))));
  const Opened second = Store::open(path_);  // and within one process
  EXPECT_THAT(second.problem, HasSubstr("in use by another agent"));
  commit(*first.store, {put("k", "a", "1")});
}

TEST_F(StoreFault, ALinkToTheFileIsTheSameState) {
  const Opened first = Store::open(path_);
  std::filesystem::create_symlink(path_, folder_ / "other.db");
  EXPECT_THAT(Store::open((folder_ / "other.db").string()).problem,
              HasSubstr("in use by another agent"));
}

TEST_F(StoreFault, ASecondAgentIsRefusedAlsoWhenTheLockFileWasRemoved) {
  const Opened first = Store::open(path_);
  std::filesystem::remove(path_ + ".lock");
  const std::string problem = in_child([&] { return Store::open(path_).problem; });
  EXPECT_THAT(problem, HasSubstr("in use by another program"));
  commit(*first.store, {put("k", "a", "1")});
}

TEST_F(StoreFault, TheLockIsFreeAsSoonAsItsHolderIsKilled) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t holder = fork();
  if (holder == 0) {
    const Opened opened = Store::open(path_);
    (void)!opened.store->commit(std::vector{put("k", "a", "1")});
    (void)!write(ready[1], "x", 1);
    pause();
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_FALSE(Store::open(path_).store);
  kill(holder, SIGKILL);
  waitpid(holder, nullptr, 0);
  const Opened opened = Store::open(path_);
  ASSERT_TRUE(opened.store) << opened.problem;
  EXPECT_THAT(read(*opened.store, "k"), ElementsAre(Record{"a", "1"}));
  close(ready[0]);
  close(ready[1]);
}

TEST_F(StoreFault, RandomBytesInTheHeaderSetItAside) {
  make_state(path_, 200);
  scribble(0, 100);
  expect_set_aside();
}

TEST_F(StoreFault, RandomBytesBehindTheNameInTheHeaderSetItAside) {
  make_state(path_, 200);
  scribble(16, 84);
  expect_set_aside();
}

TEST_F(StoreFault, ARandomFirstPageSetsItAside) {
  make_state(path_, 200);
  scribble(0, 4096);
  expect_set_aside();
}

TEST_F(StoreFault, RandomBytesInTheMiddleSetItAside) {
  make_state(path_, 200);
  scribble(40'000, 5'000);
  expect_set_aside();
}

TEST_F(StoreFault, OneByteOfOneValueSetsItAside) {
  make_state(path_, 200);
  std::string text = content(path_);
  const size_t at = text.rfind("vvvvvvvv");
  ASSERT_NE(at, std::string::npos);
  text[at] = 'w';
  overwrite(path_, text);
  expect_set_aside();
}

class StoreTruncated : public StoreFault, public testing::WithParamInterface<size_t> {};
TEST_P(StoreTruncated, IsSetAside) {
  make_state(path_, 200);
  std::filesystem::resize_file(path_, GetParam());
  expect_set_aside();
}
INSTANTIATE_TEST_SUITE_P(At, StoreTruncated,
                         testing::Values(1, 15, 50, 100, 1000, 4096, 5000, 40960));

TEST_F(StoreFault, TheLogOfADamagedFileIsKeptUnderItsName) {
  make_state(path_, 200);
  scribble(0, 4096);
  overwrite(path_ + "-wal", "the log");
  const Opened opened = Store::open(path_);
  EXPECT_EQ(opened.outcome, OpenOutcome::set_aside) << opened.problem;
  const auto aside = names("state.db.damaged-");
  ASSERT_THAT(aside, SizeIs(2));
  EXPECT_EQ(aside[1], aside[0] + "-wal");
  EXPECT_EQ(content(folder_ / aside[1]), "the log");
}

TEST_F(StoreFault, TheLogOfAFileDamagedInTheMiddleIsKeptToo) {
  make_state(path_, 200);
  in_child([&] {
    Opened opened = Store::open(path_);
    (void)!opened.store->commit(std::vector{put("k", "a", "1")});
    (void)opened.store.release();  // ends without closing, as a killed process does
    return std::string();
  });
  const std::string log = content(path_ + "-wal");
  ASSERT_FALSE(log.empty());
  scribble(40'000, 5'000);
  const std::string before = content(path_);
  EXPECT_EQ(Store::open(path_).outcome, OpenOutcome::set_aside);
  const auto aside = names("state.db.damaged-");
  ASSERT_THAT(aside, SizeIs(2));
  EXPECT_TRUE(content(folder_ / aside[0]) == before);
  EXPECT_TRUE(content(folder_ / aside[1]) == log);
}

TEST_F(StoreFault, ALogWithoutItsFileIsKept) {
  overwrite(path_ + "-wal", "the log");
  const Opened opened = Store::open(path_);
  ASSERT_TRUE(opened.store) << opened.problem;
  EXPECT_EQ(opened.outcome, OpenOutcome::set_aside);
  const auto aside = names("state.db.damaged-");
  ASSERT_THAT(aside, SizeIs(1));
  EXPECT_EQ(content(folder_ / aside[0]), "the log");
}

TEST_F(StoreFault, TwoDamagedFilesOfOneSecondAreBothKept) {
  for (int i = 0; i < 3; ++i) {
    make_state(path_, 20);
    scribble(0, 4096);
  }
  (void)Store::open(path_);
  EXPECT_THAT(names("state.db.damaged-"), SizeIs(3));
}

TEST_F(StoreFault, AUsersTextIsRefusedAndNotTouched) {
  expect_untouched("groceries: milk, bread\n", "no state of Highwater's");
}

TEST_F(StoreFault, ALongTextThatQuotesOurTableIsNotOurs) {
  expect_untouched(std::string(300, 'x') +
                       "CREATE TABLE records(kind TEXT NOT NULL,key TEXT NOT NULL,value BLOB NOT "
                       "NULL,checksum INTEGER NOT NULL,PRIMARY KEY(kind,key))WITHOUT ROWID",
                   "no state of Highwater's");
}

TEST_F(StoreFault, AnotherProgramsDatabaseIsRefusedAndNotTouched) {
  overwrite(path_, "");
  {
    auto database = sqlite::Database::open(path_);
    ASSERT_TRUE(database->run("CREATE TABLE photos(name TEXT)"));
  }
  expect_untouched(content(path_), "another program's database");
}

TEST_F(StoreFault, AFileRemovedWhileInUseIsBegunAnewWithTheWholeState) {
  const Opened opened = Store::open(path_);
  commit(*opened.store, {put("k", "a", "1"), put("k", "b", "1")});
  for (const auto& entry : std::filesystem::directory_iterator(folder_))
    std::filesystem::remove(entry.path());
  const auto done = opened.store->commit(std::vector{put("k", "a", "2")});
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("was removed or replaced while in use"));
  EXPECT_TRUE(opened.store->wants_whole());
  EXPECT_FALSE(opened.store->commit(std::vector{put("k", "a", "3")}));
  ASSERT_TRUE(opened.store->replace(std::vector{put("k", "a", "3"), put("k", "b", "1")}));
  EXPECT_FALSE(opened.store->wants_whole());
  commit(*opened.store, {put("k", "c", "1")});
  EXPECT_EQ(read(*opened.store, "k").size(), 3U);
  EXPECT_THAT(names(), ElementsAre("state.db", "state.db-wal", "state.db.lock"));
}

TEST_F(StoreFault, DamageFoundWhileInUseIsSetAsideAndBegunAnew) {
  make_state(path_, 25000);
  const Opened opened = Store::open(path_);
  // Behind the back of the open file, whose cached pages are older than this.
  std::string text = content(path_);
  for (size_t page = 1; page < text.size() / 4096; ++page) text.replace(page * 4096, 64, 64, '\7');
  {
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    file << text;
  }
  std::vector<Change> all;
  for (int i = 0; i < 25000; ++i) all.push_back(put("budget", "entity-" + std::to_string(i), "w"));
  Result<void> done = opened.store->commit(all);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, AllOf(HasSubstr("is damaged"), HasSubstr("is kept as")));
  EXPECT_TRUE(opened.store->wants_whole());
  ASSERT_TRUE(opened.store->replace(all));
  EXPECT_EQ(read(*opened.store, "budget").size(), 25000U);
  EXPECT_THAT(names("state.db.damaged-"), SizeIs(testing::Ge(1U)));
}

}  // namespace
}  // namespace highwater::agent
