#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/core/digest.h"
#include "exporters/notify/receivers/standard_webhooks.h"
#include "tests/exporters/receivers/support.h"

namespace highwater::notify {
namespace {

using namespace testing_support;
using testing::HasSubstr;

constexpr const char* kKnownSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* kOtherSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

TEST(StandardWebhooks, SignsAsTheKnownAnswer) {
  for (const char* secret : {kKnownSecret, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}) {
    const auto key = signing_key(secret);
    ASSERT_TRUE(key);
    EXPECT_EQ(standard_signature("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                                 R"({"test": 2432232314})", *key),
              "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  }
}

TEST(StandardWebhooks, RefusesSecretsThatAreNoKey) {
  for (const char* secret : {"", "whsec_", "whsec_c2hvcnQ=", "whsec_!!!!", "a secret of words"}) {
    const auto key = signing_key(secret);
    ASSERT_FALSE(key) << secret;
    EXPECT_THAT(key.error().message, HasSubstr("24 to 64 bytes in base64"));
  }
}

TEST(Base64, GoesBothWays) {
  std::string bytes;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(base64_decoded(base64(bytes)), bytes);
    bytes += static_cast<char>(250 + i);
  }
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_FALSE(base64_decoded("Zm9vY"));
  EXPECT_FALSE(base64_decoded("Zm 9v"));
}

TEST(Webhook, IsSignedWithEachSecretOverWhatIsSent) {
  PushReceiver server(answers(200));
  const auto webhook =
      make("webhook", {{"url", Secret(server.url("/"))},
                       {"secret", std::vector<Secret>{kKnownSecret, kOtherSecret}}});
  EXPECT_EQ(webhook->deliver(firing(), attempt()).outcome, Outcome::delivered);
  const Received request = server.wait_for(1).at(0);
  EXPECT_EQ(request.headers.at("webhook-id"), "7-1-ab");
  EXPECT_EQ(request.headers.at("webhook-timestamp"), "1767225800");
  std::string expected;
  for (const char* secret : {kKnownSecret, kOtherSecret})
    expected += (expected.empty() ? "" : " ") +
                standard_signature("7-1-ab", 1767225800, request.body, *signing_key(secret));
  EXPECT_EQ(request.headers.at("webhook-signature"), expected);
  EXPECT_EQ(body_of(request)["version"], "4");
}

TEST(Webhook, IsNotSignedWithoutASecret) {
  PushReceiver server(answers(200));
  const auto webhook = make("webhook", {{"url", Secret(server.url("/"))}});
  EXPECT_EQ(webhook->deliver(firing(), attempt()).outcome, Outcome::delivered);
  EXPECT_FALSE(server.wait_for(1).at(0).headers.contains("webhook-signature"));
}

TEST(Webhook, IsTriedAgainWhileItsSecretCannotBeRead) {
  PushReceiver server(answers(200));
  const auto webhook =
      make("webhook", {{"url", Secret(server.url("/"))},
                       {"secret", std::vector<Secret>{Secret::in_file("/nonexistent/key")}}});
  const Answer answer = webhook->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, Outcome::retry);
  EXPECT_THAT(answer.text, HasSubstr("/nonexistent/key"));
  EXPECT_EQ(server.count(), 0);
}

}  // namespace
}  // namespace highwater::notify
