// Who may read and who may change things on a server with logins.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "agent/core/digest.h"
#include "http_access_fixture.h"

namespace highwater::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string basic(const std::string& login) {
  return "Basic " + base64(login);
}

AccessPolicy with_logins() {
  AccessPolicy access;
  access.logins = std::make_shared<const Logins>(
      std::vector<UserLogin>{{"alice", kWonderland, Role::write}, {"hatter", kTeaTime, Role::read}},
      std::vector<TokenLogin>{{"ci", "0123456789abcdef", Role::write}});
  return access;
}

class HttpServerLogins : public HttpAccess {
 protected:
  Response as(const std::string& authorization, const std::string& target = "/who") {
    HeaderList headers;
    if (!authorization.empty()) headers.emplace_back("Authorization", authorization);
    return get(url(target, false), {}, headers).value();
  }
};

TEST_F(HttpServerLogins, WithoutThemThisMachineMayChangeThings) {
  serve({});
  EXPECT_EQ(as("").body, " may change");
  EXPECT_EQ(as(basic("alice:wrong")).body, " may change") << "a login that nobody asked for";
  EXPECT_THAT(raw("GET /who HTTP/1.1\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n"),
              testing::EndsWith(" may read"));
}

TEST_F(HttpServerLogins, AreAskedForAlsoFromThisMachine) {
  serve(with_logins());
  const Response reply = as("");
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(reply.header("WWW-Authenticate"), "Basic realm=\"Highwater\", charset=\"UTF-8\"");
  EXPECT_EQ(as("", "/nothing").status, 401) << "nobody learns which pages there are";
  for (const char* wrong : {"Bearer 0123456789abcdeg", "Basic YWxpY2U6eA==", "Basic", "Digest x"})
    EXPECT_EQ(as(wrong).status, 401) << wrong;
  EXPECT_EQ(as("", "/healthz").body, "ok");
  EXPECT_EQ(as("Bearer wrong", "/healthz").body, "ok");
}

TEST_F(HttpServerLogins, DecideWhatMayBeDone) {
  serve(with_logins());
  for (int i = 0; i < 2; ++i) {  // computed, then remembered
    EXPECT_EQ(as(basic("alice:wonderland")).body, "alice may change");
    EXPECT_EQ(as(basic("hatter:tea: time")).body, "hatter may read");
  }
  EXPECT_EQ(as("Bearer 0123456789abcdef").body, "ci may change");
}

TEST_F(HttpServerLogins, AreNotForwardedToHandlersNorTakenTwice) {
  serve(with_logins());
  const std::string header = "Authorization: " + basic("alice:wonderland") + "\r\n";
  EXPECT_THAT(raw("GET /who HTTP/1.1\r\n" + header + "\r\n"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(raw("GET /who HTTP/1.1\r\n" + header + header + "\r\n"), StartsWith("HTTP/1.1 400"));
}

// A browser sends a password that it knows with whatever a page makes it send.
TEST_F(HttpServerLogins, OfABrowserAreNotLentToOtherSites) {
  serve(with_logins());
  const auto post = [&](const std::string& origin) {
    return raw(
        fmt::format("POST /who HTTP/1.1\r\nHost: localhost:1\r\nOrigin: {}\r\n"
                    "Authorization: {}\r\nContent-Length: 0\r\n\r\n",
                    origin, basic("alice:wonderland")));
  };
  EXPECT_THAT(post("http://localhost:1"), HasSubstr("alice may change"));
  EXPECT_THAT(post("https://localhost:1"), HasSubstr("alice may change")) << "by a proxy with TLS";
  for (const char* origin : {"http://evil.example", "null", "https://localhost"})
    EXPECT_THAT(post(origin), StartsWith("HTTP/1.1 403")) << origin;
}

TEST_F(HttpServerLogins, ChangeWhileItRuns) {
  serve(with_logins());
  EXPECT_EQ(as("Bearer 0123456789abcdef").body, "ci may change");
  AccessPolicy other;
  other.logins = std::make_shared<const Logins>(
      std::vector<UserLogin>{}, std::vector<TokenLogin>{{"ci", "fedcba9876543210", Role::read}});
  server_->set_access(std::make_shared<const AccessPolicy>(other));
  EXPECT_EQ(as("Bearer 0123456789abcdef").status, 401);
  EXPECT_EQ(as("Bearer fedcba9876543210").body, "ci may read");
}

// Hashes of guesses are one thread's work, and others do not wait for it.
TEST_F(HttpServerLogins, AFloodOfGuessesStopsNobodyWhoIsKnown) {
  AccessPolicy access;
  // A cost of 12, which takes a quarter of a second: the hash is of some other password.
  access.logins = std::make_shared<const Logins>(
      std::vector<UserLogin>{
          {"alice", "$2y$12$abcdefghijklmnopqrstuujZkTwHUiJ9XdZPwKfcfDo7dMp5DjlTu", Role::read}},
      std::vector<TokenLogin>{{"ci", "0123456789abcdef", Role::read}});
  serve(access);
  std::vector<std::unique_ptr<RawClient>> guesses;
  for (int i = 0; i < 60; ++i) {
    guesses.push_back(std::make_unique<RawClient>(server_->port()));
    guesses.back()->send("GET /who HTTP/1.1\r\nAuthorization: " +
                         basic(fmt::format("alice:guess{}", i)) + "\r\n\r\n");
  }
  for (int i = 0; i < 20; ++i) EXPECT_EQ(as("Bearer 0123456789abcdef").body, "ci may read");
  EXPECT_EQ(as("", "/healthz").body, "ok");
  // More than can wait is turned away.
  EXPECT_THAT(guesses.back()->read_all(), StartsWith("HTTP/1.1 503"));
  const auto begun = std::chrono::steady_clock::now();
  server_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s) << "guesses are not waited for";
}

}  // namespace
}  // namespace highwater::http
