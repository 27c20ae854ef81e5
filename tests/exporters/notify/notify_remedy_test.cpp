// What is filled in when a notification is sent: the incident as it is by then, and what helps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "exporters/notify/notifier.h"
#include "exporters/notify/receivers/registry.h"
#include "tests/exporters/notify/notify_samples.h"
#include "tests/exporters/notify/push_receiver.h"

namespace highwater::notify {
namespace {

using nlohmann::json;
using testing_support::PushReceiver;
using testing_support::Received;
using testing_support::Reply;

ReportPtr report(const SystemClock& clock, uint64_t sequence, TransitionKind kind) {
  auto made = std::make_shared<Report>();
  made->at = clock.now();
  made->transitions = {samples::transition(sequence, kind, samples::broker_down(7))};
  return made;
}

ReceiverConfig webhook(const std::string& name, const std::string& url) {
  ReceiverConfig config;
  config.name = name;
  config.kind = find_receiver_kind("webhook");
  config.settings.set("url", Secret(url));
  return config;
}

json annotations(const Received& request) {
  return json::parse(request.body)["alerts"][0]["annotations"];
}

TEST(ARemedyInNotifications, IsWhatHelpsAtEachAttemptAndGoesWithTheIncident) {
  PushReceiver server([](const Received&, size_t number) {
    return Reply{.status = number == 0 ? 503 : 200, .headers = {}, .body = {}};
  });
  const SystemClock clock;
  Log log(clock, LogLevel::error, LogForm::json, [](std::string_view) { return true; });
  const ReceiverConfig config = webhook("oncall", server.url("/alerts"));
  std::atomic<int> asked = 0;
  const auto remedy_now = [&asked](const Incident& incident) {
    return Remedy{"start " + incident.headline.entity.text(), {}, std::to_string(++asked)};
  };
  Notifier notifier(
      make_receivers({config}, {.external_url = "http://watch", .cluster = {}, .transport = {}},
                     log),
      {.chance = [] { return 0.0; },
       .on_delivered = {},
       .remedy_now = remedy_now,
       .state_problem = [&asked] { return std::string(asked == 0 ? "disk full" : ""); }},
      clock, log, {});
  notifier.publish(report(clock, 1, TransitionKind::opened));
  ASSERT_EQ(server.wait_for(2).size(), 2);
  notifier.publish(report(clock, 2, TransitionKind::resolved));
  const auto received = server.wait_for(3);
  ASSERT_EQ(received.size(), 3);
  EXPECT_EQ(annotations(received[0])["remedy"], "start broker=3 cluster=prod (1)");
  EXPECT_EQ(annotations(received[1])["remedy"], "start broker=3 cluster=prod (2)");
  EXPECT_FALSE(annotations(received[2]).contains("remedy"));
  EXPECT_EQ(annotations(received[0])["not_saved"],
            "a restart of the agent would forget this: it cannot write its state (disk full)");
  EXPECT_FALSE(annotations(received[1]).contains("not_saved"));
}

// Its receiver was away for a minute: partitions have moved, and perhaps it is over.
TEST(ANotificationThatWaited, SaysWhatIsSoWhenItIsSent) {
  PushReceiver server(
      [](const Received&, size_t) { return Reply{.status = 200, .headers = {}, .body = {}}; });
  const SystemClock clock;
  Log log(clock, LogLevel::error, LogForm::json, [](std::string_view) { return true; });
  const ReceiverConfig config = webhook("oncall", server.url("/alerts"));
  std::atomic<bool> open = true;
  const auto incident_now = [&open](const Incident& incident) -> std::optional<Incident> {
    if (!open) return std::nullopt;
    Incident now = incident;
    now.title = "8 partitions failed over";
    return now;
  };
  Notifier notifier(
      make_receivers({config}, {.external_url = "http://watch", .cluster = {}, .transport = {}},
                     log),
      {.chance = [] { return 0.0; }, .incident_now = incident_now}, clock, log, {});
  uint64_t sequence = 0;
  const auto title_after = [&](Duration wait, TransitionKind kind) {
    auto made = std::make_shared<Report>();
    made->at = clock.now();
    made->at.wall -= wait;
    made->transitions = {samples::transition(++sequence, kind, samples::broker_down(7))};
    notifier.publish(made);
    const auto received = server.wait_for(sequence);
    return annotations(received.at(sequence - 1))["summary"].get<std::string>();
  };
  const std::string before = title_after(std::chrono::seconds(0), TransitionKind::opened);
  EXPECT_NE(before, "8 partitions failed over");
  EXPECT_EQ(title_after(std::chrono::minutes(1), TransitionKind::updated),
            "8 partitions failed over");
  open = false;
  EXPECT_EQ(title_after(std::chrono::minutes(1), TransitionKind::updated), before);
  open = true;
  const std::string end = title_after(std::chrono::minutes(1), TransitionKind::resolved);
  EXPECT_EQ(end.find("failed over"), std::string::npos) << end;
}

// What the state holds by then is what is told: one notice for both, and for all receivers.
TEST(ANotificationThatWaited, IsTheOneThatWasForeseen) {
  PushReceiver server(
      [](const Received&, size_t) { return Reply{.status = 503, .headers = {}, .body = {}}; });
  const SystemClock clock;
  Log log(clock, LogLevel::error, LogForm::json, [](std::string_view) { return true; });
  Notifier notifier(
      make_receivers({webhook("a", server.url("/a")), webhook("b", server.url("/b"))},
                     {.external_url = "http://watch", .cluster = {}, .transport = {}}, log),
      {.chance = [] { return 0.0; }}, clock, log, {});
  const ReportPtr first = report(clock, 1, TransitionKind::opened);
  const auto foreseen = notifier.foresee(*first);
  ASSERT_EQ(foreseen.size(), 2U);
  EXPECT_EQ(foreseen[0].notice, foreseen[1].notice);
  notifier.publish(first);
  for (const Undelivered& one : notifier.undelivered())
    EXPECT_EQ(one.notice, foreseen[0].notice) << one.receiver;
  // One that was not foreseen, as without a state.
  auto second = std::make_shared<Report>();
  second->at = clock.now();
  second->transitions = {samples::transition(2, TransitionKind::opened, samples::broker_down(8))};
  notifier.publish(second);
  EXPECT_EQ(notifier.undelivered().size(), 4U);
}

}  // namespace
}  // namespace highwater::notify
