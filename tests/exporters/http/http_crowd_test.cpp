// Many clients, and unfriendly ones: each costs itself its connection and nobody else anything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "http_server_fixture.h"

namespace highwater::http {
namespace {

using namespace std::chrono_literals;
using testing::StartsWith;

TEST_F(HttpServer, IsNotHeldUpByClientsThatDrip) {
  ServerLimits limits = patient();
  limits.threads = 2;
  serve(limits);
  std::vector<std::unique_ptr<RawClient>> drips;
  for (int i = 0; i < 40; ++i) {
    drips.push_back(std::make_unique<RawClient>(server_->port()));
    drips.back()->send(i % 2 == 0 ? "GET /hello HTT"
                                  : "POST /echo HTTP/1.1\r\nContent-Length: 9\r\n\r\nab");
  }
  for (int round = 0; round < 3; ++round) {
    for (auto& drip : drips) drip->send("x");
    EXPECT_EQ(get("/hello").body, "hello\n");
  }
}

TEST_F(HttpServer, DropsTheOldestWhenTooManyAreIncomplete) {
  ServerLimits limits = patient();
  limits.connections = 4;
  serve(limits);
  std::vector<std::unique_ptr<RawClient>> drips;
  for (int i = 0; i < 20; ++i) {
    drips.push_back(std::make_unique<RawClient>(server_->port()));
    drips.back()->send("GET");
  }
  EXPECT_EQ(get("/hello").body, "hello\n");
  EXPECT_EQ(drips.front()->read_all(), "");
}

TEST_F(HttpServer, GivesUpOnARequestThatDoesNotArriveInTime) {
  ServerLimits limits = patient();
  limits.request_time = 50ms;
  serve(limits);
  RawClient client(server_->port());
  client.send("GET /hello HTTP/1.1\r\n");
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 408"));
  RawClient silent(server_->port());
  EXPECT_EQ(silent.read_all(), "");
}

TEST_F(HttpServer, IsNotHeldUpByClientsThatDoNotTakeTheirReply) {
  ServerLimits limits = patient();
  limits.threads = 2;
  limits.crowded_reply_time = 50ms;
  serve(limits);
  std::vector<std::unique_ptr<RawClient>> stalls;
  for (int i = 0; i < 4; ++i) {
    stalls.push_back(std::make_unique<RawClient>(server_->port()));
    stalls.back()->send("GET /large HTTP/1.1\r\n\r\n");
  }
  EXPECT_EQ(get("/hello").body, "hello\n");
}

TEST_F(HttpServer, ASlowReaderCostsABufferAndNoWorker) {
  ServerLimits limits = patient();
  limits.threads = 2;
  serve(limits);
  const auto readers = slow_readers(4);
  // With a worker for each of them this would wait for an hour.
  EXPECT_EQ(get("/hello").body, "hello\n");
  std::string whole = readers.back()->read_all();
  EXPECT_TRUE(whole.ends_with("xxx")) << whole.size();
  EXPECT_GT(whole.size(), 10'000'000U);
}

TEST_F(HttpServer, DropsTheSlowestReaderWhenRepliesHoldTooMuch) {
  ServerLimits limits = patient();
  limits.reply_bytes = 25'000'000;
  serve(limits);
  const auto readers = slow_readers(6);
  EXPECT_EQ(get("/page-of-10-mb").body.size(), 10'000'000U);
  const auto whole = std::ranges::count_if(
      readers, [](const auto& reader) { return reader->read_all().size() > 9'000'000; });
  EXPECT_GE(whole, 1);
  EXPECT_LE(whole, 5);
}

TEST_F(HttpServer, DropsAReaderThatTakesTooLong) {
  ServerLimits limits = patient();
  limits.reply_time = 50ms;
  serve(limits);
  const auto readers = slow_readers(1);
  std::this_thread::sleep_for(200ms);
  EXPECT_LT(readers.front()->read_all().size(), 10'000'000U);
}

TEST_F(HttpServer, AnswersUrgentRequestsBesideWorkersThatAreBusy) {
  ServerLimits limits = patient();
  limits.threads = 1;
  limits.queue = 1;
  limits.reply_bytes = 1'000'000;  // so that the worker itself waits for its client
  serve(limits);
  const auto readers = slow_readers(1);
  RawClient queued(server_->port());
  queued.send("GET /hello HTTP/1.1\r\n\r\n");
  EXPECT_EQ(get("/health?probe=1").body, "ok\n");
}

TEST_F(HttpServer, KeepsItsConnectionsBelowALimit) {
  ServerLimits limits = patient();
  limits.open = 6;
  serve(limits);
  const auto readers = slow_readers(5);
  std::vector<std::unique_ptr<RawClient>> drips;
  for (int i = 0; i < 20; ++i) {
    drips.push_back(std::make_unique<RawClient>(server_->port()));
    drips.back()->send("GET");
  }
  EXPECT_EQ(get("/health").body, "ok\n");
  EXPECT_EQ(drips.front()->read_all(), "");
  // Incomplete requests go before replies that somebody takes.
  EXPECT_GT(readers.back()->read_all().size(), 9'000'000U);
}

TEST_F(HttpServer, TellsAPageOfTheWebNothingOnLoopback) {
  server_ = Server::listen({"127.0.0.1", 0}, patient()).value();
  server_->allow_hosts({"Highwater.example.org"});
  server_->add("GET", "/hello", [](const ServerRequest&) { return Reply(); });
  server_->start();
  const auto status = [&](const std::string& host) {
    return raw("GET /hello HTTP/1.1\r\nHost: " + host + "\r\n\r\n").substr(9, 3);
  };
  for (const char* host : {"evil.example", "evil.example:9877", "localhost.evil.example", "[evil]",
                           "127.0.0.1.evil.example", "highwater.example.org.evil.example"})
    EXPECT_EQ(status(host), "421") << host;
  for (const char* host :
       {"localhost", "LOCALHOST:9877", "a.localhost", "127.0.0.1:9877", "[::1]:1", "192.0.2.7",
        "highwater.example.org", "highwater.example.org.:80"})
    EXPECT_EQ(status(host), "200") << host;
  EXPECT_THAT(raw("GET http://evil.example/hello HTTP/1.1\r\nHost: localhost\r\n\r\n"),
              StartsWith("HTTP/1.1 421"));
  EXPECT_THAT(raw("GET /hello HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"),
              StartsWith("HTTP/1.1 400"));
}

}  // namespace
}  // namespace highwater::http
