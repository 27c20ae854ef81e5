// Secrets of receivers: in the configuration, in files, in the environment.
#include "agent/config/secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "agent/config/config.h"
#include "agent/config/reach.h"

namespace highwater::agent {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class Secrets : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    const std::string path = folder_ / name;
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }
  // The configuration with one receiver.
  std::string configuration(const std::string& webhook, mode_t mode) {
    return write(
        "highwater.yaml",
        "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nreceivers:\n  - name: r\n    webhook: " +
            webhook + "\n",
        mode);
  }
  std::string mistake_in(const std::string& webhook, mode_t mode) {
    Diagnostics diagnostics;
    const auto config = read_config(configuration(webhook, mode), diagnostics);
    EXPECT_EQ(config.has_value(), diagnostics.empty());
    return diagnostics.empty() ? "" : diagnostics.front().text();
  }
  notify::ReceiverConfig receiver(const std::string& webhook) {
    Diagnostics diagnostics;
    const auto config = read_config(configuration(webhook, 0644), diagnostics);
    EXPECT_TRUE(config) << diagnostics.front().text();
    return config ? config->receivers.at(0) : notify::ReceiverConfig();
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("highwater-secrets-" + std::to_string(getpid()));
};

TEST_F(Secrets, AreReadFromFilesAndTheEnvironmentEachTime) {
  write("url", "https://hooks.test/one\nsecond line\n");
  setenv("HIGHWATER_TEST_TOKEN", "abc", 1);
  const notify::ReceiverConfig made = receiver(
      "{url: {file: url}, bearer_token: {env: HIGHWATER_TEST_TOKEN}, headers: {X-Key: {file: "
      "key}}}");
  EXPECT_EQ(made.settings.secret("url").value().value(), "https://hooks.test/one");
  EXPECT_EQ(made.settings.secret("url").written(), "");
  write("url", "https://hooks.test/two");
  EXPECT_EQ(made.settings.secret("url").value().value(), "https://hooks.test/two");
  const Secret header = made.settings.headers("headers").at(0).second;
  EXPECT_THAT(header.value().error().message, HasSubstr("/key cannot be read"));
  const Secret token = made.settings.secret("bearer_token");
  EXPECT_EQ(token.value().value(), "abc");
  unsetenv("HIGHWATER_TEST_TOKEN");
  EXPECT_EQ(token.value().error().message, "the environment has no variable HIGHWATER_TEST_TOKEN");
}

TEST_F(Secrets, AnEmptyFileAndAFifoAreNone) {
  write("empty", "\n");
  mkfifo((folder_ / "pipe").c_str(), 0600);
  EXPECT_THAT(Secret::in_file(folder_ / "empty").value().error().message, HasSubstr("is empty"));
  EXPECT_THAT(Secret::in_file(folder_ / "pipe").value().error().message,
              HasSubstr("it is no regular file but a FIFO"));
}

TEST_F(Secrets, WrittenWhereOthersReadThemAreRefused) {
  for (const char* webhook :
       {"{url: \"http://x\", headers: {Authorization: \"Bearer abc\"}}",
        "{url: \"http://x\", headers: {X-Api-Key: abc}}", "{url: \"http://x\", bearer_token: abc}",
        "{url: \"http://x/hook?token=abc\"}", "{url: \"https://x/services/XXq3TbZ9a8Kd0mPw\"}"}) {
    EXPECT_THAT(mistake_in(webhook, 0644),
                HasSubstr("is a secret, and everybody on this machine can read this file"))
        << webhook;
    EXPECT_THAT(mistake_in(webhook, 0640), IsEmpty()) << webhook;
  }
}

TEST_F(Secrets, WhatIsNoneMayBeReadByAll) {
  for (const char* webhook :
       {"{url: \"http://alerts.monitoring.svc:8080/kafka-alerts-production?severity=page\"}",
        "{url: \"http://x/api/v2/alerts\", headers: {X-Team: payments}}",
        "{url: {env: URL}, bearer_token: {file: token}}"})
    EXPECT_THAT(mistake_in(webhook, 0644), IsEmpty()) << webhook;
}

TEST_F(Secrets, MistakesAreSaidWithTheirPlace) {
  EXPECT_THAT(mistake_in("{url: {}}", 0644), HasSubstr("needs either 'file' or 'env'"));
  EXPECT_THAT(mistake_in("{url: {file: a, env: B}}", 0644), HasSubstr("either 'file' or 'env'"));
  EXPECT_THAT(mistake_in("{url: {fiel: a}}", 0644), HasSubstr("highwater.yaml:4:"));
  EXPECT_THAT(mistake_in("{url: {env: $URL}}", 0644), HasSubstr("write it without '$'"));
  EXPECT_THAT(mistake_in("{url: \"ftp://x\"}", 0644), HasSubstr("'url'"));
}

TEST_F(Secrets, WhereAReceiverIsThatOnlyAFileKnowsIsNotJudged) {
  Diagnostics diagnostics;
  const auto config = read_config(configuration("{url: {file: url}}", 0644), diagnostics);
  ASSERT_TRUE(config);
  EXPECT_EQ(unreachable_links(*config), "");
}

}  // namespace
}  // namespace highwater::agent
