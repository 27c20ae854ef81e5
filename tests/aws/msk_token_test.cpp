// Tokens of AWS_MSK_IAM: the bytes that Amazon's own signer makes at the same time with the same
// keys.
#include "collectors/kafka/login/msk_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "agent/core/digest.h"

namespace highwater::kafka {
namespace {

using testing::HasSubstr;

// 2026-01-02T03:04:05Z
constexpr WallTime kThen{std::chrono::seconds(1767323045)};

std::string url_in(std::string token) {
  std::ranges::replace(token, '-', '+');
  std::ranges::replace(token, '_', '/');
  return base64_decoded(token).value_or("no base64");
}

TEST(MskToken, IsSignedAsAmazonsSignerDoes) {
  const aws::Keys keys{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                       "SESSIONTOKENEXAMPLE=="};
  const std::string url = url_in(msk_token(keys, "us-east-1", kThen));
  EXPECT_EQ(url,
            "https://kafka.us-east-1.amazonaws.com/?Action=kafka-cluster%3AConnect"
            "&X-Amz-Algorithm=AWS4-HMAC-SHA256"
            "&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Fkafka-cluster%2Faws4_request"
            "&X-Amz-Date=20260102T030405Z&X-Amz-Expires=900"
            "&X-Amz-Security-Token=SESSIONTOKENEXAMPLE%3D%3D&X-Amz-SignedHeaders=host"
            "&X-Amz-Signature=f7cbe281e7d7465a1131cb171bf57b8118081c7482b09cce20ab1afb15ccbf4b"
            "&User-Agent=highwater");
}

TEST(MskToken, HasNoSessionWithKeysThatDoNotEnd) {
  const std::string token = msk_token({"AKID", "secret", ""}, "eu-central-1", kThen);
  EXPECT_THAT(url_in(token), testing::Not(HasSubstr("Security-Token")));
  EXPECT_THAT(token, testing::Not(testing::ContainsRegex("[+/=]")));
}

TEST(MskToken, TakesTheRegionFromTheBrokersName) {
  EXPECT_EQ(region_in("b-1.x.c2.kafka.eu-central-1.amazonaws.com"), "eu-central-1");
  EXPECT_EQ(region_in("boot-abc.c1.kafka-serverless.us-west-2.amazonaws.com"), "us-west-2");
  EXPECT_EQ(region_in("b-1.x.c2.kafka.cn-north-1.amazonaws.com.cn"), "cn-north-1");
  EXPECT_EQ(region_in("kafka-1.example.com"), std::nullopt);
  EXPECT_EQ(region_in("ec2-1-2-3-4.eu-central-1.compute.amazonaws.com"), std::nullopt);
}

TEST(MskToken, NeedsARegion) {
  const auto environment = [](const char* name) {
    if (std::string_view(name) == "AWS_ACCESS_KEY_ID") return std::string("AKID");
    if (std::string_view(name) == "AWS_SECRET_ACCESS_KEY") return std::string("s3cret");
    return std::string();
  };
  MskTokens unknown({}, environment, {});
  const auto none = unknown.current("kafka-1", {SteadyTime(), kThen}, {});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("aws: {region: ...}"));
  MskTokens configured({.region = "eu-north-1", .profile = "", .role_arn = ""}, environment, {});
  const auto token =
      configured.current("b-1.x.kafka.us-east-1.amazonaws.com", {SteadyTime(), kThen}, {});
  ASSERT_TRUE(token);
  EXPECT_THAT(url_in(*token), HasSubstr("https://kafka.eu-north-1.amazonaws.com/"));
}

}  // namespace
}  // namespace highwater::kafka
