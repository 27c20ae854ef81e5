#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "agent/source_transfer.h"
#include "exporters/http/server.h"

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;

class SourceTransfer : public testing::Test {
 protected:
  SourceTransfer() {
    plan_.sources.resize(1);
    sources::SourceSettings& source = plan_.sources[0];
    source.timeout = 5s;
    server_->add("GET", "/metrics", [this](const http::ServerRequest& request) {
      authorization_ = std::string(request.header("Authorization"));
      http::Reply reply;
      reply.status = status_;
      reply.body = body_;
      reply.content_type = "text/plain; version=0.0.4";
      return reply;
    });
    server_->start();
    source.url = "http://127.0.0.1:" + std::to_string(server_->port()) + "/metrics";
  }
  ~SourceTransfer() override { server_->stop(); }

  sources::Read<sources::Page> fetch() {
    return make_source_transfer(plan_)(plan_.sources[0], std::stop_token());
  }

  std::unique_ptr<http::Server> server_ = std::move(*http::Server::listen({"127.0.0.1", 0}));
  sources::SourcePlan plan_;
  int status_ = 200;
  std::string body_ = "a 1\n";
  std::string authorization_;
};

TEST_F(SourceTransfer, APageComesWithItsType) {
  const auto page = fetch();
  ASSERT_TRUE(page) << page.error().what;
  EXPECT_EQ(page->text, "a 1\n");
  EXPECT_EQ(page->content_type, "text/plain; version=0.0.4");
  EXPECT_EQ(authorization_, "");
}

TEST_F(SourceTransfer, OtherStatusesAreFailures) {
  status_ = 503;
  EXPECT_EQ(fetch().error().what, "it answers with status 503");
  status_ = 403;
  const auto denied = fetch();
  EXPECT_EQ(denied.error().reason, Unknown::denied);
}

TEST_F(SourceTransfer, APageBeyondTheLimitIsAFailure) {
  body_ = std::string(5000, '#');
  plan_.sources[0].limit = 1024;
  EXPECT_EQ(fetch().error().what, "its page is larger than 1024 bytes");
}

TEST_F(SourceTransfer, BasicCredentialsAreSent) {
  plan_.sources[0].credentials.user = "Aladdin";
  plan_.sources[0].credentials.password = "open sesame";
  ASSERT_TRUE(fetch());
  EXPECT_EQ(authorization_, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

TEST_F(SourceTransfer, ATokenIsReadAnewForEachRequest) {
  const auto file =
      std::filesystem::temp_directory_path() / ("source-token-" + std::to_string(server_->port()));
  plan_.sources[0].credentials.bearer_token_file = file.string();
  std::ofstream(file) << "first\n";
  ASSERT_TRUE(fetch());
  EXPECT_EQ(authorization_, "Bearer first");
  std::ofstream(file) << "second";
  ASSERT_TRUE(fetch());
  EXPECT_EQ(authorization_, "Bearer second");
  std::filesystem::remove(file);
  const auto missing = fetch();
  EXPECT_EQ(missing.error().reason, Unknown::denied);
  EXPECT_THAT(missing.error().what, testing::HasSubstr("cannot be read"));
}

TEST_F(SourceTransfer, ARefusedConnectionSaysWhere) {
  plan_.sources[0].url = "http://127.0.0.1:1/secret";
  const auto refused = fetch();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, testing::HasSubstr("127.0.0.1:1"));
  EXPECT_THAT(refused.error().what, testing::Not(testing::HasSubstr("secret")));
}

}  // namespace
}  // namespace highwater::agent
