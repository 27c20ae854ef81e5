#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporters/http/peer_text.h"

namespace highwater::http {
namespace {

Request to(std::string url, HeaderList headers = {}) {
  Request request;
  request.url = std::move(url);
  request.headers = std::move(headers);
  return request;
}

std::string moved(int status, std::string location, const Request& request) {
  Response response;
  response.status = status;
  if (!location.empty()) response.headers = {{"Location", std::move(location)}};
  return moved_to(response, request);
}

TEST(Redirect, SaysWhereToInFull) {
  const Request request = to("http://hooks.test/alerts");
  EXPECT_EQ(moved(301, "https://hooks.test/alerts", request),
            "moved to https://hooks.test/alerts: use that address");
  EXPECT_EQ(moved(308, "/alerts/", request),
            "moved to http://hooks.test/alerts/: use that address");
  EXPECT_EQ(moved(302, "//other.test:8080/a", request),
            "moved to http://other.test:8080/a: use that address");
  EXPECT_EQ(moved(307, "new", request), "moved to http://hooks.test/new: use that address");
}

TEST(Redirect, RepeatsNoSecret) {
  const Request request = to("http://hooks.test/services/T0A1B2/c0ffeec0ffee?token=abcdef");
  EXPECT_EQ(moved(301, "https://hooks.test/services/T0A1B2/c0ffeec0ffee?token=abcdef", request),
            "moved to https://hooks.test/services/***/***?token=***: use that address");
}

TEST(Redirect, AnAddressThatCannotBeUsedIsNotRepeated) {
  const Request request = to("http://hooks.test/alerts");
  EXPECT_EQ(moved(302, "ftp://user:pass@elsewhere/\x1b[31m", request),
            "moved to an address that cannot be used");
  EXPECT_EQ(moved(302, "https://user:pass@elsewhere/", request),
            "moved to an address that cannot be used");
  EXPECT_EQ(moved(302, "/" + std::string(400, 'a'), request),
            "moved to an address that cannot be used");
  EXPECT_EQ(moved(302, "", request), "a redirect without an address");
}

TEST(Redirect, OtherAnswersAreNone) {
  const Request request = to("http://hooks.test/alerts");
  for (const int status : {200, 304, 404, 500}) EXPECT_EQ(moved(status, "/x", request), "");
}

TEST(PeerText, IsShownWithoutWhatWasSentAsASecret) {
  const Request request = to("https://hooks.test/services/T0/B0/SECRET?api_key=hunter22",
                             {{"Authorization", "Bearer abc.def"}, {"X-Team", "team-a"}});
  EXPECT_EQ(without_secrets("Cannot POST /services/T0/B0/SECRET", request),
            "Cannot POST /services/***/***/***");
  EXPECT_EQ(without_secrets("bad key hunter22", request), "bad key ***");
  EXPECT_EQ(without_secrets("unknown token abc.def (Bearer abc.def)", request),
            "unknown token *** (***)");
  EXPECT_EQ(without_secrets("services are down", request), "services are down");
}

TEST(PeerText, KnowsSecretsThatLookLikeWords) {
  const Request request = to("https://hooks.test/hook/swordfish");
  EXPECT_EQ(without_secrets("no hook /hook/swordfish here", request), "no hook /hook/*** here");
  EXPECT_EQ(without_secrets("SWORDFISH is unknown", request), "*** is unknown");
}

TEST(PeerText, KnowsSecretsHoweverTheyAreEscaped) {
  const Request request = to("https://hooks.test/api/k%2Fey+1?sig=a%26b%3D%3D",
                             {{"Authorization", "Basic dXNlcjpzd29yZGZpc2g="}});
  EXPECT_EQ(without_secrets("no /api/k%2fey+1", request), "no /api/***");
  EXPECT_EQ(without_secrets("no k/ey+1 and k%2Fey%2B1", request), "no *** and ***");
  EXPECT_EQ(without_secrets(R"({"path":"/api/k\/ey+1"} <b>a&amp;b==</b> a&b==)", request),
            R"({"path":"/api/***"} <b>***</b> ***)");
  EXPECT_EQ(without_secrets("wrong password swordfish for user", request),
            "wrong password *** for user");
}

}  // namespace
}  // namespace highwater::http
