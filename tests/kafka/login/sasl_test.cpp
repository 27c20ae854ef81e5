// PLAIN, OAUTHBEARER and its tokens, and how often a refused login is tried again.
#include "collectors/kafka/login/sasl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "collectors/kafka/login/login_gate.h"
#include "collectors/kafka/login/oauth_tokens.h"

namespace highwater::kafka {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(Sasl, PlainIsUserAndPassword) {
  const auto plain = make_plain("user", "pass");
  EXPECT_EQ(plain->first().value(), std::string("\0user\0pass", 10));
  EXPECT_EQ(plain->next("").value(), std::nullopt);
}

TEST(Sasl, OauthbearerIsTheTokenWithItsExtensions) {
  OauthSettings settings;
  settings.extensions = {{"logicalCluster", "lkc-1"}, {"identityPoolId", "pool-2"}};
  const auto login = make_oauthbearer("abc.def", settings);
  EXPECT_EQ(login->first().value(),
            "n,,\x01"
            "auth=Bearer abc.def\x01logicalCluster=lkc-1\x01identityPoolId=pool-2\x01\x01");
  EXPECT_EQ(login->next("").value(), std::nullopt);
}

TEST(Sasl, OauthbearerAnswersARefusalOnceAndEnds) {
  const auto login = make_oauthbearer("abc", {});
  EXPECT_EQ(login->next(R"({"status":"invalid_token"})").value(), "\x01");
  const auto again = login->next(R"({"status":"invalid_token"})");
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("invalid_token"));
}

TEST(Sasl, ExtensionsAreLettersAndPrintable) {
  EXPECT_EQ(check_extension("logicalCluster", "lkc-1"), "");
  for (const auto& [name, value] : {std::pair("auth", "x"),
                                    {"", "x"},
                                    {"a1", "x"},
                                    {"a", ""},
                                    {"a", "x\x01y"},
                                    {"a", "\xc3\xa4"}})
    EXPECT_NE(check_extension(name, value), "") << name << "=" << value;
}

// A token server whose answers are at hand.
class Tokens : public testing::Test {
 protected:
  OauthTokens make(std::string scope = "") {
    OauthSettings settings;
    settings.token_url = "https://id.test/token";
    settings.client_id = "highwater";
    settings.client_secret = Secret("s3cret");
    settings.scope = std::move(scope);
    return OauthTokens(settings, [this](const HttpQuestion& question) -> Result<HttpAnswer> {
      ++asked_;
      last_ = question;
      if (!up_) return fail("connection refused");
      return HttpAnswer{status_, body_};
    });
  }
  [[nodiscard]] Now at(Duration since) const {
    return {start_.steady + since, start_.wall + since};
  }

  const Now start_{SteadyTime(1h), WallTime(std::chrono::hours(24 * 365 * 50))};
  int asked_ = 0;
  bool up_ = true;
  int status_ = 200;
  std::string body_ = R"({"access_token": "one", "expires_in": 100})";
  HttpQuestion last_;
};

TEST_F(Tokens, AreAskedForByClientCredentials) {
  auto tokens = make("kafka read&write");
  EXPECT_EQ(tokens.current(start_, {}).value(), "one");
  EXPECT_EQ(last_.body, "grant_type=client_credentials&scope=kafka%20read%26write");
  EXPECT_EQ(last_.headers.back().second, "Basic aGlnaHdhdGVyOnMzY3JldA==");
}

TEST_F(Tokens, AreKeptUntilFourFifthsOfTheirLifeAreOver) {
  auto tokens = make();
  EXPECT_EQ(tokens.current(start_, {}).value(), "one");
  body_ = R"({"access_token": "two", "expires_in": 100})";
  EXPECT_EQ(tokens.current(at(79s), {}).value(), "one");
  EXPECT_EQ(tokens.current(at(80s), {}).value(), "two");
  EXPECT_EQ(asked_, 2);
}

TEST_F(Tokens, ServeWhileTheServerIsDownUntilTheyEnd) {
  auto tokens = make();
  ASSERT_TRUE(tokens.current(start_, {}));
  up_ = false;
  EXPECT_EQ(tokens.current(at(80s), {}).value(), "one");
  EXPECT_THAT(tokens.problem(), HasSubstr("connection refused"));
  EXPECT_EQ(tokens.current(at(81s), {}).value(), "one");
  EXPECT_EQ(asked_, 2) << "it is left alone for some seconds";
  const auto late = tokens.current(at(100s), {});
  ASSERT_FALSE(late);
  EXPECT_THAT(late.error().message, HasSubstr("no token from the token server"));
  up_ = true;
  EXPECT_TRUE(tokens.current(at(106s), {}));
  EXPECT_EQ(tokens.problem(), "");
}

