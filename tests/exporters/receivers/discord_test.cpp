#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exporters/receivers/support.h"

namespace highwater::notify {
namespace {

using namespace testing_support;
using testing::HasSubstr;
using testing::Not;

Reply refuse(const std::string& why) {
  return {.status = 400, .headers = {}, .body = json{{"message", why}, {"code", 50035}}.dump()};
}

// A webhook with the published limits of an embed.
Reply execute(const Received& request, size_t) {
  const json body = json::parse(request.body, nullptr, false);
  if (body.is_discarded() || body.value("embeds", json::array()).empty())
    return refuse("Cannot send an empty message");
  size_t total = 0;
  const auto fits = [&](const json& text, size_t most) {
    const size_t size = samples::characters(text.get<std::string>());
    total += size;
    return size > 0 && size <= most;
  };
  for (const json& embed : body["embeds"]) {
    if (!fits(embed["title"], 256) ||
        (embed.contains("description") && !fits(embed["description"], 4096)) ||
        !fits(embed["footer"]["text"], 2048) || embed["fields"].size() > 25)
      return refuse("Invalid Form Body");
    for (const json& field : embed["fields"]) {
      if (!fits(field["name"], 256) || !fits(field["value"], 1024)) return refuse("Invalid field");
    }
  }
  if (total > 6000) return refuse("Embed size exceeds maximum size of 6000");
  return {.status = 204, .headers = {}, .body = {}};
}

std::unique_ptr<Receiver> discord(const PushReceiver& server) {
  return make("discord", {{"url", Secret(server.url("/api/webhooks/1/S3CRETTOKEN"))}});
}

TEST(Discord, ShowsTheIncidentAndMentionsNobody) {
  PushReceiver server(execute);
  const Answer answer = discord(server)->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.text;
  const json body = body_of(server.wait_for(1).at(0));
  EXPECT_EQ(body["allowed_mentions"]["parse"], json::array());
  const json& embed = body["embeds"][0];
  EXPECT_EQ(embed["title"], "\\[PAGE\\] Broker 3 of prod is down");
  EXPECT_EQ(embed["fields"].back()["value"], "http://watch/runbooks/broker-down?incident=7");
  EXPECT_EQ(embed["footer"]["text"], "Correlation id: ab000000000000000000000000000007");
}

TEST(Discord, TakesWhatIsLargeAndForeign) {
  PushReceiver server(execute);
  const Answer answer = discord(server)->deliver(firing(samples::huge(7)), attempt());
  EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.text;
}

TEST(Discord, TakesAGroupOf400Incidents) {
  PushReceiver server(execute);
  const Answer answer = discord(server)->deliver(firing(samples::group_of(400)), attempt());
  EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.text;
  const std::string body = server.wait_for(1).at(0).body;
  EXPECT_THAT(body, HasSubstr("400 incidents, 20 of them"));
  EXPECT_THAT(body, HasSubstr("http://watch/?incident=100"));
  EXPECT_THAT(body, HasSubstr("ab000000000000000000000000000003"));
}

TEST(Discord, WaitsToTheMillisecond) {
  PushReceiver server(answers(429,
                              R"({"message":"You are being rate limited.","retry_after":0.65})",
                              "Retry-After: 1\r\n"));
  const Answer answer = discord(server)->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, Outcome::retry);
  EXPECT_EQ(answer.retry_after, std::chrono::milliseconds(650));
}

TEST(Discord, ADeletedWebhookIsRefusedWithoutItsToken) {
  PushReceiver server(answers(404, "Unknown Webhook /api/webhooks/1/S3CRETTOKEN"));
  const Answer answer = discord(server)->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, Outcome::refused);
  EXPECT_THAT(answer.text, HasSubstr("Unknown Webhook"));
  EXPECT_THAT(answer.text, Not(HasSubstr("S3CRETTOKEN")));
}

}  // namespace
}  // namespace highwater::notify
