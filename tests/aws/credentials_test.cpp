// Where the keys of an identity at Amazon are found, in which order, and how they are renewed.
#include "collectors/aws/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "collectors/aws/shared_files.h"

namespace highwater::aws {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr WallTime kThen{std::chrono::seconds(1767323045)};  // 2026-01-02T03:04:05Z

std::string sts_answer(const std::string& key) {
  return "<R><Credentials><AccessKeyId>" + key +
         "</AccessKeyId><SecretAccessKey>its-secret</SecretAccessKey><SessionToken>its/token=="
         "</SessionToken><Expiration>2026-01-02T04:04:05Z</Expiration></Credentials></R>";
}

class Credentials : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_);
    set("HOME", folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void set(const std::string& name, const std::string& value) { environment_[name] = value; }
  std::string file(const std::string& name, const std::string& text) {
    const auto path = std::filesystem::path(folder_) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path;
  }
  AwsCredentials make(CredentialSettings settings = {}) {
    return {std::move(settings),
            [this](const char* name) {
              const auto found = environment_.find(name);
              return found == environment_.end() ? std::string() : found->second;
            },
            [this](const HttpQuestion& question) -> Result<HttpAnswer> {
              asked_.push_back(question);
              const auto found = answers_.find(question.method + " " + question.url);
              if (found == answers_.end()) return fail("no route to " + question.url);
              return found->second;
            }};
  }
  static Now at(Duration since) { return {SteadyTime(1h) + since, kThen + since}; }
  static std::string key(AwsCredentials& credentials, Duration since = 0s) {
    const auto keys = credentials.current("eu-central-1", at(since), {});
    return keys ? keys->access_key_id : "none: " + keys.error().message;
  }

  const std::string folder_ =
      testing::TempDir() + "aws-" + testing::UnitTest::GetInstance()->current_test_info()->name();
  std::map<std::string, std::string> environment_;
  std::map<std::string, HttpAnswer> answers_;
  std::vector<HttpQuestion> asked_;
};

TEST_F(Credentials, AreThoseOfTheEnvironmentFirst) {
  file(".aws/credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key = x\n");
  set("AWS_ACCESS_KEY_ID", "ENV");
  set("AWS_SECRET_ACCESS_KEY", "s");
  auto credentials = make();
  EXPECT_EQ(key(credentials), "ENV");
  auto of_profile = make({.profile = "default", .role_arn = ""});
  EXPECT_EQ(key(of_profile), "FILE") << "a profile that is named is meant";
}

TEST_F(Credentials, OfAProfileStandInBothFiles) {
  file(".aws/credentials",
       "# ours\n[default]\naws_access_key_id=A\naws_secret_access_key = s = 1\n");
  file(".aws/config",
       "[profile other]\nregion = eu\ns3 =\n  max = 1\naws_access_key_id = B\n"
       "aws_secret_access_key = t\n[default]\naws_access_key_id = C\n");
  auto credentials = make();
  const auto keys = credentials.current("eu-central-1", at(0s), {});
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->access_key_id + " " + keys->secret_access_key, "A s = 1");
  auto other = make({.profile = "other", .role_arn = ""});
  EXPECT_EQ(key(other), "B");
  auto missing = make({.profile = "nobody", .role_arn = ""});
  EXPECT_THAT(key(missing), HasSubstr("there is no profile 'nobody'"));
}

TEST_F(Credentials, OfAProfileThatAssumesARole) {
  file(".aws/config",
       "[profile app]\nrole_arn = arn:aws:iam::1:role/app\nsource_profile = base\n"
       "[profile base]\naws_access_key_id = BASE\naws_secret_access_key = s\n"
       "[profile loop]\nrole_arn = arn:aws:iam::1:role/l\nsource_profile = pool\n"
       "[profile pool]\nrole_arn = arn:aws:iam::1:role/p\nsource_profile = loop\n");
  answers_["POST https://sts.eu-central-1.amazonaws.com/"] = {200, sts_answer("ROLE")};
  auto credentials = make({.profile = "app", .role_arn = ""});
  EXPECT_EQ(key(credentials), "ROLE");
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_THAT(asked_[0].body,
              HasSubstr("Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3A"));
  EXPECT_THAT(asked_[0].headers.back().second,
              HasSubstr("Credential=BASE/20260102/eu-central-1/sts/aws4_request, "
                        "SignedHeaders=host;x-amz-date, Signature="));
  auto loop = make({.profile = "loop", .role_arn = ""});
  EXPECT_THAT(key(loop), HasSubstr("its profiles lead to each other"));
}

