#include "collectors/canary/child.h"

#include <gtest/gtest.h>

namespace highwater::canary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Outcome = ChildProcess::Outcome;

Result<ChildProcess> shell(const std::string& script, const std::string& input = "hello") {
  return ChildProcess::start({"/bin/sh", "-c", script}, input);
}

std::string next_line(ChildProcess& child) {
  std::string line;
  for (int i = 0; i < 100; ++i) {
    switch (child.read_line(milliseconds(100), line)) {
      case Outcome::line:
        return line;
      case Outcome::ended:
        return "ended";
      case Outcome::nothing_yet:
        break;
    }
  }
  return "nothing";
}

TEST(ChildProcess, ReadsItsInputAndIsReadByLines) {
  auto child = shell("read word; echo got $word; printf 'a\\nb\\n'; read more; exit 3");
  ASSERT_TRUE(child);
  EXPECT_EQ(next_line(*child), "got hello");
  EXPECT_EQ(next_line(*child), "a");
  EXPECT_EQ(next_line(*child), "b");
  EXPECT_EQ(child->end(seconds(10)), "exit code 3");
}

TEST(ChildProcess, ThatCrashesSaysHow) {
  auto child = shell("kill -6 $$");
  ASSERT_TRUE(child);
  EXPECT_EQ(next_line(*child), "ended");
  EXPECT_EQ(child->end(seconds(10)), "signal 6");
}

TEST(ChildProcess, ThatDoesNotEndIsKilled) {
  // No child of its own, which would hold the test's output open.
  auto child = shell("exec sleep 60");
  ASSERT_TRUE(child);
  EXPECT_EQ(child->end(milliseconds(50)), "signal 9");
}

TEST(ChildProcess, ThatNeverEndsItsLineIsNotReadForEver) {
  auto child = shell("while true; do printf '%01000d' 1; done");
  ASSERT_TRUE(child);
  std::string line;
  Outcome outcome = Outcome::nothing_yet;
  for (int i = 0; i < 100'000 && outcome == Outcome::nothing_yet; ++i)
    outcome = child->read_line(milliseconds(100), line);
  EXPECT_EQ(outcome, Outcome::ended);
}

TEST(ChildProcess, ThatDoesNotExistIsAnError) {
  const auto child = ChildProcess::start({"/nowhere/highwater", "canary"}, "");
  ASSERT_FALSE(child);
  EXPECT_NE(child.error().message.find("/nowhere/highwater"), std::string::npos);
}

}  // namespace
}  // namespace highwater::canary
