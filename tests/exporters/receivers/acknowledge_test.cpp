// The link that acknowledges, in the messages of every kind that writes to people.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporters/notify/message.h"
#include "tests/exporters/receivers/support.h"

namespace highwater::notify {
namespace {

using namespace testing_support;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kLink = "https://watch/acknowledge?incident=7&token=7.0.1.abc";

struct Kind {
  const char* name;
  std::vector<std::pair<std::string, Settings::Value>> settings;
  const char* key;  // of the address
  const char* answer;
  const char* link;  // as its text has it
};

Delivery with_link(Delivery delivery) {
  auto notice = std::make_shared<Notice>(*delivery.notice);
  notice->acknowledge = kLink;
  delivery.notice = std::move(notice);
  return delivery;
}

std::string delivered_text(const Kind& kind, const Delivery& delivery) {
  PushReceiver server(answers(202, kind.answer));
  auto settings = kind.settings;
  settings.emplace_back(kind.key, Secret(server.url("/topic")));
  const Answer answer = make(kind.name, settings)->deliver(delivery, attempt());
  EXPECT_EQ(answer.outcome, Outcome::delivered) << kind.name << ": " << answer.text;
  return server.wait_for(1).at(0).body;
}

TEST(AcknowledgeLink, StandsInTheMessagesToPeople) {
  const char* const escaped = "https://watch/acknowledge?incident=7&amp;token=7.0.1.abc";
  const std::vector<Kind> kinds{
      {"slack", {}, "url", "ok", escaped},
      {"teams", {}, "url", "", kLink},
      {"ntfy", {}, "url", "{}", kLink},
      {"discord", {}, "url", "", kLink},
      {"pagerduty", {{"routing_key", Secret(std::string(32, 'a'))}}, "url", "{}", kLink},
      {"telegram",
       {{"token", Secret(std::string("1:a"))}, {"chat_id", std::string("-1")}},
       "api",
       R"({"ok":true,"result":{"message_id":1}})",
       escaped}};
  for (const Kind& kind : kinds) {
    EXPECT_THAT(delivered_text(kind, with_link(firing())), HasSubstr(kind.link)) << kind.name;
    EXPECT_THAT(delivered_text(kind, firing()), Not(HasSubstr("cknowledge"))) << kind.name;
  }
}

TEST(AcknowledgeLink, IsNeverCutOff) {
  const Message message =
      message_of(with_link(firing(samples::huge(7))), "https://watch", MessageForm());
  EXPECT_THAT(plain_text(message, {2000, Unit::bytes}),
              HasSubstr("\nAcknowledge: " + std::string(kLink) + "\nCorrelation id: "));
}

}  // namespace
}  // namespace highwater::notify
