#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/exporters/receivers/support.h"

namespace highwater::notify {
namespace {

using namespace testing_support;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kKey = "0123456789abcdef0123456789abcdef";

// What the API documents, in its words.
Reply enqueue(const Received& request, size_t) {
  const auto refuse = [](const std::string& why) {
    return Reply{.status = 400,
                 .headers = {},
                 .body = json{{"status", "invalid event"}, {"errors", {why}}}.dump()};
  };
  const json event = json::parse(request.body, nullptr, false);
  if (event.is_discarded() || request.body.size() > 512 * 1000) return refuse("too large");
  if (event.value("routing_key", "").size() != 32) return refuse("routing_key is invalid");
  const std::string action = event.value("event_action", "");
  if (!std::set<std::string>{"trigger", "acknowledge", "resolve"}.contains(action))
    return refuse("event_action is invalid");
  const std::string key = event.value("dedup_key", "");
  if (key.empty() || key.size() > 255) return refuse("dedup_key is invalid");
  if (action == "trigger") {
    const json payload = event.value("payload", json::object());
    const std::string summary = payload.value("summary", "");
    if (summary.empty() || samples::characters(summary) > 1024) return refuse("summary is invalid");
    if (payload.value("source", "").empty()) return refuse("source is missing");
    if (!std::set<std::string>{"critical", "error", "warning", "info"}.contains(
            payload.value("severity", "")))
      return refuse("severity is invalid");
  }
  return {
      .status = 202, .headers = {}, .body = json{{"status", "success"}, {"dedup_key", key}}.dump()};
}

std::unique_ptr<Receiver> pagerduty(const PushReceiver& server) {
  return make("pagerduty", {{"routing_key", Secret(kKey)}, {"url", Secret(server.url("/v2"))}});
}

TEST(PagerDuty, TriggersAndResolvesOneAlert) {
  PushReceiver server(enqueue);
  const auto receiver = pagerduty(server);
  EXPECT_EQ(receiver->deliver(firing(), attempt()).status, 202);
  EXPECT_EQ(receiver->deliver(resolved(), attempt()).outcome, Outcome::delivered);
  const auto requests = server.wait_for(2);
  const json trigger = body_of(requests.at(0));
  EXPECT_EQ(trigger["event_action"], "trigger");
  EXPECT_EQ(trigger["dedup_key"], "ab000000000000000000000000000007");
  EXPECT_EQ(trigger["payload"]["summary"], "Broker 3 of prod is down");
  EXPECT_EQ(trigger["payload"]["severity"], "critical");
  EXPECT_EQ(trigger["payload"]["source"], "prod");
  EXPECT_EQ(trigger["payload"]["class"], "BrokerDown");
  EXPECT_EQ(trigger["payload"]["custom_details"]["Correlation id"],
            "ab000000000000000000000000000007");
  EXPECT_EQ(trigger["links"][0]["href"], "http://watch/runbooks/broker-down?incident=7");
  const json resolve = body_of(requests.at(1));
  EXPECT_EQ(resolve["event_action"], "resolve");
  EXPECT_EQ(resolve["dedup_key"], trigger["dedup_key"]);
}

TEST(PagerDuty, TakesWhatIsLargeAndForeign) {
  PushReceiver server(enqueue);
  const Answer answer = pagerduty(server)->deliver(firing(samples::huge(7)), attempt());
  EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.text;
  EXPECT_THAT(server.wait_for(1).at(0).body, HasSubstr("http://watch/runbooks/broker-down"));
}

TEST(PagerDuty, AGroupIsOneAlertFromTriggerToResolve) {
  PushReceiver server(enqueue);
  const auto receiver = pagerduty(server);
  EXPECT_EQ(receiver->deliver(firing(samples::group_of(400)), attempt()).status, 202);
  EXPECT_EQ(receiver->deliver(resolved(samples::group_of(400, 400)), attempt()).status, 202);
  const auto requests = server.wait_for(2);
  const json trigger = body_of(requests.at(0));
  EXPECT_EQ(trigger["dedup_key"], "ab000000000000000000000000000003");
  EXPECT_EQ(trigger["payload"]["summary"], "400 incidents (cluster=prod)");
  EXPECT_EQ(trigger["payload"]["severity"], "warning");
  EXPECT_EQ(trigger["payload"]["custom_details"]["Incidents"], "400 open, 400 in all");
  EXPECT_EQ(trigger["payload"]["custom_details"]["Evidence"].size(), 20);
  EXPECT_EQ(body_of(requests.at(1))["event_action"], "resolve");
  EXPECT_EQ(body_of(requests.at(1))["dedup_key"], trigger["dedup_key"]);
}

TEST(PagerDuty, SeveritiesAreMappedAsConfigured) {
  PushReceiver server(enqueue);
  const auto receiver = make("pagerduty", {{"routing_key", Secret(kKey)},
                                           {"url", Secret(server.url("/"))},
                                           {"ticket_severity", std::string("error")}});
  (void)receiver->deliver(firing(samples::broker_down(7, Severity::ticket)), attempt());
  EXPECT_EQ(body_of(server.wait_for(1).at(0))["payload"]["severity"], "error");
}

TEST(PagerDuty, WhatIsInvalidIsRefusedWithItsReasonButNotTheKey) {
  PushReceiver server(
      answers(400, R"({"errors":["routing_key )" + std::string(kKey) + R"( no"]})"));
  const Answer answer = pagerduty(server)->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, Outcome::refused);
  EXPECT_THAT(answer.text, HasSubstr("routing_key *** no"));
  EXPECT_THAT(answer.text, Not(HasSubstr(kKey)));
}

TEST(PagerDuty, WaitsMinutesWhenThrottledAndRetriesErrors) {
  PushReceiver throttled(answers(429));
  const Answer slow = pagerduty(throttled)->deliver(firing(), attempt());
  EXPECT_EQ(slow.outcome, Outcome::retry);
  EXPECT_EQ(slow.retry_after, std::chrono::minutes(2));
  PushReceiver ill(answers(500));
  EXPECT_EQ(pagerduty(ill)->deliver(firing(), attempt()).outcome, Outcome::retry);
}

}  // namespace
}  // namespace highwater::notify
