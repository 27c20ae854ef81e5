#include "exporters/notify/heartbeat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exporters/receivers/support.h"

namespace highwater::notify {
namespace {

using namespace std::chrono_literals;
using namespace testing_support;
using testing::HasSubstr;
using testing::Not;

class HeartbeatTest : public testing::Test {
 protected:
  Result<void> beat(const HeartbeatConfig& config,
                    const std::vector<ReceiverConfig>& receivers = {}) {
    return make_beat(config, receivers, {"http://watch", "highwater", {}}, clock_,
                     log_)(std::stop_token());
  }

  SystemClock clock_;
  std::string written_;
  Log log_{clock_, LogLevel::info, LogForm::json,
           [this](std::string_view line) { return written_ += line, true; }};
};

TEST_F(HeartbeatTest, IsSentHeldAndSentAgain) {
  std::string problem;
  std::string answer;
  int asked = 0;
  Heartbeat heartbeat(
      "snitch", 1min,
      [&](const std::stop_token&) -> Result<void> {
        ++asked;
        if (!answer.empty()) return fail(answer);
        return {};
      },
      [&] { return problem; }, log_);
  EXPECT_EQ(heartbeat.once({}), 1min);
  problem = "the state is not kept: disk full";
  EXPECT_EQ(heartbeat.once({}), Heartbeat::kLookAgain);
  EXPECT_EQ(heartbeat.once({}), Heartbeat::kLookAgain);
  EXPECT_EQ(asked, 1);
  EXPECT_THAT(written_, HasSubstr("disk full"));
  problem.clear();
  answer = "HTTP 404";
  EXPECT_EQ(heartbeat.once({}), Heartbeat::kLookAgain);
  EXPECT_THAT(written_, HasSubstr("HTTP 404"));
  answer.clear();
  EXPECT_EQ(heartbeat.once({}), 1min);
  const HeartbeatTotals totals = heartbeat.totals();
  EXPECT_EQ(totals.sent, 2U);
  EXPECT_EQ(totals.held, 2U);
  EXPECT_EQ(totals.failed, 1U);
}

TEST_F(HeartbeatTest, GoesOnByItselfUntilItIsStopped) {
  PushReceiver server(answers(200));
  HeartbeatConfig config;
  config.name = "snitch";
  config.url = Secret(server.url("/ping/abc"));
  Heartbeat heartbeat(
      "snitch", 10ms, make_beat(config, {}, {"http://watch", "highwater", {}}, clock_, log_),
      [] { return std::string(); }, log_);
  heartbeat.start();
  ASSERT_GE(server.wait_for(3).size(), 3U);
  heartbeat.stop();
  EXPECT_GE(heartbeat.totals().sent, 2U);
}

TEST_F(HeartbeatTest, AsksAnAddressWithGet) {
  PushReceiver server(answers(200));
  HeartbeatConfig config;
  config.url = Secret(server.url("/ping/abc"));
  config.headers = {{"Authorization", Secret("GenieKey k")}};
  EXPECT_TRUE(beat(config));
  const auto requests = server.wait_for(1);
  EXPECT_EQ(requests.at(0).target, "/ping/abc");
  EXPECT_EQ(requests.at(0).headers.at("authorization"), "GenieKey k");
}

TEST_F(HeartbeatTest, SaysWhyItWasNotTakenWithoutTheAddress) {
  PushReceiver server(answers(404, "no such check"));
  HeartbeatConfig config;
  config.url = Secret(server.url("/ping/topsecret"));
  const auto answer = beat(config);
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("HTTP 404: no such check"));
  EXPECT_THAT(answer.error().message, Not(HasSubstr("topsecret")));
}

TEST_F(HeartbeatTest, IsAnAlertThatAlwaysFiresInAnAlertmanager) {
  PushReceiver server(answers(200));
  ReceiverConfig receiver;
  receiver.name = "am";
  receiver.kind = find_receiver_kind("alertmanager");
  receiver.settings.set("urls", std::vector<Secret>{Secret(server.url(""))});
  HeartbeatConfig config;
  config.name = "alive";
  config.receiver = "am";
  EXPECT_TRUE(beat(config, {receiver}));
  EXPECT_TRUE(beat(config, {receiver}));
  const auto requests = server.wait_for(2);
  const json first = body_of(requests.at(0)).at(0);
  EXPECT_EQ(requests.at(0).target, "/api/v2/alerts");
  EXPECT_EQ(first.at("labels").at("alertname"), "HighwaterAlive");
  EXPECT_EQ(first.at("labels").at("heartbeat"), "alive");
  EXPECT_EQ(first.at("labels").at("severity"), "info");
  // The same alert each time, which ends by itself when no more comes.
  EXPECT_EQ(body_of(requests.at(1)).at(0).at("labels"), first.at("labels"));
  EXPECT_GT(first.at("endsAt").get<std::string>(), first.at("startsAt").get<std::string>());
}

}  // namespace
}  // namespace highwater::notify
