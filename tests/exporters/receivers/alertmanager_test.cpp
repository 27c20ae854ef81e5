#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exporters/receivers/support.h"

namespace highwater::notify {
namespace {

using namespace testing_support;
using testing::HasSubstr;

std::unique_ptr<Receiver> alertmanager(const std::vector<std::string>& urls) {
  std::vector<Secret> addresses;
  for (const std::string& url : urls) addresses.emplace_back(url);
  return make("alertmanager", {{"urls", addresses}});
}

TEST(Alertmanager, GetsAnArrayOfAlertsThatEndWhenTheyAreNotSentAgain) {
  PushReceiver server(answers(200));
  const auto receiver = alertmanager({server.url("")});
  const Answer answer = receiver->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, Outcome::delivered);
  const Received request = server.wait_for(1).at(0);
  EXPECT_EQ(request.target, "/api/v2/alerts");
  EXPECT_EQ(request.headers.at("content-type"), "application/json");
  const json alert = body_of(request).at(0);
  EXPECT_EQ(alert["labels"]["alertname"], "BrokerDown");
  EXPECT_EQ(alert["labels"]["severity"], "page");
  EXPECT_EQ(alert["startsAt"], "2026-01-01T00:01:40.000Z");
  EXPECT_EQ(alert["endsAt"], "2026-01-01T00:07:20.000Z");  // four minutes from now
  EXPECT_EQ(alert["annotations"]["runbook_url"], "http://watch/runbooks/broker-down?incident=7");
  EXPECT_FALSE(alert.contains("status"));
}

TEST(Alertmanager, GetsTheEndOfWhatIsOver) {
  PushReceiver server(answers(200));
  const auto receiver = alertmanager({server.url("/prefix/")});
  EXPECT_EQ(receiver->deliver(resolved(), attempt()).outcome, Outcome::delivered);
  const Received request = server.wait_for(1).at(0);
  EXPECT_EQ(request.target, "/prefix/api/v2/alerts");
  EXPECT_EQ(body_of(request).at(0)["endsAt"], "2026-01-01T00:01:41.000Z");
}

TEST(Alertmanager, EndsTheAlertOfAFormerSeverity) {
  PushReceiver server(answers(200));
  const auto receiver = alertmanager({server.url("")});
  Delivery ticket = firing(samples::broker_down(7, Severity::ticket));
  const Answer first = receiver->deliver(ticket, attempt());
  Delivery page = firing(samples::broker_down(7, Severity::page));
  page.handle = first.handle;
  EXPECT_EQ(receiver->deliver(page, attempt()).handle, "page");
  const json alerts = body_of(server.wait_for(2).at(1));
  ASSERT_EQ(alerts.size(), 2);
  EXPECT_EQ(alerts[0]["labels"]["severity"], "page");
  EXPECT_EQ(alerts[1]["labels"]["severity"], "ticket");
  EXPECT_EQ(alerts[1]["endsAt"], "2026-01-01T00:01:41.000Z");
}

TEST(Alertmanager, EveryMemberIsTold) {
  PushReceiver one(answers(200));
  PushReceiver other(answers(200));
  const auto receiver = alertmanager({one.url(""), other.url("")});
  EXPECT_EQ(receiver->deliver(firing(), attempt()).text, "");
  EXPECT_EQ(one.wait_for(1).size(), 1);
  EXPECT_EQ(other.wait_for(1).size(), 1);
}

TEST(Alertmanager, OneMemberIsEnoughAndTheOtherIsNamed) {
  PushReceiver good(answers(200));
  PushReceiver ill(answers(503, "starting"));
  const auto receiver = alertmanager({ill.url(""), good.url("")});
  const Answer answer = receiver->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, Outcome::delivered);
  EXPECT_EQ(answer.text, ill.url("") + ": HTTP 503: starting");
}

TEST(Alertmanager, IsTriedAgainWhileNoMemberTakesIt) {
  PushReceiver refusing(answers(400, R"("at least one label pair required")"));
  PushReceiver ill(answers(500));
  const Answer answer =
      alertmanager({refusing.url(""), ill.url("")})->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, Outcome::retry);
  EXPECT_THAT(answer.text, HasSubstr("at least one label pair"));
  const Answer refused = alertmanager({refusing.url("")})->deliver(firing(), attempt());
  EXPECT_EQ(refused.outcome, Outcome::refused);
}

}  // namespace
}  // namespace highwater::notify
