#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "exporters/http/client.h"
#include "exporters/http/lookup_budget.h"
#include "http_lookup.h"
#include "http_support.h"

namespace highwater::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr Duration kPatience = 20s;

Request get(std::string url, Duration deadline) {
  Request request;
  request.url = std::move(url);
  request.deadline = deadline;
  return request;
}

struct Timed {
  Result<Response> answer = fail("");
  Duration took{};
};

// With the client's end: what it leaves behind must not hold anyone up either.
Timed send(const Request& request) {
  const auto start = std::chrono::steady_clock::now();
  Timed timed;
  {
    const Client client;
    timed.answer = client.send(request);
  }
  timed.took = std::chrono::steady_clock::now() - start;
  return timed;
}

// A port whose queue is full: the system drops what asks to connect.
class DeafPort {
 public:
  explicit DeafPort(const char* address, int port = 0)
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(static_cast<uint16_t>(port));
    inet_pton(AF_INET, address, &place.sin_addr);
    socklen_t length = sizeof(place);
    auto* const generic = reinterpret_cast<sockaddr*>(&place);
    EXPECT_EQ(::bind(listener_.get(), generic, length), 0);
    EXPECT_EQ(::listen(listener_.get(), 0), 0);
    ::getsockname(listener_.get(), generic, &length);
    port_ = ntohs(place.sin_port);
    for (Descriptor& filler : fillers_) {
      filler = Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      (void)::connect(filler.get(), generic, length);
    }
  }
  [[nodiscard]] int port() const { return port_; }

 private:
  Descriptor listener_;
  Descriptor fillers_[4];
  int port_ = 0;
};

TEST(HttpClientConnect, HoldsItsDeadlineAgainstANetworkThatSwallowsEverything) {
  const DeafPort deaf("127.0.0.1");
  const auto timed =
      send(get("http://127.0.0.1:" + std::to_string(deaf.port()) + "/", Duration(200ms)));
  EXPECT_LT(timed.took, kPatience);
  ASSERT_FALSE(timed.answer);
  EXPECT_THAT(timed.answer.error().message,
              HasSubstr("connect to 127.0.0.1: no answer within the deadline"));
}

TEST(HttpClientConnect, StopsWhileItConnects) {
  const DeafPort deaf("127.0.0.1");
  std::stop_source stop;
  Request request = get("http://127.0.0.1:" + std::to_string(deaf.port()) + "/", 1h);
  request.stop = stop.get_token();
  std::thread stopper([&] {
    std::this_thread::sleep_for(50ms);
    stop.request_stop();
  });
  const auto timed = send(request);
  stopper.join();
  EXPECT_LT(timed.took, kPatience);
  ASSERT_FALSE(timed.answer);
  EXPECT_THAT(timed.answer.error().message, HasSubstr("connect to 127.0.0.1: stopped"));
}

TEST(HttpClientConnect, AnAddressThatSwallowsEverythingLeavesTimeForTheNext) {
  ScriptedServer server([](auto& peer) {
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  const DeafPort deaf("127.0.0.2", server.port());
  const KnownHost host("two.test", {"127.0.0.2", "127.0.0.1"});
  const auto timed = send(get("http://two.test:" + std::to_string(server.port()) + "/", 2s));
  ASSERT_TRUE(timed.answer) << timed.answer.error().message;
  EXPECT_EQ(timed.answer->body, "ok");
}

TEST(HttpClientConnect, ANewConnectionGoesWhereTheNameLeadsNow) {
  ScriptedServer server([](auto& peer) {
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  });
  const Request request = get("http://moving.test:" + std::to_string(server.port()) + "/", 5s);
  const Client client;
  {
    const KnownHost before("moving.test", {"127.0.0.1"});
    EXPECT_TRUE(client.send(request));
  }
  const KnownHost after("moving.test", {"127.0.0.3"});
  const auto answer = client.send(request);
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("connect to 127.0.0.3: Connection refused"));
}

TEST(HttpClientLookup, HoldsItsDeadlineAgainstANameServerThatIsSilent) {
  const SilentHost silent("silent.test");
  const auto timed = send(get("http://silent.test/", 200ms));
  EXPECT_LT(timed.took, kPatience);
  ASSERT_FALSE(timed.answer);
  EXPECT_EQ(timed.answer.error().message,
            "GET http://silent.test: look up the host: no answer within the deadline");
}

TEST(HttpClientLookup, StopsAtOnceDuringOne) {
  const SilentHost silent("silent.test");
  std::stop_source stop;
  Request request = get("http://silent.test/", 1h);
  request.stop = stop.get_token();
  std::thread stopper([&] {
    SilentHost::await(1);
    stop.request_stop();
  });
  const auto timed = send(request);
  stopper.join();
  EXPECT_LT(timed.took, kPatience);
  ASSERT_FALSE(timed.answer);
  EXPECT_THAT(timed.answer.error().message, HasSubstr("look up the host: stopped"));
}

TEST(HttpClientLookup, OnlySoManyAreLeftBehind) {
  const SilentHost silent("silent.test");
  const Client client;
  for (size_t i = 0; i < LookupBudget::kMost; ++i)
    EXPECT_FALSE(client.send(get("http://silent.test/", 1ms)));
  const int left = SilentHost::waiting();
  const auto answer = client.send(get("http://silent.test/", 5s));
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("does not answer earlier lookups"));
  EXPECT_LE(SilentHost::waiting(), static_cast<int>(LookupBudget::kMost));
  EXPECT_GT(left, 0);
}

TEST(HttpClientLookup, ANumberNeedsNone) {
  const SilentHost silent("silent.test");
  const Client client;
  for (size_t i = 0; i < LookupBudget::kMost; ++i)
    EXPECT_FALSE(client.send(get("http://silent.test/", 1ms)));
  ScriptedServer server([](auto& peer) {
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  EXPECT_TRUE(client.send(get(server.url(), 5s)));
}

TEST(LookupBudget, AllowsMoreWhenTheResolverMustHaveGivenUp) {
  LookupBudget budget;
  const SteadyTime start{};
  for (size_t i = 0; i < LookupBudget::kMost; ++i) {
    EXPECT_TRUE(budget.may_begin(start));
    budget.abandoned(start);
  }
  EXPECT_FALSE(budget.may_begin(start + LookupBudget::kLife - 1ns));
  EXPECT_TRUE(budget.may_begin(start + LookupBudget::kLife));
}

}  // namespace
}  // namespace highwater::http
