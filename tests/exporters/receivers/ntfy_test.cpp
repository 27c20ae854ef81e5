#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exporters/receivers/support.h"

namespace highwater::notify {
namespace {

using namespace testing_support;
using testing::HasSubstr;
using testing::Not;

// A server of ntfy as far as it is used: JSON to the root, at most 4,096 bytes of message.
Reply publish(const Received& request, size_t) {
  const auto refuse = [](int status, const std::string& why) {
    return Reply{.status = status, .headers = {}, .body = json{{"error", why}}.dump()};
  };
  if (request.target != "/") return refuse(404, "page not found");
  const json message = json::parse(request.body, nullptr, false);
  if (message.is_discarded()) return refuse(400, "invalid request: request body must be JSON");
  if (message.value("topic", "") != "my-topic") return refuse(403, "forbidden");
  if (message.value("message", "").size() > 4096) return refuse(413, "message too large");
  const int priority = message.value("priority", 3);
  if (priority < 1 || priority > 5) return refuse(400, "invalid priority parameter");
  if (message.value("actions", json::array()).size() > 3) return refuse(400, "too many actions");
  return {.status = 200, .headers = {}, .body = json{{"id", "x"}, {"event", "message"}}.dump()};
}

std::unique_ptr<Receiver> ntfy(const PushReceiver& server) {
  return make("ntfy", {{"url", Secret(server.url("/my-topic"))}, {"bearer_token", Secret("tk_1")}});
}

TEST(Ntfy, SendsAPageLoudlyAndItsEndQuietly) {
  PushReceiver server(publish);
  const auto receiver = ntfy(server);
  const Answer answer = receiver->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.text;
  EXPECT_EQ(receiver->deliver(resolved(), attempt()).outcome, Outcome::delivered);
  const auto requests = server.wait_for(2);
  EXPECT_EQ(requests.at(0).headers.at("authorization"), "Bearer tk_1");
  const json page = body_of(requests.at(0));
  EXPECT_EQ(page["title"], "[PAGE] Broker 3 of prod is down");
  EXPECT_EQ(page["priority"], 5);
  EXPECT_EQ(page["actions"][0]["url"], "http://watch/runbooks/broker-down?incident=7");
  EXPECT_EQ(body_of(requests.at(1))["priority"], 3);
}

TEST(Ntfy, TakesWhatIsLargeAndForeign) {
  PushReceiver server(publish);
  const Answer answer = ntfy(server)->deliver(firing(samples::huge(7)), attempt());
  EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.text;
  EXPECT_THAT(body_of(server.wait_for(1).at(0))["message"].get<std::string>(),
              testing::EndsWith("Correlation id: ab000000000000000000000000000007"));
}

TEST(Ntfy, TakesAGroupOf400Incidents) {
  PushReceiver server(publish);
  const Answer answer = ntfy(server)->deliver(firing(samples::group_of(400)), attempt());
  EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.text;
  const std::string body = server.wait_for(1).at(0).body;
  EXPECT_THAT(body, HasSubstr("400 incidents, 20 of them"));
  EXPECT_THAT(body, HasSubstr("http://watch/?incident=100"));
  EXPECT_THAT(body, HasSubstr("ab000000000000000000000000000003"));
}

TEST(Ntfy, IsTriedAgainWhenThrottledAndNotWhenForbidden) {
  PushReceiver throttled(answers(429, R"({"code":42901,"error":"limit reached"})"));
  EXPECT_EQ(ntfy(throttled)->deliver(firing(), attempt()).outcome, Outcome::retry);
  PushReceiver closed(answers(403, "no access to my-topic for tk_1"));
  const Answer answer = ntfy(closed)->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, Outcome::refused);
  EXPECT_EQ(answer.text, "HTTP 403: no access to *** for ***");
}

}  // namespace
}  // namespace highwater::notify
