#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "exporters/http/client.h"
#include "http_support.h"

namespace highwater::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

// A hang would be an hour; a slow machine is not.
constexpr Duration kPatience = 20s;

Request get(std::string url, Duration deadline = kPatience) {
  Request request;
  request.url = std::move(url);
  request.deadline = deadline;
  return request;
}

Duration time_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::steady_clock::now() - start;
}

TEST(HttpClient, PostsABodyAndReadsTheAnswer) {
  std::string seen;
  Result<Response> answer = fail("not sent");
  {
    ScriptedServer server([&](auto& peer) {
      seen = peer.read_until("{}");
      peer.send("HTTP/1.1 202 Accepted\r\nX-Id: 7\r\nContent-Length: 4\r\n\r\ndone");
    });
    Request request = get(server.url("/hook?k=v%20w"));
    request.method = "POST";
    request.headers = {{"traceparent", "00-a-b-01"}};
    request.body = "{}";
    request.content_type = "application/json";
    answer = Client().send(request);
  }
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 202);
  EXPECT_EQ(answer->body, "done");
  EXPECT_EQ(answer->header("x-id"), "7");
  EXPECT_THAT(seen, HasSubstr("POST /hook?k=v%20w HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(seen, HasSubstr("Content-Length: 2\r\n"));
  EXPECT_THAT(seen, HasSubstr("traceparent: 00-a-b-01\r\n"));
  EXPECT_THAT(seen, HasSubstr("Host: 127.0.0.1:"));
  EXPECT_THAT(seen, HasSubstr("User-Agent: highwater/"));
}

TEST(HttpClient, ReadsAnswersOfEveryFraming) {
  const std::pair<std::string, std::string> cases[] = {
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
       "abcde"},
      {"HTTP/1.0 200 OK\r\n\r\nuntil the end", "until the end"},
      {"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", "ok"},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok"},
      {"HTTP/1.1 204 No Content\r\n\r\n", ""},
      {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8bx",
       "\x1f\x8bx"},
  };
  for (const auto& [bytes, body] : cases) {
    ScriptedServer server([&](auto& peer) {
      peer.read_until("\r\n\r\n");
      peer.send(bytes);
    });
    const auto answer = Client().send(get(server.url()));
    ASSERT_TRUE(answer) << bytes << answer.error().message;
    EXPECT_EQ(answer->body, body) << bytes;
  }
}

TEST(HttpClient, DoesNotFollowARedirect) {
  int requests = 0;
  {
    ScriptedServer server([&](auto& peer) {
      ++requests;
      peer.read_until("\r\n\r\n");
      peer.send("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
    });
    const auto answer = Client().send(get(server.url()));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 302);
    EXPECT_EQ(answer->header("Location"), "/elsewhere");
  }
  EXPECT_EQ(requests, 1);
}

TEST(HttpClient, CutsALongBodyOffAndSaysSo) {
  ScriptedServer server([&](auto& peer) {
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + std::string(100000, 'x'));
  });
  Request request = get(server.url());
  request.max_response_bytes = 1000;
  const auto answer = Client().send(request);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, std::string(1000, 'x'));
  EXPECT_TRUE(answer->truncated);
}

class HttpClientDeadline : public testing::TestWithParam<const char*> {};

// The bytes that come before the server starts to drip one byte every few milliseconds, for ever.
TEST_P(HttpClientDeadline, HoldsAgainstAServerThatDrips) {
  ScriptedServer server([&](auto& peer) {
    peer.read_until("\r\n\r\n");
    peer.send(GetParam());
    while (!peer.stopping()) {
      peer.send("1");
      std::this_thread::sleep_for(3ms);
    }
  });
  Result<Response> answer = fail("");
  EXPECT_LT(time_of([&] { answer = Client().send(get(server.url(), 200ms)); }), kPatience);
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("within the deadline"));
}

INSTANTIATE_TEST_SUITE_P(Everywhere, HttpClientDeadline,
                         testing::Values("HTTP/1.1 ", "HTTP/1.1 200 OK\r\nX: ",
                                         "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
                                         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                         "FFFFF\r\n",
                                         "HTTP/1.1 200 OK\r\n\r\n"));

TEST(HttpClient, HoldsItsDeadlineAgainstAServerThatNeverReads) {
  ScriptedServer server([&](auto& peer) {
    while (!peer.stopping()) std::this_thread::sleep_for(5ms);
  });
  Request request = get(server.url(), 1s);
  request.method = "POST";
  request.body.assign(size_t{16} * 1024 * 1024, 'x');
  const auto answer = Client().send(request);
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("was not taken within the deadline"));
}

TEST(HttpClient, StopsWhenAsked) {
  ScriptedServer server([&](auto& peer) { (void)peer.wait_closed(); });
  std::stop_source stop;
  Request request = get(server.url(), std::chrono::hours(1));
  request.stop = stop.get_token();
  std::thread stopper([&] { stop.request_stop(); });
  const auto answer = Client().send(request);
  stopper.join();
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("stopped"));
}

TEST(HttpClient, SaysWhatWentWrongAndWhereButNoSecret) {
  int port = 0;
  {
    const ScriptedServer server([](auto&) {});
    port = server.port();
  }
  const auto answer = Client().send(
      get("http://127.0.0.1:" + std::to_string(port) + "/services/SECRET", kPatience));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "GET http://127.0.0.1:" + std::to_string(port) +
                                        ": connect to 127.0.0.1: Connection refused");
}

