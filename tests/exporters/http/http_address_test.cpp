#include <gtest/gtest.h>

#include "exporters/http/address.h"

namespace highwater::http {
namespace {

TEST(Url, IsTakenApart) {
  const Url url = parse_url("https://hooks.example.com:8443/services/T0?x=1&y=%20").value();
  EXPECT_EQ(url.scheme, Scheme::https);
  EXPECT_EQ(url.host, "hooks.example.com");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.target, "/services/T0?x=1&y=%20");
  EXPECT_EQ(url.origin(), "https://hooks.example.com:8443");
}

TEST(Url, HasDefaultsForPortAndPath) {
  EXPECT_EQ(parse_url("http://a").value().port, 80);
  EXPECT_EQ(parse_url("HTTPS://a").value().port, 443);
  EXPECT_EQ(parse_url("http://a").value().target, "/");
  EXPECT_EQ(parse_url("http://a?b=c").value().target, "/?b=c");
  EXPECT_EQ(parse_url("https://a:443/").value().authority(), "a");
}

TEST(Url, WithAnIpv6AddressKeepsItsBracketsInTheHostHeader) {
  const Url url = parse_url("http://[::1]:9093/api").value();
  EXPECT_EQ(url.host, "::1");
  EXPECT_TRUE(url.ipv6);
  EXPECT_EQ(url.authority(), "[::1]:9093");
}

TEST(Url, ThatIsNonsenseIsRefused) {
  for (const char* text : {"",
                           "example.com",
                           "http://",
                           "http:///path",
                           "http://:80",
                           "ftp://a",
                           "http://a b",
                           "http://a/b c",
                           "http://a\n",
                           "http://user:secret@a",
                           "http://a:0",
                           "http://a:65536",
                           "http://a:",
                           "http://a:8x",
                           "http://[::1",
                           "http://[zz]",
                           "http://[::1]x",
                           "http://1.2.3",
                           "http://a..b",
                           "http://-a",
                           "http://a/#top",
                           "http://a\\b",
                           "http://\xc3\xa4",
                           "http://a:1:2",
                           "http://999.1.1.1",
                           "http://a/{x}"}) {
    EXPECT_FALSE(parse_url(text)) << text;
  }
  EXPECT_FALSE(parse_url("http://a/" + std::string(9000, 'x')));
}

TEST(Url, ErrorsDoNotRepeatASecret) {
  const auto url = parse_url("http://user:hunter2@example.com");
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().message.find("hunter2"), std::string::npos);
  EXPECT_NE(url.error().message.find("send them as a header"), std::string::npos);
}

TEST(ListenAddress, IsReadInItsThreeForms) {
  EXPECT_EQ(parse_listen("127.0.0.1:9877").value().host, "127.0.0.1");
  EXPECT_EQ(parse_listen("[::1]:9877").value().host, "::1");
  EXPECT_EQ(parse_listen(":9877").value().host, "");
  EXPECT_EQ(parse_listen("localhost:0").value().port, 0);
  for (const char* text : {"127.0.0.1:9877", "[::1]:9877", ":9877"})
    EXPECT_EQ(parse_listen(text).value().text(), text);
}

TEST(ListenAddress, ThatIsNonsenseIsRefusedWithTheRightForm) {
  for (const char* text : {"", "9877", "127.0.0.1", "::1:9877", "a:b", ":70000", "[::1]", "a b:1",
                           "http://127.0.0.1:9877", "127.0.0.1:9877/metrics"}) {
    const auto address = parse_listen(text);
    ASSERT_FALSE(address) << text;
    EXPECT_NE(address.error().message.find("127.0.0.1:9877, [::1]:9877"), std::string::npos);
    EXPECT_EQ(address.error().message.find("listen"), std::string::npos) << "who asks says of what";
  }
}

}  // namespace
}  // namespace highwater::http
