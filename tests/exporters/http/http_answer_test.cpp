#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporters/http/client.h"
#include "http_support.h"

// Where the status line is the answer: how a receiver's acceptance is read.
namespace highwater::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Sloppy {
  const char* name;
  const char* bytes;
  int status;
  bool stays_open;
};

class StatusIsTheAnswer : public testing::TestWithParam<Sloppy> {};

Request post(const std::string& url) {
  Request request;
  request.method = "POST";
  request.url = url;
  request.body = "{}";
  request.deadline = 20s;
  request.linger = 50ms;
  return request;
}

TEST_P(StatusIsTheAnswer, WhateverFollowsIt) {
  std::atomic<int> connections{0};
  ScriptedServer server([&](auto& peer) {
    ++connections;
    peer.read_until("{}");
    peer.send(GetParam().bytes);
    if (GetParam().stays_open) (void)peer.wait_closed();
  });
  const Client client;
  for (int i = 0; i < 2; ++i) {
    const auto answer = client.send(post(server.url()));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, GetParam().status);
  }
  // What is left of an answer must not be read as that to the next request.
  EXPECT_EQ(connections, 2);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, StatusIsTheAnswer,
    testing::Values(
        Sloppy{"BareLineFeeds", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, false},
        Sloppy{"NoLengthAndOpen", "HTTP/1.1 200 OK\r\n\r\nok", 200, true},
        Sloppy{"TooShort", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok", 200, false},
        Sloppy{"TooShortAndOpen", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok", 200, true},
        Sloppy{"ChunksWithTrailer",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n\r\n",
               200, false},
        Sloppy{"ChunksWithoutEnd",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", 200, false},
        Sloppy{"ChunksWithoutEndAndOpen",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", 200, true},
        Sloppy{"BrokenChunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 200,
               false},
        Sloppy{"ResetContentAndOpen", "HTTP/1.1 205 Reset Content\r\n\r\n", 205, true},
        Sloppy{"HeadWithoutEndAndOpen", "HTTP/1.1 202 Accepted\r\nX-A: b\r\n", 202, true},
        Sloppy{"StatusLineAlone", "HTTP/1.1 200\r\n", 200, false},
        Sloppy{"NonsenseLength", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", 200, true},
        Sloppy{"NonsenseHeader", "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", 200, true},
        Sloppy{"AfterAnInterimAnswer", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n\r\n",
               201, true},
        Sloppy{"RefusalWithoutEnd", "HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\nbroken", 500,
               true},
        Sloppy{"OldProtocol", "HTTP/1.0 200 OK\r\n\r\n", 200, true}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(StatusIsTheAnswer, ALongHeadDoesNotUndoIt) {
  ScriptedServer server([&](auto& peer) {
    peer.read_until("{}");
    peer.send("HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'a'));
  });
  EXPECT_EQ(Client().send(post(server.url())).value().status, 200);
}

TEST(StatusIsTheAnswer, TheReasonIsReadAsFarAsItComes) {
  ScriptedServer server([&](auto& peer) {
    peer.read_until("{}");
    peer.send("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 100\r\n\r\noverloaded");
    (void)peer.wait_closed();
  });
  const auto answer = Client().send(post(server.url()));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->header("Retry-After"), "7");
  EXPECT_EQ(answer->body, "overloaded");
  EXPECT_TRUE(answer->truncated);
}

TEST(StatusIsTheAnswer, AStopAfterItDoesNotUndoIt) {
  std::stop_source stop;
  ScriptedServer server([&](auto& peer) {
    peer.read_until("{}");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    std::this_thread::sleep_for(50ms);  // the status line is read meanwhile
    stop.request_stop();
    (void)peer.wait_closed();
  });
  Request request = post(server.url());
  request.linger = 1h;
  request.stop = stop.get_token();
  const auto answer = Client().send(request);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
}

TEST(StatusIsTheAnswer, AWholeAnswerLeavesAConnectionToUseAgain) {
  std::atomic<int> connections{0};
  ScriptedServer server([&](auto& peer) {
    ++connections;
    while (!peer.stopping() && peer.read_until("{}").ends_with("{}"))
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  const Client client;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.send(post(server.url())).value().body, "ok");
  EXPECT_EQ(connections, 1);
}

TEST(StatusIsTheAnswer, WithoutOneThereIsNone) {
  for (const char* bytes : {"", "HTTP/1.1 200 OK", "HTTP/1.1 2", "SSH-2.0\r\n"}) {
    ScriptedServer server([&](auto& peer) {
      peer.read_until("{}");
      peer.send(bytes);
    });
    EXPECT_FALSE(Client().send(post(server.url()))) << bytes;
  }
}

}  // namespace
}  // namespace highwater::http
