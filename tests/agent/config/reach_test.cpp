#include "agent/config/reach.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace highwater::agent {
namespace {

using testing::HasSubstr;

Config config_with(const std::string& settings, const std::string& receiver) {
  Diagnostics diagnostics;
  const std::string text = "clusters: [{name: prod, bootstrap: [\"kafka-1:9092\"]}]\n" + settings +
                           "receivers: [{name: on-call, webhook: {url: \"" + receiver + "\"}}]\n";
  auto config = parse_config(text, "highwater.yaml", diagnostics);
  EXPECT_TRUE(config && diagnostics.empty()) << (diagnostics.empty() ? "" : diagnostics[0].text());
  return config.value_or(Config{});
}

TEST(Reach, ALoopbackExternalUrlIsToldWhenAReceiverIsElsewhere) {
  for (const char* settings :
       {"", "listen: \":9877\"\n", "external_url: http://localhost:9877\n",
        "listen: \"[::1]:9877\"\n", "external_url: http://127.0.0.53/highwater\n"}) {
    EXPECT_THAT(unreachable_links(config_with(settings, "https://alerts.example/hook")),
                HasSubstr("receiver 'on-call' is elsewhere"))
        << settings;
  }
}

TEST(Reach, NothingIsToldWhenPeopleCanFollowTheLinks) {
  EXPECT_EQ(unreachable_links(config_with("", "http://127.0.0.1:8080/hook")), "");
  EXPECT_EQ(unreachable_links(config_with("", "http://[::1]:8080/hook")), "");
  EXPECT_EQ(unreachable_links(config_with("external_url: https://highwater.example\n",
                                          "https://alerts.example/hook")),
            "");
  EXPECT_EQ(unreachable_links(config_with("listen: 10.0.0.7:9877\n", "https://alerts.example/")),
            "");
}

TEST(Reach, TheAddressOfAnIpv6ListenerHasItsBrackets) {
  EXPECT_EQ(config_with("listen: \"[::1]:9877\"\n", "http://[::1]:1/").external_url,
            "http://[::1]:9877");
}

TEST(Reach, LoopbackIsNoName) {
  EXPECT_TRUE(is_loopback("127.0.0.1"));
  EXPECT_TRUE(is_loopback("localhost"));
  EXPECT_FALSE(is_loopback("127.example.com"));
  EXPECT_FALSE(is_loopback("10.0.0.1"));
  EXPECT_FALSE(is_loopback(""));
}

}  // namespace
}  // namespace highwater::agent
