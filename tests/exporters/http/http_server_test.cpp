#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <future>

#include "exporters/http/form.h"
#include "http_server_fixture.h"

namespace highwater::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_F(HttpServer, AnswersAndClosesTheConnection) {
  serve();
  const std::string reply = raw("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(reply, HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"));
  EXPECT_THAT(reply, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
  EXPECT_THAT(reply, HasSubstr("Cache-Control: no-store\r\n"));
  EXPECT_THAT(reply, HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(reply.ends_with("\r\n\r\nhello\n")) << reply;
}

TEST_F(HttpServer, AnswersHeadWithoutABody) {
  serve();
  const std::string reply = raw("HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(reply, HasSubstr("Content-Length: 6\r\n"));
  EXPECT_TRUE(reply.ends_with("\r\n\r\n")) << reply;
}

TEST_F(HttpServer, GivesPagesAStrictContentSecurityPolicy) {
  serve();
  EXPECT_THAT(std::string(get("/page").header("Content-Security-Policy")),
              HasSubstr("default-src 'none'"));
  EXPECT_EQ(get("/hello").header("Content-Security-Policy"), "");
}

TEST_F(HttpServer, ReadsPlaceholdersQueriesAndBodies) {
  serve();
  EXPECT_EQ(get("/things/a%20b").body, "a b");
  EXPECT_EQ(get("/page?x=1&q=2%263").body, "<p>2&3");
  EXPECT_TRUE(
      raw("POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcdeXX").ends_with("\r\n\r\nabcde"));
}

TEST_F(HttpServer, AcceptsABodyAfterAskingForIt) {
  serve();
  RawClient client(server_->port());
  client.send("POST /echo HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_some(1000), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_TRUE(client.read_all().ends_with("\r\n\r\nok"));
}

TEST_F(HttpServer, TellsUnknownPathsFromWrongMethods) {
  serve();
  EXPECT_EQ(get("/nothing").status, 404);
  EXPECT_EQ(get("/hello/").status, 404);
  EXPECT_EQ(get("/things/").status, 404);
  EXPECT_EQ(get("/things/a/b").status, 404);
  EXPECT_EQ(get("//hello").status, 404);
  const std::string reply = raw("DELETE /hello HTTP/1.1\r\n\r\n");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(reply, HasSubstr("Allow: GET\r\n"));
}

TEST_F(HttpServer, KeepsBrowsersOfOtherSitesFromChangingAnything) {
  serve();
  EXPECT_THAT(
      raw("POST /echo HTTP/1.1\r\nOrigin: http://evil.example\r\nContent-Length: 1\r\n\r\nx"),
      StartsWith("HTTP/1.1 403"));
  const auto from = [&](std::string_view origin, std::string_view host) {
    return raw(
        fmt::format("POST /echo HTTP/1.1\r\nHost: {}\r\nOrigin: {}\r\nContent-Length: 1\r\n\r\nx",
                    host, origin));
  };
  EXPECT_THAT(from("http://localhost:9187", "localhost:9187"), StartsWith("HTTP/1.1 200"));
  for (const std::string_view origin :
       {"null", "http://", "http://localhost", "http://localhost:9188", "https://localhost:9187",
        "http://localhost:9187.evil.example", "localhost:9187"})
    EXPECT_THAT(from(origin, "localhost:9187"), StartsWith("HTTP/1.1 403")) << origin;
  EXPECT_THAT(from("http://evil.example", "evil.example"), StartsWith("HTTP/1.1 421"));
}

TEST(HttpForm, IsReadAsBrowsersSendIt) {
  const HeaderList form =
      parse_form("matchers=topic%3Da%0D%0Agroup%3D%C3%A4&for=&why=new+disks&&x&=y");
  const HeaderList expected{{"matchers", "topic=a\r\ngroup=\xC3\xA4"},
                            {"for", ""},
                            {"why", "new disks"},
                            {"x", ""},
                            {"", "y"}};
  EXPECT_EQ(form, expected);
  EXPECT_EQ(form_value(form, "why"), "new disks");
  EXPECT_EQ(form_value(form, "none"), "");
}

TEST(HttpForm, LeavesWhatIsNoEncodingAsItIs) {
  EXPECT_EQ(parse_form("a=100%&b=%zz%4&c=%-1%25+2"),
            (HeaderList{{"a", "100%"}, {"b", "%zz%4"}, {"c", "%-1% 2"}}));
  EXPECT_TRUE(parse_form("").empty());
}

TEST_F(HttpServer, SaysNothingAboutAnException) {
  serve();
  const std::string reply = raw("GET /throws HTTP/1.1\r\n\r\n");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(reply, Not(HasSubstr("secret")));
  EXPECT_THAT(reply, Not(HasSubstr("EXCEPTION")));
}

TEST_F(HttpServer, LetsNoRequestInjectAHeader) {
  serve();
  EXPECT_THAT(raw("GET /injects?q=a%0d%0aX-Evil:%20b HTTP/1.1\r\n\r\n"),
              Not(HasSubstr("X-Evil: b")));
  EXPECT_THAT(raw("GET /hello%0d%0aX-Evil:%20b HTTP/1.1\r\n\r\n"), Not(HasSubstr("X-Evil: b")));
  EXPECT_THAT(raw("GET /nothing HTTP/1.1\r\nX-A: b%0d%0aX-Evil: b\r\n\r\n"),
              Not(HasSubstr("X-Evil: b")));
}

TEST_F(HttpServer, StreamsALongReply) {
  serve();
  const Response reply = get("/large");
  EXPECT_EQ(reply.body.size(), size_t{64} * 1024 * 1024);
  EXPECT_EQ(reply.header("Transfer-Encoding"), "chunked");
}

TEST_F(HttpServer, StreamsToAnOldClientWithoutChunks) {
  serve();
  const std::string reply = raw("GET /large HTTP/1.0\r\n\r\n");
  EXPECT_THAT(reply.substr(0, 500), Not(HasSubstr("chunked")));
  EXPECT_EQ(reply.size() - reply.find("\r\n\r\n") - 4, size_t{64} * 1024 * 1024);
}

TEST_F(HttpServer, NeitherCompressesNorCutsRanges) {
  serve();
  const std::string reply =
      raw("GET /hello HTTP/1.1\r\nAccept-Encoding: gzip, br\r\nRange: bytes=0-0\r\n\r\n");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 200"));
  EXPECT_TRUE(reply.ends_with("\r\n\r\nhello\n")) << reply;
}

TEST_F(HttpServer, RefusesWhatIsOversizedOrAmbiguous) {
  serve();
  const std::string get = "GET /hello HTTP/1.1\r\n";
  const std::string post = "POST /echo HTTP/1.1\r\n";
  std::string many = get;
  for (int i = 0; i < 200; ++i) many += "X: y\r\n";
  const std::pair<std::string, std::string> cases[] = {
      {get + "X: " + std::string(20000, 'a') + "\r\n\r\n", "431"},
      {get + "X: " + std::string(9000, 'a') + "\r\n\r\n", "431"},
      {get + "X: " + std::string(5000000, 'a'), "431"},
      {many + "\r\n", "431"},
      {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\n\r\n", "414"},
      {post + "Content-Length: 1048577\r\n\r\n", "413"},
      {post + "Content-Length: 99999999999999999999999\r\n\r\n", "413"},
      {post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400"},
      {post + "Content-Length: -1\r\n\r\n", "400"},
      {post + "Content-Length: 1, 1\r\n\r\na", "400"},
      {post + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n", "411"},
      {post + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b", "415"},
      {get + " folded: x\r\n\r\n", "400"},
      {get + "X : y\r\n\r\n", "400"},
      {get + "no colon\r\n\r\n", "400"},
      {get + std::string("X: a\0b\r\n\r\n", 10), "400"},
      {"GET /hello\r\n\r\n", "400"},
      {"GET /hello HTTP/2.0\r\n\r\n", "400"},
      {"GET hello HTTP/1.1\r\n\r\n", "400"},
      {"BREW /hello HTTP/1.1\r\n\r\n", "400"},
      {"\r\n\r\n", "400"},
      {"\x16\x03\x01\x02\x04\x01\r\n\r\n", "400"},
  };
  for (const auto& [request, status] : cases)
    EXPECT_THAT(raw(request), StartsWith("HTTP/1.1 " + status)) << request.substr(0, 200);
  EXPECT_EQ(this->get("/hello").body, "hello\n");
}

TEST_F(HttpServer, RefusesWhatItCannotQueue) {
  ServerLimits limits = patient();
  limits.threads = 1;
  limits.queue = 1;
  server_ = Server::listen({"127.0.0.1", 0}, limits).value();
  std::promise<void> entered;
  std::promise<void> leave;
  server_->add("GET", "/wait", [&, left = leave.get_future().share()](const ServerRequest&) {
    entered.set_value();
    left.wait();
    return Reply();
  });
  server_->add("GET", "/hello", [](const ServerRequest&) { return Reply(); });
  server_->start();
  RawClient busy(server_->port());
  busy.send("GET /wait HTTP/1.1\r\n\r\n");
  entered.get_future().wait();
  // One of the next two waits in the queue, the other finds it full.
  RawClient first(server_->port());
  RawClient second(server_->port());
  first.send("GET /hello HTTP/1.1\r\n\r\n");
  second.send("GET /hello HTTP/1.1\r\n\r\n");
  pollfd entries[2] = {{first.fd(), POLLIN, 0}, {second.fd(), POLLIN, 0}};
  ASSERT_GT(::poll(entries, 2, 60000), 0);
  RawClient& refused = entries[0].revents != 0 ? first : second;
  RawClient& queued = entries[0].revents != 0 ? second : first;
  EXPECT_THAT(refused.read_all(), StartsWith("HTTP/1.1 503"));
  leave.set_value();
  EXPECT_THAT(queued.read_all(), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServer, DoesNotShareItsPort) {
  serve();
  const auto second =
      Server::listen({"127.0.0.1", static_cast<uint16_t>(server_->port())}, patient());
  ASSERT_FALSE(second);
  EXPECT_EQ(
      second.error().message,
      "listen on 127.0.0.1:" + std::to_string(server_->port()) +
          ": the port is in use by another process: stop that one, or listen on another port");
}

TEST_F(HttpServer, SaysWhyItCannotListen) {
  const auto server = Server::listen({"192.0.2.1", 0});
  ASSERT_FALSE(server);
  EXPECT_THAT(server.error().message, HasSubstr("no such address"));
}

TEST_F(HttpServer, ListensOnEveryAddress) {
  server_ = Server::listen(parse_listen(":0").value()).value();
  server_->add("GET", "/hello", [](const ServerRequest&) { return Reply(); });
  server_->start();
  EXPECT_EQ(get("/hello").status, 200);
}

TEST_F(HttpServer, StopsWhileClientsStallAndCanBeStoppedTwice) {
  serve();
  RawClient drip(server_->port());
  drip.send("GET");
  RawClient stall(server_->port());
  stall.send("GET /large HTTP/1.1\r\n\r\n");
  EXPECT_THAT(stall.read_some(100), StartsWith("HTTP/1.1 200"));
  const auto stopped = std::async(std::launch::async, [&] { server_->stop(); });
  // Without the bound it would wait for an hour.
  EXPECT_EQ(stopped.wait_for(30s), std::future_status::ready);
  server_->stop();
  EXPECT_FALSE(RawClient(server_->port()).connected());
}

TEST_F(HttpServer, TellsItsObserverWhatItServed) {
  server_ = Server::listen({"127.0.0.1", 0}, patient()).value();
  std::promise<std::pair<std::string, int>> seen;
  server_->add("GET", "/things/{name}", [](const ServerRequest&) { return Reply(); });
  server_->observe([&](std::string_view route, int status, Duration) {
    seen.set_value({std::string(route), status});
  });
  server_->start();
  get("/things/a");
  const auto [route, status] = seen.get_future().get();
  EXPECT_EQ(route, "/things/{name}");
  EXPECT_EQ(status, 200);
}

TEST_F(HttpServer, ServesManyClientsAtOnce) {
  serve();
  std::vector<std::thread> clients;
  std::atomic<int> served{0};
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      for (int k = 0; k < 25; ++k) served += get("/hello").body == "hello\n" ? 1 : 0;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(served, 200);
}

}  // namespace
}  // namespace highwater::http
