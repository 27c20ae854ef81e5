#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "exporters/http/client.h"
#include "http_identity.h"
#include "http_lookup.h"
#include "http_support.h"

namespace highwater::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

// Passes bytes on in both directions until one side ends.
void relay(const ScriptedServer::Peer& client, int server) {
  while (!client.stopping()) {
    pollfd ends[] = {{client.fd(), POLLIN, 0}, {server, POLLIN, 0}};
    if (::poll(ends, 2, 20) <= 0) continue;
    for (const int i : {0, 1}) {
      if (ends[i].revents == 0) continue;
      char bytes[8192];
      const ssize_t count = ::recv(ends[i].fd, bytes, sizeof(bytes), 0);
      if (count <= 0) return;
      (void)::send(ends[1 - i].fd, bytes, static_cast<size_t>(count), MSG_NOSIGNAL);
    }
  }
}

// A proxy: answers plain requests itself, and connects every tunnel to `target`.
class Proxy {
 public:
  explicit Proxy(int target = 0, std::string connect_reply = "HTTP/1.1 200 Connected\r\n\r\n")
      : server_([this, target, reply = std::move(connect_reply)](ScriptedServer::Peer& peer) {
          std::string head = peer.read_until("\r\n\r\n");
          const bool tunnel = head.starts_with("CONNECT ");
          {
            const std::lock_guard lock(mutex_);
            seen_ += head;
          }
          peer.send(tunnel ? reply : "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy");
          if (!tunnel || target == 0) return;
          const RawClient server(target);
          relay(peer, server.fd());
        }) {}
  [[nodiscard]] std::string address(const std::string& login = "") const {
    return "http://" + login + "127.0.0.1:" + std::to_string(server_.port());
  }
  [[nodiscard]] std::string seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  mutable std::mutex mutex_;
  std::string seen_;  // under mutex_
  ScriptedServer server_;
};

class HttpClientProxy : public testing::Test {
 protected:
  HttpClientProxy()
      : ca_(std::filesystem::temp_directory_path() /
            ("highwater-proxy-ca-" + std::to_string(::getpid()) + ".pem")) {
    forget();
  }
  ~HttpClientProxy() override {
    forget();
    std::filesystem::remove(ca_);
  }

  static void forget() {
    for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                             "no_proxy", "NO_PROXY"})
      ::unsetenv(name);
  }
  static void environment(const char* name, const std::string& value) {
    ::setenv(name, value.c_str(), 1);
  }
  Result<Response> get(const std::string& url) {
    Request request;
    request.url = url;
    request.tls.ca_file = ca_;
    request.headers = {{"Authorization", "Bearer s3cret"}};
    request.deadline = 10s;
    return Client().send(request);
  }

  const std::filesystem::path ca_;
};

TEST_F(HttpClientProxy, TakesAPlainRequest) {
  const Proxy proxy;
  environment("http_proxy", proxy.address());
  const auto answer = get("http://receiver.test/hook");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "proxy");
  EXPECT_THAT(proxy.seen(), HasSubstr("GET http://receiver.test/hook HTTP/1.1"));
}

TEST_F(HttpClientProxy, TunnelsTlsAndSeesNoSecret) {
  const Identity identity("DNS:receiver.test");
  identity.save(ca_);
  const TlsServer server(identity);
  const Proxy proxy(server.port());
  environment("HTTPS_PROXY", proxy.address());
  const auto answer = get("https://receiver.test/hook");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "secret");
  EXPECT_THAT(proxy.seen(), HasSubstr("CONNECT receiver.test:443 HTTP/1.1"));
  EXPECT_THAT(proxy.seen(), Not(HasSubstr("s3cret")));
  EXPECT_THAT(proxy.seen(), Not(HasSubstr("/hook")));
}

TEST_F(HttpClientProxy, IsLeftOutWhereTheEnvironmentSaysSo) {
  ScriptedServer server([](auto& peer) {
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ndirect");
  });
  const Proxy proxy;
  const KnownHost host("inside.test", {"127.0.0.1"});
  environment("http_proxy", proxy.address());
  environment("NO_PROXY", "other.test,inside.test");
  const auto answer = get("http://inside.test:" + std::to_string(server.port()) + "/");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "direct");
}

TEST_F(HttpClientProxy, IsNeverAskedForThisMachine) {
  ScriptedServer server([](auto& peer) {
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ndirect");
  });
  const Proxy proxy;
  environment("http_proxy", proxy.address());
  EXPECT_EQ(get(server.url()).value().body, "direct");
  EXPECT_EQ(get("http://localhost:" + std::to_string(server.port()) + "/").value().body, "direct");
}

// Where a cloud tells an instance its credentials; nobody answers there in a test.
TEST_F(HttpClientProxy, IsNeverAskedForLinkLocalAddresses) {
  const Proxy proxy;
  environment("http_proxy", proxy.address());
  Request request;
  request.url = "http://169.254.170.2/v2/credentials";
  request.deadline = std::chrono::milliseconds(300);
  const Client client;
  (void)client.send(request);
  EXPECT_EQ(proxy.seen(), "");
}

TEST_F(HttpClientProxy, ThatIsDownIsNamedWithoutItsLogin) {
  int port = 0;
  {
    const ScriptedServer server([](auto&) {});
    port = server.port();
  }
  environment("HTTPS_PROXY", "http://user:passw0rd@127.0.0.1:" + std::to_string(port));
  Identity("DNS:receiver.test").save(ca_);
  const auto answer = get("https://receiver.test/hook");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message,
            "GET https://receiver.test: connect to 127.0.0.1:" + std::to_string(port) +
                ", the proxy of the environment: Connection refused");
}

TEST_F(HttpClientProxy, ThatRefusesIsNamedWithItsReason) {
  const Proxy proxy(0, "HTTP/1.1 407 Login\r\nContent-Length: 0\r\n\r\n");
  environment("HTTPS_PROXY", proxy.address("user:passw0rd@"));
  Identity("DNS:receiver.test").save(ca_);
  const auto answer = get("https://receiver.test/hook");
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("answered 407 to CONNECT: it asks for a login"));
  EXPECT_THAT(answer.error().message, Not(HasSubstr("passw0rd")));
}

TEST_F(HttpClientProxy, WithANameThatIsUnknownIsSaid) {
  const KnownHost nowhere("proxy.test", {});
  environment("http_proxy", "http://user:passw0rd@proxy.test:3128");
  const auto answer = get("http://receiver.test/hook");
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message,
              HasSubstr("look up the proxy that the environment names: its name is unknown"));
  EXPECT_THAT(answer.error().message, Not(HasSubstr("passw0rd")));
}

}  // namespace
}  // namespace highwater::http
