#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "tests/exporters/receivers/support.h"

namespace highwater::notify {
namespace {

using namespace testing_support;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kToken = "xoxb-1234-s3cret";

// Why Slack would refuse a message; empty when it would not.
std::string fault_in(const json& message) {
  if (samples::characters(message.value("text", "")) > 40'000) return "msg_too_long";
  size_t total = 0;
  for (const json& attachment : message.value("attachments", json::array())) {
    const json& blocks = attachment["blocks"];
    if (blocks.size() > 50) return "invalid_blocks";
    for (const json& block : blocks) {
      if (block.contains("text")) {
        const size_t size = samples::characters(block["text"]["text"]);
        total += size;
        if (size == 0 || size > (block["type"] == "header" ? 150 : 3000)) return "invalid_blocks";
      }
      if (block.value("fields", json::array()).size() > 10) return "invalid_blocks";
      for (const json& field : block.value("fields", json::array())) {
        total += samples::characters(field["text"]);
        if (samples::characters(field["text"]) > 2000) return "invalid_blocks";
      }
    }
  }
  return total > 13'200 ? "msg_blocks_too_long" : "";
}

Reply ok(const json& more) {
  json body{{"ok", true}};
  body.update(more);
  return {.status = 200, .headers = "Content-Type: application/json\r\n", .body = body.dump()};
}
Reply not_ok(const std::string& error) {
  return {.status = 200, .headers = {}, .body = json{{"ok", false}, {"error", error}}.dump()};
}

// The Web API as far as it is used.
Reply web_api(const Received& request, size_t index) {
  if (request.headers.at("authorization") != "Bearer " + std::string(kToken))
    return not_ok("invalid_auth");
  const json body = json::parse(request.body, nullptr, false);
  if (body.is_discarded() || !body.contains("channel")) return not_ok("channel_not_found");
  if (const std::string fault = fault_in(body); !fault.empty()) return not_ok(fault);
  if (request.target == "/api/chat.postMessage")
    return ok({{"channel", "C024BE91L"}, {"ts", "1503435956.00024" + std::to_string(index)}});
  if (request.target != "/api/chat.update") return not_ok("unknown_method");
  if (body["channel"] != "C024BE91L") return not_ok("channel_not_found");
  if (body["ts"] != "1503435956.000240") return not_ok("message_not_found");
  return ok({{"channel", "C024BE91L"}, {"ts", body["ts"]}});
}

std::unique_ptr<Receiver> bot(const PushReceiver& server) {
  return make("slack", {{"token", Secret(kToken)},
                        {"channel", std::string("#alerts")},
                        {"api", Secret(server.url("/api"))}});
}
std::unique_ptr<Receiver> incoming(const PushReceiver& server) {
  return make("slack", {{"url", Secret(server.url("/services/T024/B024/XXSECRETXX"))}});
}

TEST(SlackWebhook, PostsOneMessagePerChange) {
  PushReceiver server(answers(200, "ok"));
  const auto receiver = incoming(server);
  EXPECT_EQ(receiver->deliver(firing(), attempt()).outcome, Outcome::delivered);
  const json message = body_of(server.wait_for(1).at(0));
  EXPECT_EQ(message["text"], "[PAGE] Broker 3 of prod is down");
  EXPECT_EQ(fault_in(message), "");
  const std::string text = message.dump();
  EXPECT_THAT(text, HasSubstr("<http://watch/runbooks/broker-down?incident=7|Runbook>"));
  EXPECT_THAT(text, HasSubstr("Correlation id: `ab000000000000000000000000000007`"));
}

TEST(SlackWebhook, AnythingButOkIsAnError) {
  PushReceiver odd(answers(200, "invalid_payload"));
  const Answer answer = incoming(odd)->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, Outcome::refused);
  EXPECT_EQ(answer.text, "Slack answers: invalid_payload");
  PushReceiver gone(answers(404, "no_service: /services/T024/B024/XXSECRETXX"));
  const Answer refused = incoming(gone)->deliver(firing(), attempt());
  EXPECT_EQ(refused.outcome, Outcome::refused);
  EXPECT_THAT(refused.text, HasSubstr("no_service"));
  EXPECT_THAT(refused.text, Not(HasSubstr("XXSECRETXX")));
}

TEST(SlackWebhook, WaitsAsLongAsA429Says) {
  PushReceiver server(answers(429, "", "Retry-After: 30\r\n"));
  const Answer answer = incoming(server)->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, Outcome::retry);
  EXPECT_EQ(answer.retry_after, std::chrono::seconds(30));
}

TEST(SlackWebhook, MarkupOfNamesIsText) {
  PushReceiver server(answers(200, "ok"));
  EXPECT_EQ(incoming(server)->deliver(firing(samples::huge(7)), attempt()).outcome,
            Outcome::delivered);
  const json message = body_of(server.wait_for(1).at(0));
  EXPECT_EQ(fault_in(message), "");
  EXPECT_THAT(message["text"].get<std::string>(), HasSubstr("&lt;!channel&gt;"));
  EXPECT_THAT(message["text"].get<std::string>(), Not(HasSubstr("<!channel>")));
  EXPECT_THAT(message.dump(), HasSubstr("Correlation id: `ab000000000000000000000000000007`"));
}

TEST(SlackWebhook, TakesAGroupOf400Incidents) {
  PushReceiver server(answers(200, "ok"));
  EXPECT_EQ(incoming(server)->deliver(firing(samples::group_of(400)), attempt()).outcome,
            Outcome::delivered);
  const json message = body_of(server.wait_for(1).at(0));
  EXPECT_EQ(fault_in(message), "");
  EXPECT_THAT(message.dump(), HasSubstr("400 incidents, 20 of them:"));
  EXPECT_THAT(message.dump(), HasSubstr("http://watch/?incident=100"));
}

// What is new in a group is said to the channel, what has ended to the thread alone.
TEST(SlackBot, TellsTheChannelWhatIsNewInAGroup) {
  PushReceiver server(web_api);
  for (const size_t ended : {size_t{0}, size_t{400}}) {
    Delivery update = firing(samples::group_of(400, ended));
    update.first = false;
    update.handle = "C024BE91L 1503435956.000240 ticket";
    EXPECT_EQ(bot(server)->deliver(update, attempt()).outcome, Outcome::delivered);
  }
  const auto requests = server.wait_for(4);
  EXPECT_EQ(body_of(requests.at(1))["reply_broadcast"], true);
  EXPECT_EQ(body_of(requests.at(3))["reply_broadcast"], false);
  EXPECT_THAT(body_of(requests.at(1))["text"].get<std::string>(),
              HasSubstr("http://watch/?incident=100"));
}

TEST(SlackBot, KeepsOneMessageUpToDateAndTellsTheThread) {
  PushReceiver server(web_api);
  const auto receiver = bot(server);
  const Answer opened = receiver->deliver(firing(), attempt());
  EXPECT_EQ(opened.outcome, Outcome::delivered) << opened.text;
  EXPECT_EQ(opened.handle, "C024BE91L 1503435956.000240 page");
  Delivery end = resolved();
  end.handle = opened.handle;
  const Answer ended = receiver->deliver(end, attempt());
  EXPECT_EQ(ended.outcome, Outcome::delivered) << ended.text;
  EXPECT_EQ(ended.handle, opened.handle);
  const auto requests = server.wait_for(3);
  EXPECT_EQ(body_of(requests.at(0))["channel"], "#alerts");
  EXPECT_EQ(requests.at(1).target, "/api/chat.update");
  EXPECT_EQ(body_of(requests.at(1))["text"], "[RESOLVED] Broker 3 of prod is down");
  const json reply = body_of(requests.at(2));
  EXPECT_EQ(reply["thread_ts"], "1503435956.000240");
  EXPECT_EQ(reply["reply_broadcast"], true);
  EXPECT_THAT(reply["text"].get<std::string>(), HasSubstr("Resolved: the condition ended"));
}

TEST(SlackBot, AnUpdateThatIsNoWorseStaysInTheThread) {
  PushReceiver server(web_api);
  Delivery update = firing(samples::huge(7));
  update.first = false;
  update.handle = "C024BE91L 1503435956.000240 page";
  EXPECT_EQ(bot(server)->deliver(update, attempt()).outcome, Outcome::delivered);
  update.handle = "C024BE91L 1503435956.000240 ticket";
  EXPECT_EQ(bot(server)->deliver(update, attempt()).outcome, Outcome::delivered);
  const auto requests = server.wait_for(4);
  EXPECT_EQ(body_of(requests.at(1))["reply_broadcast"], false);
  EXPECT_EQ(body_of(requests.at(3))["reply_broadcast"], true);
  EXPECT_THAT(body_of(requests.at(1))["text"].get<std::string>(),
              HasSubstr("400 alerts, 20 of them"));
}

TEST(SlackBot, BeginsAnewWhenItsMessageIsGone) {
  PushReceiver server(web_api);
  Delivery update = firing();
  update.handle = "C024BE91L 1.1 page";
  const Answer answer = bot(server)->deliver(update, attempt());
  EXPECT_EQ(answer.outcome, Outcome::delivered);
  EXPECT_EQ(answer.handle, "C024BE91L 1503435956.000241 page");
}

struct ApiError {
  const char* error;
  Outcome outcome;
};
class SlackError : public testing::TestWithParam<ApiError> {};

TEST_P(SlackError, IsJudgedByItsWord) {
  PushReceiver server([](const Received&, size_t) { return not_ok(GetParam().error); });
  const Answer answer = bot(server)->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, GetParam().outcome);
  EXPECT_EQ(answer.text, std::string("chat.postMessage: ") + GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(Words, SlackError,
                         testing::Values(ApiError{"ratelimited", Outcome::retry},
                                         ApiError{"internal_error", Outcome::retry},
                                         ApiError{"fatal_error", Outcome::retry},
                                         ApiError{"invalid_auth", Outcome::refused},
                                         ApiError{"channel_not_found", Outcome::refused},
                                         ApiError{"msg_too_long", Outcome::refused}));

TEST(SlackBot, ItsTokenIsNeverShown) {
  PushReceiver server(answers(500, "bad token " + std::string(kToken)));
  const Answer answer = bot(server)->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, Outcome::retry);
  EXPECT_THAT(answer.text, Not(HasSubstr(kToken)));
}

}  // namespace
}  // namespace highwater::notify
