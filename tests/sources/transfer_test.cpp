#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "agent/source_transfer.h"
#include "exporters/http/server.h"
#include "tests/exporters/http/http_support.h"

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;

class SourceTransfer : public testing::Test {
 protected:
  SourceTransfer() {
    source_.timeout = 5s;
    server_->add("GET", "/metrics", [this](const http::ServerRequest& request) {
      login_ = request.login;
      http::Reply reply;
      reply.status = status_;
      reply.body = body_;
      reply.content_type = "text/plain; version=0.0.4";
      return reply;
    });
    server_->start();
    source_.url = "http://127.0.0.1:" + std::to_string(server_->port()) + "/metrics";
  }
  ~SourceTransfer() override { server_->stop(); }

  // From here on the page is for those only, and `login_` says who came.
  void ask_for_logins() {
    http::AccessPolicy policy;
    const std::vector<http::UserLogin> users{{"Aladdin", kOpenSesame}};
    const std::vector<http::TokenLogin> tokens{{"the first", kFirst}, {"the second", kSecond}};
    policy.logins = std::make_shared<const http::Logins>(users, tokens);
    server_->set_access(std::make_shared<const http::AccessPolicy>(std::move(policy)));
  }
  sources::Read<sources::Page> fetch() {
    return make_source_transfer()(source_, std::stop_token());
  }

  std::unique_ptr<http::Server> server_ = std::move(*http::Server::listen({"127.0.0.1", 0}));
  sources::SourceSettings source_;
  int status_ = 200;
  std::string body_ = "a 1\n";
  std::string login_;

  static constexpr const char* kOpenSesame =  // bcrypt
      "$2b$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy";
  static constexpr const char* kFirst = "first-token-of-a-file";
  static constexpr const char* kSecond = "second-token-of-a-file";
};

TEST_F(SourceTransfer, APageComesWithItsType) {
  const auto page = fetch();
  ASSERT_TRUE(page) << page.error().what;
  EXPECT_EQ(page->text, "a 1\n");
  EXPECT_EQ(page->content_type, "text/plain; version=0.0.4");
  EXPECT_EQ(login_, "");
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
  source_.limit = 1024;
  EXPECT_EQ(fetch().error().what, "its page is larger than 1024 bytes");
}

TEST_F(SourceTransfer, BasicCredentialsAreSent) {
  source_.credentials.user = "Aladdin";
  source_.credentials.password = "open sesame";
  ask_for_logins();
  ASSERT_TRUE(fetch());
  EXPECT_EQ(login_, "Aladdin");
  source_.credentials.password = "open barley";
  EXPECT_EQ(fetch().error().reason, Unknown::denied);
}

TEST_F(SourceTransfer, ATokenIsReadAnewForEachRequest) {
  const auto file =
      std::filesystem::temp_directory_path() / ("source-token-" + std::to_string(server_->port()));
  source_.credentials.bearer_token_file = file.string();
  ask_for_logins();
  std::ofstream(file) << kFirst << "\n";
  ASSERT_TRUE(fetch());
  EXPECT_EQ(login_, "the first");
  std::ofstream(file) << kSecond;
  ASSERT_TRUE(fetch());
  EXPECT_EQ(login_, "the second");
  std::filesystem::remove(file);
  const auto missing = fetch();
  EXPECT_EQ(missing.error().reason, Unknown::denied);
  EXPECT_THAT(missing.error().what, testing::HasSubstr("cannot be read"));
}

TEST_F(SourceTransfer, AFifoForATokenIsRefusedAtOnce) {
  const auto fifo =
      std::filesystem::temp_directory_path() / ("source-fifo-" + std::to_string(server_->port()));
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  source_.credentials.bearer_token_file = fifo.string();
  const auto refused = fetch();
  std::filesystem::remove(fifo);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, testing::HasSubstr("it is no regular file"));
}

// A page as bytes, and what is read or said of it.
struct RawPage {
  std::string bytes;
  std::string text;
  std::string error;
};

TEST_F(SourceTransfer, ReadsWhatPrometheusReadsAndRefusesWhatIsCut) {
  const RawPage pages[] = {
      {"HTTP/1.1 200 OK\nContent-Length: 4\n\na 1\n", "a 1\n", ""},
      {"HTTP/1.1 200 OK\r\n\r\na 1\n", "a 1\n", ""},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\na 1\n\r\n0\r\nX: y\r\n\r\n",
       "a 1\n", ""},
      {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na ", "", "the answer ends too early"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\na 1\n\r\n", "",
       "the answer ends too early"},
  };
  for (const RawPage& page : pages) {
    const http::ScriptedServer server([&](http::ScriptedServer::Peer& peer) {
      peer.read_until("\r\n\r\n");
      peer.send(page.bytes);
    });
    source_.url = server.url("/metrics");
    const auto read = fetch();
    ASSERT_EQ(read.has_value(), page.error.empty()) << page.bytes;
    if (read) {
      EXPECT_EQ(read->text, page.text) << page.bytes;
    } else {
      EXPECT_THAT(read.error().what, testing::EndsWith(page.error)) << page.bytes;
    }
  }
}

TEST_F(SourceTransfer, ARedirectSaysWhereTo) {
  const http::ScriptedServer server([](http::ScriptedServer::Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 301 Moved\r\nLocation: /metrics/\r\nContent-Length: 0\r\n\r\n");
  });
  source_.url = server.url("/metrics");
  EXPECT_EQ(fetch().error().what, "it answers with status 301: moved to " +
                                      server.url("/metrics/") + ": use that address");
}

TEST_F(SourceTransfer, PollsUseOneConnection) {
  std::atomic<int> connections{0};
  http::ScriptedServer server([&](http::ScriptedServer::Peer& peer) {
    ++connections;
    while (!peer.stopping() && peer.read_until("\r\n\r\n").ends_with("\r\n\r\n"))
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na 1\n");
  });
  source_.url = server.url("/metrics");
  const sources::Transfer transfer = make_source_transfer();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(transfer(source_, std::stop_token()));
  EXPECT_EQ(connections, 1);
}

TEST_F(SourceTransfer, ARefusedConnectionSaysWhere) {
  source_.url = "http://127.0.0.1:1/secret";
  const auto refused = fetch();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, testing::HasSubstr("127.0.0.1:1"));
  EXPECT_THAT(refused.error().what, testing::Not(testing::HasSubstr("secret")));
}

}  // namespace
}  // namespace highwater::agent
