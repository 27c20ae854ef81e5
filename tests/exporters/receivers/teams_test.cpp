#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exporters/receivers/support.h"

namespace highwater::notify {
namespace {

using namespace testing_support;
using testing::HasSubstr;

// A workflow: takes what is small enough, and posts it later.
Reply workflow(const Received& request, size_t) {
  if (request.body.size() > 21'000)
    return {.status = 413, .headers = {}, .body = "Request Entity too large"};
  const json body = json::parse(request.body, nullptr, false);
  if (body.value("type", "") != "message" || body["attachments"].size() != 1 ||
      body["attachments"][0]["contentType"] != "application/vnd.microsoft.card.adaptive" ||
      body["attachments"][0]["content"]["type"] != "AdaptiveCard")
    return {.status = 400, .headers = {}, .body = "Bad payload"};
  return {.status = 202, .headers = {}, .body = {}};
}

std::unique_ptr<Receiver> teams(const PushReceiver& server) {
  return make("teams", {{"url", Secret(server.url("/workflows/1?sig=S3CRET"))}});
}

TEST(Teams, GetsACardWithLinks) {
  PushReceiver server(workflow);
  const Answer answer = teams(server)->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.text;
  EXPECT_EQ(answer.status, 202);
  const json card = body_of(server.wait_for(1).at(0))["attachments"][0]["content"];
  EXPECT_EQ(card["body"][0]["inlines"][0]["text"], "[PAGE] Broker 3 of prod is down");
  EXPECT_EQ(card["body"][0]["inlines"][0]["color"], "Attention");
  EXPECT_EQ(card["actions"][0]["url"], "http://watch/runbooks/broker-down?incident=7");
  EXPECT_THAT(card["body"].back().dump(), HasSubstr("ab000000000000000000000000000007"));
}

TEST(Teams, TakesWhatIsLargeAndForeign) {
  PushReceiver server(workflow);
  const Answer answer = teams(server)->deliver(firing(samples::huge(7)), attempt());
  EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.text;
  EXPECT_THAT(server.wait_for(1).at(0).body, HasSubstr("ab000000000000000000000000000007"));
}

TEST(Teams, TakesAGroupOf400Incidents) {
  PushReceiver server(workflow);
  const Answer answer = teams(server)->deliver(firing(samples::group_of(400)), attempt());
  EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.text;
  const std::string body = server.wait_for(1).at(0).body;
  EXPECT_THAT(body, HasSubstr("400 incidents, 20 of them"));
  EXPECT_THAT(body, HasSubstr("http://watch/?incident=100"));
  EXPECT_THAT(body, HasSubstr("ab000000000000000000000000000003"));
}

TEST(Teams, ThrottledIsTriedAgainAndUnknownIsRefusedWithoutTheKey) {
  PushReceiver throttled(answers(429));
  EXPECT_EQ(teams(throttled)->deliver(firing(), attempt()).outcome, Outcome::retry);
  PushReceiver gone(answers(404, "no workflow for sig S3CRET"));
  const Answer answer = teams(gone)->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, Outcome::refused);
  EXPECT_EQ(answer.text, "HTTP 404: no workflow for sig ***");
}

}  // namespace
}  // namespace highwater::notify
