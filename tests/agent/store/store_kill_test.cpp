// kill -9 of a writing process at random moments.
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>

#include <random>

#include "tests/agent/store/store_support.h"

namespace highwater::agent {
namespace {

constexpr int kRounds = 80;
constexpr int kRecords = 60;

// Every commit gives each record the same number, and moves one record from name to name: any other
// picture is half a transaction.
std::vector<Change> changes_of(uint64_t number) {
  std::vector<Change> changes;
  const std::string value = std::to_string(number);
  // Some commits are as long as the log may be before it is emptied.
  const size_t padding = number % 50 == 0 ? 60'000 : 300;
  for (int i = 0; i < kRecords; ++i)
    changes.push_back(put("n", std::to_string(i), value + " " + std::string(padding, 'p')));
  changes.push_back(gone("moving", std::to_string(number - 1)));
  changes.push_back(put("moving", value, value));
  return changes;
}

struct Picture {
  uint64_t number = 0;
  std::string wrong;
};

Picture look(Store& store) {
  Picture picture;
  const auto records = read(store, "n");
  const auto moving = read(store, "moving");
  if (records.empty() && moving.empty()) return picture;
  if (records.size() != kRecords || moving.size() != 1) return {0, "records are missing"};
  picture.number = std::stoull(moving.front().key);
  for (const Record& record : records)
    if (std::stoull(record.value) != picture.number) return {0, "half a transaction"};
  return picture;
}

[[noreturn]] void write_until_killed(const std::string& path, int report) {
  const Opened opened = Store::open(path);
  if (!opened.store || opened.outcome == OpenOutcome::set_aside) _exit(1);
  const Picture picture = look(*opened.store);
  if (!picture.wrong.empty()) _exit(2);
  for (uint64_t number = picture.number + 1;; ++number) {
    if (!opened.store->commit(changes_of(number))) _exit(3);
    if (write(report, &number, sizeof number) != sizeof number) _exit(4);
  }
}

using StoreKill = StoreFolder;

TEST_F(StoreKill, EveryAcknowledgedCommitIsThereAndNoneByHalf) {
  std::mt19937 random(std::random_device{}());
  uint64_t acknowledged = 0;
  int kills_while_writing = 0;
  for (int round = 0; round < kRounds; ++round) {
    int report[2];
    ASSERT_EQ(pipe(report), 0);
    const pid_t child = fork();
    if (child == 0) write_until_killed(path_, report[1]);
    close(report[1]);
    // Every second kill comes at any moment, the opening included, the others among commits.
    pollfd reported = {report[0], POLLIN, 0};
    const bool among_commits = round % 2 == 1;
    if (among_commits) {
      ASSERT_EQ(poll(&reported, 1, 60'000), 1);
    }
    usleep(static_cast<useconds_t>(random() % (among_commits ? 5'000 : 60'000)));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status))
        << "round " << round << ": the child ended with " << WEXITSTATUS(status);
    uint64_t number = 0;
    bool any = false;
    while (::read(report[0], &number, sizeof number) == sizeof number) {
      acknowledged = number;
      any = true;
    }
    close(report[0]);
    if (any) ++kills_while_writing;
    // Now and then the next child finds what the killed one left, and may be killed over it as
    // well.
    if (random() % 2 == 0) continue;
    const Opened opened = Store::open(path_);
    ASSERT_TRUE(opened.store) << opened.problem;
    ASSERT_NE(opened.outcome, OpenOutcome::set_aside) << opened.problem;
    const Picture picture = look(*opened.store);
    ASSERT_EQ(picture.wrong, "") << "round " << round;
    ASSERT_GE(picture.number, acknowledged);
    // What was committed and not yet reported counts from now on.
    acknowledged = picture.number;
  }
  EXPECT_GE(kills_while_writing, kRounds / 2);
  RecordProperty("commits", static_cast<int>(acknowledged));
  EXPECT_THAT(names("state.db.damaged-"), testing::IsEmpty());
}

}  // namespace
}  // namespace highwater::agent