TEST(HttpClient, RefusesAnswersThatAreNotHttp) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "closed without an answer"},
      {"HTTP/1.1 200 OK\r\n", "in the middle of the answer"},
      {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not speak HTTP"},
      {"HTTP/1.1 2x0 OK\r\n\r\n", "does not speak HTTP"},
      {"hello\r\n\r\n", "does not speak HTTP"},
      {"HTTP/1.1 99 No\r\n\r\n", "does not speak HTTP"},
      {"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n", "malformed"},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(200000, 'a'), "head is longer"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "ends too early"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "malformed"},
      {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "another protocol"},
  };
  for (const auto& [bytes, message] : cases) {
    ScriptedServer server([&](auto& peer) {
      peer.read_until("\r\n\r\n");
      peer.send(bytes);
    });
    const auto answer = Client().send(get(server.url()));
    ASSERT_FALSE(answer) << bytes.substr(0, 100);
    EXPECT_THAT(answer.error().message, HasSubstr(message)) << bytes.substr(0, 100);
  }
}

TEST(HttpClient, RefusesHeadersThatWouldInjectOthers) {
  Request request = get("http://127.0.0.1:1/");
  request.headers = {{"X-Good", "a\r\nX-Evil: b"}};
  EXPECT_THAT(Client().send(request).error().message, HasSubstr("forbidden character"));
  request.headers = {{"X Evil", "b"}};
  EXPECT_THAT(Client().send(request).error().message, HasSubstr("forbidden character"));
  request.headers = {{"host", "b"}};
  EXPECT_THAT(Client().send(request).error().message, HasSubstr("cannot be set"));
  request.headers = {};
  request.method = "GET / HTTP/1.1\r\nX: ";
  EXPECT_FALSE(Client().send(request));
}

TEST(HttpClient, SaysWhenANameIsUnknown) {
  const auto answer = Client().send(get("http://no-such-host.invalid/", 5s));
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("look up the host"));
}

// Answers every request of every connection alike, and counts both.
class KeepAlive {
 public:
  explicit KeepAlive(std::string reply)
      : reply_(std::move(reply)), server_([this](ScriptedServer::Peer& peer) {
          ++connections_;
          while (!peer.stopping() && peer.read_until("\r\n\r\n").ends_with("\r\n\r\n")) {
            ++requests_;
            peer.send(reply_);
          }
        }) {}
  [[nodiscard]] std::string url() const { return server_.url(); }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] int requests() const { return requests_; }

 private:
  const std::string reply_;
  std::atomic<int> connections_{0};
  std::atomic<int> requests_{0};
  ScriptedServer server_;
};

TEST(HttpClientReuse, ThreeRequestsAreOneConnection) {
  const KeepAlive server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  const Client client;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.send(get(server.url())).value().body, "ok");
  EXPECT_EQ(server.requests(), 3);
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClientReuse, AConnectionThatTheServerClosedMeanwhileCostsNothing) {
  std::atomic<int> connections{0};
  ScriptedServer server([&](auto& peer) {
    ++connections;
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  const Client client;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.send(get(server.url())).value().body, "ok");
  EXPECT_EQ(connections, 3);
}

TEST(HttpClientReuse, AConnectionWithARestOfAnAnswerIsNotUsedAgain) {
  std::atomic<int> connections{0};
  ScriptedServer server([&](auto& peer) {
    ++connections;
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + std::string(50000, 'x'));
    (void)peer.wait_closed();
  });
  const Client client;
  Request request = get(server.url());
  request.max_response_bytes = 10;
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(client.send(request).value().truncated);
  EXPECT_EQ(connections, 2);
}

TEST(HttpClientReuse, SeveralThreadsShareAClient) {
  const KeepAlive one("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
  const KeepAlive two("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
  const Client client;
  const auto ask = [&](const KeepAlive& server, const std::string& body) {
    for (int i = 0; i < 20; ++i) EXPECT_EQ(client.send(get(server.url())).value().body, body);
  };
  std::thread first([&] { ask(one, "1"); });
  std::thread second([&] { ask(two, "2"); });
  first.join();
  second.join();
  EXPECT_EQ(one.connections(), 1);
  EXPECT_EQ(two.connections(), 1);
}

TEST(HttpClient, ReadsWhatIsSloppyAndRefusesWhatIsCut) {
  struct Case {
    std::string bytes;
    std::string body;   // of what is read
    std::string error;  // of what is not
  };
  const Case cases[] = {
      {"HTTP/1.1 200 OK\nContent-Length: 4\n\na 1\n", "a 1\n", ""},
      {"HTTP/1.1 200 OK\r\n\r\na 1\n", "a 1\n", ""},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n4\r\na 1\n\r\n0\r\n"
       "X: y\r\n\r\n",
       "a 1\n", ""},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\na 1\n\r\n", "", "too early"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na ", "", "too early"},
  };
  for (const Case& one : cases) {
    ScriptedServer server([&](auto& peer) {
      peer.read_until("\r\n\r\n");
      peer.send(one.bytes);
    });
    const auto answer = Client().send(get(server.url()));
    ASSERT_EQ(answer.has_value(), one.error.empty()) << one.bytes;
    if (answer) {
      EXPECT_EQ(answer->body, one.body) << one.bytes;
    } else {
      EXPECT_THAT(answer.error().message, HasSubstr(one.error)) << one.bytes;
    }
  }
}

TEST(HttpClient, AHeaderWithoutAValueIsSentToo) {
  std::string seen;
  {
    ScriptedServer server([&](auto& peer) {
      seen = peer.read_until("\r\n\r\n");
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    Request request = get(server.url());
    request.headers = {{"X-Empty", ""}, {"User-Agent", "mine"}};
    ASSERT_TRUE(Client().send(request));
  }
  EXPECT_THAT(seen, HasSubstr("X-Empty:\r\n"));
  EXPECT_THAT(seen, HasSubstr("User-Agent: mine\r\n"));
  EXPECT_THAT(seen, Not(HasSubstr("User-Agent: highwater")));
}

}  // namespace
}  // namespace highwater::http
