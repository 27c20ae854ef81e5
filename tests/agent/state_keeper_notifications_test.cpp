// What receivers are told by an agent that is killed: nothing is lost, and nothing told twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <mutex>

#include "tests/agent/state_keeper_fixture.h"

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;
using testing::fast_folder;
using ::testing::IsEmpty;
using testing::Mortal;
using testing::StateKeeperTest;

// Answers as it is told to, and counts what it took, by the last part of the address.
class FakeReceivers {
 public:
  [[nodiscard]] notify::Transport transport() {
    return [this](const http::Request& request) -> Result<http::Response> {
      const std::lock_guard lock(mutex_);
      if (status_ == 0) return fail("connection refused");
      if (status_ == 200) ++taken_[request.url.substr(request.url.rfind('/') + 1)];
      http::Response response;
      response.status = status_;
      response.body = R"({"ok":true,"result":{"message_id":40}})";
      return response;
    };
  }
  void answer(int status) {  // 0: not at all
    const std::lock_guard lock(mutex_);
    status_ = status;
  }
  [[nodiscard]] int taken(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = taken_.find(name);
    return found == taken_.end() ? 0 : found->second;
  }

 private:
  mutable std::mutex mutex_;
  int status_ = 0;
  std::map<std::string, int> taken_;
};

// What the notifier's threads do comes soon, at some time.
template <class Condition>
bool comes(Condition condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    usleep(10'000);
  }
  return false;
}

class NotificationsOverAKill : public StateKeeperTest {
 protected:
  void break_broker() {
    agent_.cluster.set(rules::testing::kFailed, {"3"}, 1);
    agent_.step(1s);
  }
  // What happened since is on the disk before the kill.
  void kill() {
    agent_.step(2s);
    agent_.flush();
    agent_.kill();
  }
  static rules::RuleSet down() {
    rules::AlertRule rule =
        rules::testing::make_rule("Down", rules::testing::kFailed, rules::Comparison::equal, 1);
    rule.severity = Severity::page;
    return rules::RuleSet({rule});
  }

  FakeReceivers receivers_;
  Mortal agent_{down(), (std::filesystem::create_directories(fast_folder()), path("state.db")),
                receivers_.transport()};
};

TEST_F(NotificationsOverAKill, WhatWaitedIsDeliveredAndOnlyOnce) {
  break_broker();
  kill();
  EXPECT_EQ(agent_.notifier().undelivered().size(), 1U);
  receivers_.answer(200);
  agent_.step(1s);
  EXPECT_TRUE(comes([&] { return agent_.notifier().settled() == 1; }));
  kill();
  EXPECT_THAT(agent_.notifier().undelivered(), IsEmpty());
  EXPECT_EQ(receivers_.taken("oncall"), 1);
}

TEST_F(NotificationsOverAKill, WhatWasRefusedIsToldAgain) {
  receivers_.answer(401);
  break_broker();
  EXPECT_TRUE(comes([&] { return agent_.notifier().settled() == 1; }));
  receivers_.answer(200);
  kill();
  EXPECT_TRUE(comes([&] { return receivers_.taken("oncall") == 1; }));
  EXPECT_TRUE(comes([&] { return agent_.notifier().settled() == 1; }));
  kill();
  EXPECT_THAT(agent_.notifier().undelivered(), IsEmpty());
}

TEST_F(NotificationsOverAKill, AReceiverThatWasAddedHearsOfWhatIsOpenAndTheOthersNotAgain) {
  receivers_.answer(200);
  break_broker();
  EXPECT_TRUE(comes([&] { return agent_.notifier().settled() == 1; }));
  agent_.receivers = {"oncall", "second"};
  kill();
  agent_.step(1s);
  EXPECT_TRUE(comes([&] { return receivers_.taken("second") == 1; }));
  EXPECT_TRUE(comes([&] { return agent_.notifier().settled() == 1; }));
  kill();
  EXPECT_THAT(agent_.notifier().undelivered(), IsEmpty());
  EXPECT_EQ(receivers_.taken("oncall"), 1);
  EXPECT_EQ(receivers_.taken("second"), 1);
}

TEST_F(NotificationsOverAKill, WhereAMessageStandsIsKept) {
  receivers_.answer(200);
  agent_.kind = "telegram";
  kill();
  break_broker();
  EXPECT_TRUE(comes([&] { return agent_.notifier().settled() == 1; }));
  kill();
  const auto handles = agent_.notifier().handles();
  ASSERT_EQ(handles.size(), 1U);
  EXPECT_EQ(handles[0].receiver, "oncall");
  EXPECT_EQ(handles[0].text, "40");
}

TEST_F(NotificationsOverAKill, TheFirstReceiverHearsOfWhatIsOpen) {
  agent_.receivers = {};
  kill();
  break_broker();
  agent_.receivers = {"oncall"};
  receivers_.answer(200);
  kill();
  agent_.step(1s);
  EXPECT_TRUE(comes([&] { return receivers_.taken("oncall") == 1; }));
}

TEST_F(NotificationsOverAKill, ASilenceHidesOverTheKillAndTellsWhenItEnds) {
  receivers_.answer(200);
  rules::Silence silence;
  silence.matcher = *rules::Matcher::parse(std::vector<std::string>{"alertname=Down"});
  silence.ends = agent_.now.wall + 1h;
  silence.author = silence.comment = "test";
  ASSERT_TRUE(agent_.director().silences().add(silence, agent_.now.wall));
  break_broker();
  kill();
  agent_.step(1s);
  EXPECT_EQ(agent_.director().silences().all().size(), 1U);
  EXPECT_EQ(receivers_.taken("oncall"), 0);
  agent_.step(2h);
  EXPECT_TRUE(comes([&] { return receivers_.taken("oncall") == 1; }));
}

}  // namespace
}  // namespace highwater::agent