TEST_F(Tokens, SayWhatTheServerSaysAndNoSecret) {
  auto tokens = make();
  status_ = 401;
  body_ = R"({"error": "invalid_client", "error_description": "no such\nclient"})";
  const auto refused = tokens.current(start_, {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("status 401: invalid_client: no such?client"));
  EXPECT_THAT(refused.error().message, testing::Not(HasSubstr("s3cret")));
}

TEST_F(Tokens, AreNotTakenFromNonsense) {
  for (const char* body : {"", "[]", "{}", R"({"access_token": 1})", R"({"access_token": ""})",
                           R"({"access_token": "a b"})", R"({"access_token": "a\u0001b"})",
                           R"({"access_token": "a", "expires_in": 0})"}) {
    body_ = body;
    EXPECT_FALSE(make().current(start_, {})) << body;
  }
}

// {"alg":"none"}.{"exp":1576800050}: 50 s after the start.
TEST_F(Tokens, LiveAsLongAsTheirClaimSays) {
  const std::string token = "eyJhbGciOiJub25lIn0.eyJleHAiOjE1NzY4MDAwNTB9.x";
  ASSERT_EQ(token_expiry(token).value(), start_.wall + 50s);
  body_ = R"({"access_token": ")" + token + "\"}";
  auto tokens = make();
  ASSERT_TRUE(tokens.current(start_, {}));
  ASSERT_TRUE(tokens.current(at(39s), {}));
  EXPECT_EQ(asked_, 1);
  ASSERT_TRUE(tokens.current(at(41s), {}));
  EXPECT_EQ(asked_, 2);
}

TEST_F(Tokens, ExpiryIsUnknownOfWhatIsNoJwt) {
  for (const char* token : {"", "a", "a.b", "a..c", "a.b.c", "a.e30.c", "a.eyJleHAiOiJ4In0.c"})
    EXPECT_EQ(token_expiry(token), std::nullopt) << token;
}

TEST_F(Tokens, OfAFileAreReadEachTime) {
  const auto path =
      std::filesystem::temp_directory_path() / ("highwater-token-" + std::to_string(getpid()));
  OauthSettings settings;
  settings.token_file = path.string();
  OauthTokens tokens(settings, {});
  std::ofstream(path) << "first\n";
  EXPECT_EQ(tokens.current(start_, {}).value(), "first");
  std::ofstream(path) << "second\n";
  EXPECT_EQ(tokens.current(start_, {}).value(), "second");
  std::ofstream(path) << "not a token\n";
  EXPECT_FALSE(tokens.current(start_, {}));
  std::filesystem::remove(path);
  EXPECT_FALSE(tokens.current(start_, {}));
}

class Gate : public testing::Test {
 protected:
  [[nodiscard]] bool closed(const std::string& address, Duration when, size_t secret = 1) {
    return gate_.closed(address, secret, start_ + when).has_value();
  }
  void refuse(const std::string& address, Duration when) {
    gate_.refused(address, 1, {FailureKind::credentials, "wrong"}, start_ + when);
  }

  const SteadyTime start_{1h};
  LoginGate gate_;
};

TEST_F(Gate, KeepsARefusedPasswordFromAllBrokers) {
  EXPECT_FALSE(closed("a:1", 0s));
  refuse("a:1", 0s);
  EXPECT_TRUE(closed("a:1", 9s));
  EXPECT_TRUE(closed("b:1", 9s));
  EXPECT_FALSE(closed("b:1", 10s));
}

TEST_F(Gate, OpensLaterEachTimeAndAfterHalfAMinuteAtMost) {
  ASSERT_FALSE(closed("a:1", 0s));
  for (const auto& [at, open] : {std::pair(0s, 10s), {10s, 30s}, {30s, 60s}, {60s, 90s}}) {
    refuse("a:1", at);
    EXPECT_TRUE(closed("a:1", open - 1s)) << open.count();
    EXPECT_FALSE(closed("a:1", open)) << open.count();
  }
}

TEST_F(Gate, LetsAnotherSecretThroughAtOnce) {
  ASSERT_FALSE(closed("a:1", 0s));
  refuse("a:1", 0s);
  EXPECT_FALSE(closed("a:1", 1s, 2));
}

TEST_F(Gate, ConcernsOneBrokerWhileOthersAcceptTheSecret) {
  ASSERT_FALSE(closed("a:1", 0s));
  gate_.accepted("b:1", 1, start_);
  refuse("a:1", 1s);
  EXPECT_TRUE(closed("a:1", 2s));
  EXPECT_FALSE(closed("c:1", 2s));
}

}  // namespace
}  // namespace highwater::kafka
