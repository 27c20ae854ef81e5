#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporters/notify/message.h"
#include "tests/exporters/receivers/support.h"

namespace highwater::notify {
namespace {

using namespace testing_support;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kToken = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";

Reply refuse(int code, const std::string& why, json parameters = json::object()) {
  return {.status = code,
          .headers = {},
          .body = json{{"ok", false},
                       {"error_code", code},
                       {"description", why},
                       {"parameters", std::move(parameters)}}
                      .dump()};
}

// The Bot API as far as it is used.
Reply send_message(const Received& request, size_t index) {
  if (request.target != "/bot" + std::string(kToken) + "/sendMessage")
    return refuse(404, "Not Found");
  const json body = json::parse(request.body, nullptr, false);
  if (body.value("chat_id", "") != "-100123") return refuse(400, "Bad Request: chat not found");
  const std::string text = body.value("text", "");
  if (text.empty()) return refuse(400, "Bad Request: message text is empty");
  if (length(text, Unit::characters) > 4096) return refuse(400, "Bad Request: message is too long");
  for (size_t at = 0; (at = text.find('<', at)) != std::string::npos; ++at) {
    const std::string tag = text.substr(at, 3);
    if (tag != "<b>" && tag != "</b" && tag != "<a " && tag != "</a" && tag != "<co" &&
        tag != "</c")
      return refuse(400, "Bad Request: can't parse entities");
  }
  return {.status = 200,
          .headers = {},
          .body = json{{"ok", true}, {"result", {{"message_id", 40 + index}}}}.dump()};
}

std::unique_ptr<Receiver> telegram(const PushReceiver& server) {
  return make("telegram", {{"token", Secret(kToken)},
                           {"chat_id", std::string("-100123")},
                           {"api", Secret(server.url(""))}});
}

TEST(Telegram, AnswersTheFirstMessageOfTheIncident) {
  PushReceiver server(send_message);
  const auto receiver = telegram(server);
  const Answer first = receiver->deliver(firing(), attempt());
  EXPECT_EQ(first.outcome, Outcome::delivered) << first.text;
  EXPECT_EQ(first.handle, "40");
  Delivery end = resolved();
  end.handle = first.handle;
  EXPECT_EQ(receiver->deliver(end, attempt()).outcome, Outcome::delivered);
  const auto requests = server.wait_for(2);
  EXPECT_THAT(body_of(requests.at(0))["text"].get<std::string>(),
              HasSubstr("<b>[PAGE] Broker 3 of prod is down</b>"));
  EXPECT_FALSE(body_of(requests.at(0)).contains("reply_parameters"));
  EXPECT_EQ(body_of(requests.at(1))["reply_parameters"]["message_id"], 40);
}

TEST(Telegram, TakesWhatIsLargeAndForeign) {
  PushReceiver server(send_message);
  const Answer answer = telegram(server)->deliver(firing(samples::huge(7)), attempt());
  EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.text;
  EXPECT_THAT(body_of(server.wait_for(1).at(0))["text"].get<std::string>(),
              HasSubstr("<code>ab000000000000000000000000000007</code>"));
}

TEST(Telegram, TakesAGroupOf400Incidents) {
  PushReceiver server(send_message);
  const Answer answer = telegram(server)->deliver(firing(samples::group_of(400)), attempt());
  EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.text;
  const std::string body = server.wait_for(1).at(0).body;
  EXPECT_THAT(body, HasSubstr("400 incidents, 20 of them"));
  EXPECT_THAT(body, HasSubstr("http://watch/?incident=100"));
  EXPECT_THAT(body, HasSubstr("ab000000000000000000000000000003"));
}

TEST(Telegram, WaitsAsLongAsItIsTold) {
  PushReceiver server([](const Received&, size_t) {
    return refuse(429, "Too Many Requests: retry after 7", {{"retry_after", 7}});
  });
  const Answer answer = telegram(server)->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, Outcome::retry);
  EXPECT_EQ(answer.retry_after, std::chrono::seconds(7));
}

TEST(Telegram, WhatItRefusesIsSaidWithoutTheToken) {
  PushReceiver server([](const Received& request, size_t) {
    return refuse(401, "Unauthorized: " + request.target);
  });
  const Answer answer = telegram(server)->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, Outcome::refused);
  EXPECT_THAT(answer.text, HasSubstr("Unauthorized"));
  EXPECT_THAT(answer.text, Not(HasSubstr("AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw")));
}

}  // namespace
}  // namespace highwater::notify
