#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <sstream>

#include "tests/exporters/receivers/support.h"

namespace highwater::notify {
namespace {

using namespace testing_support;
using testing::HasSubstr;
using testing::Not;

std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string file_name(const std::string& name) {
  return testing::TempDir() + "highwater-command-" + std::to_string(getpid()) + "-" + name;
}

std::unique_ptr<Receiver> script(const std::string& text) {
  return make("command", {{"path", std::string("/bin/sh")},
                          {"arguments", std::vector<std::string>{"-c", text, "notify"}}});
}

TEST(Command, ReadsTheNotificationAsJson) {
  const std::string file = file_name("input");
  const Answer answer = script("cat > " + file + "; echo \"$HIGHWATER_DELIVERY_ID\" >> " + file)
                            ->deliver(firing(samples::huge(7)), attempt());
  EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.text;
  const std::string text = contents(file);
  std::remove(file.c_str());
  const size_t end = text.find('\n');
  EXPECT_EQ(json::parse(text.substr(0, end))["alerts"][0]["labels"]["alertname"], "BrokerDown");
  EXPECT_EQ(text.substr(end + 1), "7-1-ab\n");
}

TEST(Command, ReadsAGroupAsAlertsOfOneNotification) {
  const std::string file = file_name("group");
  const Answer answer = script("cat > " + file)->deliver(firing(samples::group_of(400)), attempt());
  EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.text;
  const json payload = json::parse(contents(file));
  std::remove(file.c_str());
  EXPECT_EQ(payload["alerts"].size(), kMaxGrouped);
  EXPECT_EQ(payload["truncatedAlerts"], 400 - kMaxGrouped);
}

TEST(Command, NoShellReadsItsArguments) {
  const std::string file = file_name("shell");
  const auto receiver =
      make("command", {{"path", std::string("/bin/echo")},
                       {"arguments", std::vector<std::string>{"$(touch " + file + ")", ";", "|"}}});
  EXPECT_EQ(receiver->deliver(firing(), attempt()).outcome, Outcome::delivered);
  EXPECT_FALSE(std::ifstream(file).is_open());
}

TEST(Command, GetsNothingOfOurEnvironmentButWhereProgramsAre) {
  setenv("HIGHWATER_TEST_SECRET", "hunter2", 1);
  const Answer answer = script("env; exit 1")->deliver(firing(), attempt());
  unsetenv("HIGHWATER_TEST_SECRET");
  EXPECT_THAT(answer.text, HasSubstr("PATH="));
  EXPECT_THAT(answer.text, Not(HasSubstr("hunter2")));
}

TEST(Command, IsEndedWithItsChildrenWhenItIsLate) {
  const std::string file = file_name("child");
  Attempt brief = attempt();
  brief.limit = std::chrono::milliseconds(300);
  const SteadyTime start = std::chrono::steady_clock::now();
  const Answer answer = script("sleep 60 & echo $! > " + file + "; wait")->deliver(firing(), brief);
  EXPECT_EQ(answer.outcome, Outcome::retry);
  EXPECT_THAT(answer.text, HasSubstr("did not end within its time"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  const auto child = static_cast<pid_t>(std::stoi(contents(file)));
  std::remove(file.c_str());
  bool gone = false;
  for (int i = 0; i < 200 && !gone; ++i) {
    // Whoever inherits it may take a moment to bury it.
    const std::string status = contents("/proc/" + std::to_string(child) + "/stat");
    gone = status.empty() || status.find(") Z ") != std::string::npos;
    if (!gone) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(gone);
}

TEST(Command, EndsWhenTheAgentStops) {
  std::stop_source stop;
  Attempt attempt_to_stop = attempt();
  attempt_to_stop.limit = std::chrono::seconds(60);
  attempt_to_stop.stop = stop.get_token();
  stop.request_stop();
  const Answer answer = script("sleep 60")->deliver(firing(), attempt_to_stop);
  EXPECT_EQ(answer.outcome, Outcome::retry);
  EXPECT_THAT(answer.text, HasSubstr("stopped"));
}

TEST(Command, SaysByItsExitCodeWhatItMeans) {
  const auto outcome = [](const std::string& text) {
    return script(text)->deliver(firing(), attempt());
  };
  EXPECT_EQ(outcome("exit 0").outcome, Outcome::delivered);
  EXPECT_EQ(outcome("exit 1").outcome, Outcome::retry);
  EXPECT_EQ(outcome("exit 75").outcome, Outcome::retry);
  EXPECT_EQ(outcome("kill -9 $$").outcome, Outcome::retry);
  const Answer refused = outcome("echo no such user >&2; exit 67");
  EXPECT_EQ(refused.outcome, Outcome::refused);
  EXPECT_EQ(refused.text, "/bin/sh: exit code 67: no such user");
}

TEST(Command, WithoutSuchAProgramIsTriedAgain) {
  const auto receiver = make("command", {{"path", std::string("/nonexistent/notify")}});
  const Answer answer = receiver->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, Outcome::retry);
  EXPECT_THAT(answer.text, HasSubstr("/nonexistent/notify: cannot be started: No such file"));
}

TEST(Command, MayLeaveItsInputUnread) {
  EXPECT_EQ(script("exec <&-; exit 0")->deliver(firing(samples::huge(7)), attempt()).outcome,
            Outcome::delivered);
}

TEST(Command, ItsOutputIsBounded) {
  const Answer answer =
      script("head -c 5000000 /dev/zero | tr '\\0' x; exit 1")->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, Outcome::retry);
  EXPECT_LT(answer.text.size(), 300);
}

}  // namespace
}  // namespace highwater::notify