TEST_F(Credentials, OfAWebIdentityAreRenewedBeforeTheyEnd) {
  set("AWS_WEB_IDENTITY_TOKEN_FILE", file("token", "the.web.token\n"));
  set("AWS_ROLE_ARN", "arn:aws:iam::1:role/pod");
  answers_["POST https://sts.eu-central-1.amazonaws.com/"] = {200, sts_answer("ONE")};
  auto credentials = make();
  EXPECT_EQ(key(credentials), "ONE");
  EXPECT_THAT(asked_[0].body, HasSubstr("&WebIdentityToken=the.web.token"));
  answers_["POST https://sts.eu-central-1.amazonaws.com/"] = {200, sts_answer("TWO")};
  EXPECT_EQ(key(credentials, 54min), "ONE");
  EXPECT_EQ(key(credentials, 56min), "TWO");
}

TEST_F(Credentials, ThatCannotBeRenewedServeUntilTheyEnd) {
  set("AWS_WEB_IDENTITY_TOKEN_FILE", file("token", "t\n"));
  set("AWS_ROLE_ARN", "arn:aws:iam::1:role/pod");
  const std::string sts = "POST https://sts.eu-central-1.amazonaws.com/";
  answers_[sts] = {200, sts_answer("ONE")};
  auto credentials = make();
  ASSERT_EQ(key(credentials), "ONE");
  answers_[sts] = {403, "<Error><Code>AccessDenied</Code><Message>not you</Message></Error>"};
  EXPECT_EQ(key(credentials, 56min), "ONE");
  EXPECT_THAT(credentials.problem(),
              HasSubstr("STS: it answers with status 403: AccessDenied: not you"));
  EXPECT_THAT(key(credentials, 61min), HasSubstr("none: no credentials of AWS"));
  answers_[sts] = {200, sts_answer("TWO")};
  EXPECT_THAT(key(credentials, 61min + 1s), HasSubstr("none"))
      << "it is left alone for some seconds";
}

TEST_F(Credentials, OfAContainerAreAskedForWithItsToken) {
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials");
  set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file("pod", "pod-token\n"));
  answers_["GET http://169.254.170.23/v1/credentials"] = {
      200,
      R"({"AccessKeyId": "POD", "SecretAccessKey": "s", "Token": "t", "Expiration": "2026-01-02T09:00:00Z"})"};
  auto credentials = make();
  EXPECT_EQ(key(credentials), "POD");
  EXPECT_EQ(asked_.back().headers.front(),
            std::pair(std::string("Authorization"), std::string("pod-token")));
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://evil.example/steal");
  auto stolen = make();
  EXPECT_THAT(key(stolen), HasSubstr("is neither https nor of this machine"));
}

TEST_F(Credentials, OfAnInstanceNeedASessionOfItsMetadata) {
  const std::string base = "http://169.254.169.254/latest/";
  answers_["PUT " + base + "api/token"] = {200, "metadata-token"};
  answers_["GET " + base + "meta-data/iam/security-credentials/"] = {200, "role-of-it\n"};
  answers_["GET " + base + "meta-data/iam/security-credentials/role-of-it"] = {
      200,
      R"({"AccessKeyId": "EC2", "SecretAccessKey": "s", "Token": "t", "Expiration": "2026-01-02T09:00:00Z"})"};
  auto credentials = make();
  EXPECT_EQ(key(credentials), "EC2");
  EXPECT_EQ(asked_.back().headers.front().second, "metadata-token");
  set("AWS_EC2_METADATA_DISABLED", "true");
  auto none = make();
  const std::string why = key(none);
  for (const char* place :
       {"environment: ", "profile 'default': ", "web identity: ", "container: ", "instance: "})
    EXPECT_THAT(why, HasSubstr(place));
}

TEST_F(Credentials, AssumeTheRoleOfTheConfiguration) {
  set("AWS_ACCESS_KEY_ID", "ENV");
  set("AWS_SECRET_ACCESS_KEY", "s");
  set("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:5000/");
  answers_["POST http://127.0.0.1:5000/"] = {200, sts_answer("MONITOR")};
  auto credentials = make({.profile = "", .role_arn = "arn:aws:iam::1:role/monitor"});
  EXPECT_EQ(key(credentials), "MONITOR");
}

TEST_F(Credentials, AreNoneOfHostileAnswers) {
  set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
  for (const char* body :
       {"", "[]", "{\"AccessKeyId\": 1}", "{\"AccessKeyId\": \"A\"}", "<AccessKeyId>",
        R"({"AccessKeyId": "A", "SecretAccessKey": "s", "Expiration": "soon"})"}) {
    answers_["GET http://169.254.170.2/x"] = {200, body};
    auto credentials = make();
    EXPECT_THAT(key(credentials), HasSubstr("container: it answers without credentials")) << body;
  }
}

}  // namespace
}  // namespace highwater::aws
