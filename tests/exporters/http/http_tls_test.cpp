#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "exporters/http/client.h"
#include "http_identity.h"

namespace highwater::http {
namespace {

using namespace std::chrono_literals;
using testing::AnyOf;
using testing::HasSubstr;

class HttpClientTls : public testing::Test {
 protected:
  HttpClientTls()
      : folder_(std::filesystem::temp_directory_path() /
                ("highwater-tls-" + std::to_string(::getpid()))),
        ca_(folder_ / "ca.pem") {
    std::filesystem::create_directory(folder_);
  }
  ~HttpClientTls() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] TlsOptions trusting(const Identity& identity) const {
    identity.save(ca_);
    TlsOptions options;
    options.ca_file = ca_;
    return options;
  }
  // As one that comes with a certificate.
  [[nodiscard]] TlsOptions as(const Identity& client, TlsOptions options) const {
    options.certificate = folder_ / "client.pem";
    options.key = folder_ / "client-key.pem";
    client.save(options.certificate);
    client.save_key(options.key);
    return options;
  }
  Result<Response> get(const std::string& url, const TlsOptions& options, Duration deadline = 20s) {
    Request request;
    request.url = url;
    request.tls = options;
    request.deadline = deadline;
    return client_.send(request);
  }

  const std::filesystem::path folder_;
  const std::filesystem::path ca_;
  Client client_;
};

TEST_F(HttpClientTls, TalksToAServerWhoseCertificateIsTrusted) {
  const Identity identity("IP:127.0.0.1");
  const TlsServer server(identity);
  const auto answer = get(server.url(), trusting(identity));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "secret");
}

TEST_F(HttpClientTls, TalksToAServerByItsName) {
  const Identity identity("DNS:localhost");
  const TlsServer server(identity);
  const auto answer = get(server.url("localhost"), trusting(identity));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "secret");
}

TEST_F(HttpClientTls, RefusesACertificateThatNobodyVouchesFor) {
  const Identity identity("IP:127.0.0.1");
  const TlsServer server(identity);
  const auto answer = get(server.url(), {});
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("the certificate is not accepted: self-signed"));
}

TEST_F(HttpClientTls, RefusesACertificateForAnotherName) {
  for (const char* other : {"DNS:other.example", "IP:127.0.0.2"}) {
    const Identity identity(other);
    const TlsServer server(identity);
    EXPECT_THAT(get(server.url(), trusting(identity)).error().message, HasSubstr("mismatch"));
    EXPECT_THAT(get(server.url("localhost"), trusting(identity)).error().message,
                HasSubstr("mismatch"));
  }
}

TEST_F(HttpClientTls, AcceptsAnythingWhenToldTo) {
  const Identity identity("DNS:other.example");
  const TlsServer server(identity);
  TlsOptions options;
  options.verify = false;
  EXPECT_EQ(get(server.url(), options).value().body, "secret");
}

TEST_F(HttpClientTls, SaysWhenTheAuthoritiesCannotBeRead) {
  TlsOptions options;
  options.ca_file = "/nonexistent/ca.pem";
  const auto answer = get("https://127.0.0.1:1/", options);
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("certificate authorities in /nonexistent/ca.pem"));
}

TEST_F(HttpClientTls, HoldsItsDeadlineWhileTheHandshakeDrips) {
  const ScriptedServer server([](ScriptedServer::Peer& peer) {
    // The beginning of a long record, then a byte at a time.
    peer.send(std::string_view("\x16\x03\x03\x40\x00", 5));
    while (!peer.stopping()) {
      peer.send("x");
      std::this_thread::sleep_for(3ms);
    }
  });
  // Reading the system's authorities takes a while of its own.
  TlsOptions options;
  options.verify = false;
  const std::string url = "https://127.0.0.1:" + std::to_string(server.port()) + "/";
  const auto answer = get(url, options, 200ms);
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("TLS handshake: not done within the deadline"));
}

TEST_F(HttpClientTls, SaysWhenTheServerSpeaksNoTls) {
  const ScriptedServer server(
      [](ScriptedServer::Peer& peer) { peer.send("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  const auto answer = get("https://127.0.0.1:" + std::to_string(server.port()) + "/", {});
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("TLS handshake: "));
}

TEST_F(HttpClientTls, SaysThatTheAuthorityCanBeNamed) {
  const Identity identity("IP:127.0.0.1");
  const TlsServer server(identity);
  EXPECT_THAT(get(server.url(), {}).error().message, HasSubstr("'ca_file' names the authorities"));
}

TEST_F(HttpClientTls, UsesAConnectionAgainForTheSameOptionsAlone) {
  const Identity identity("IP:127.0.0.1");
  const TlsServer server(identity);
  const TlsOptions options = trusting(identity);
  ASSERT_TRUE(get(server.url(), options));
  ASSERT_TRUE(get(server.url(), options));
  EXPECT_EQ(server.connections(), 1);
  // It was made by one who trusts this server; who does not, must not use it.
  EXPECT_FALSE(get(server.url(), {}, 300ms));
}

TEST_F(HttpClientTls, TakesUpARenewedAuthority) {
  const Identity old("IP:127.0.0.1");
  const Identity renewed("IP:127.0.0.1");
  const TlsServer server(renewed);
  EXPECT_FALSE(get(server.url(), trusting(old)));
  EXPECT_TRUE(get(server.url(), trusting(renewed)));
}

TEST_F(HttpClientTls, ComesWithItsCertificateWhereOneIsAskedFor) {
  const Identity identity("IP:127.0.0.1");
  const Identity client("DNS:agent");
  const TlsServer server(identity, &client);
  const auto answer = get(server.url(), as(client, trusting(identity)));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "secret");
}

TEST_F(HttpClientTls, FindsTheKeyInTheFileOfTheCertificate) {
  const Identity identity("IP:127.0.0.1");
  const Identity client("DNS:agent");
  const TlsServer server(identity, &client);
  TlsOptions options = as(client, trusting(identity));
  std::ofstream(options.certificate, std::ios::app) << std::ifstream(options.key).rdbuf();
  options.key.clear();
  EXPECT_TRUE(get(server.url(), options));
}

TEST_F(HttpClientTls, SaysThatAClientCertificateIsAskedFor) {
  const Identity identity("IP:127.0.0.1");
  const Identity client("DNS:agent");
  const TlsServer server(identity, &client);
  const auto answer = get(server.url(), trusting(identity));
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("may ask for a client certificate"));
}

TEST_F(HttpClientTls, SaysThatItsCertificateIsRefused) {
  const Identity identity("IP:127.0.0.1");
  const Identity client("DNS:agent");
  const TlsServer server(identity, &client);
  const auto answer = get(server.url(), as(Identity("DNS:stranger"), trusting(identity)));
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message,
              AnyOf(HasSubstr("the server refused our certificate"), HasSubstr("or refuse ours")));
}

TEST_F(HttpClientTls, SaysThatTheKeyDoesNotFit) {
  const Identity identity("IP:127.0.0.1");
  const TlsServer server(identity);
  const TlsOptions options = as(Identity("DNS:agent"), trusting(identity));
  Identity("DNS:other").save_key(options.key);
  const auto answer = get(server.url(), options);
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("does not fit its key"));
  EXPECT_THAT(answer.error().message, HasSubstr("client.pem"));
}

TEST_F(HttpClientTls, SaysWhichFileCannotBeReadAndNeverWaitsForOne) {
  TlsOptions options;
  options.verify = false;
  options.certificate = folder_ / "missing.pem";
  EXPECT_THAT(get("https://127.0.0.1:1/", options).error().message,
              HasSubstr("missing.pem: No such file or directory"));
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  options.certificate = folder_ / "fifo";
  EXPECT_THAT(get("https://127.0.0.1:1/", options).error().message,
              HasSubstr("it is no regular file"));
  options = {};
  options.ca_file = folder_ / "fifo";
  EXPECT_THAT(get("https://127.0.0.1:1/", options).error().message,
              HasSubstr("it is no regular file"));
  std::ofstream(ca_) << "hello";
  options.ca_file = ca_;
  EXPECT_THAT(get("https://127.0.0.1:1/", options).error().message,
              HasSubstr("it holds no certificate in PEM form"));
}

TEST_F(HttpClientTls, StopsDuringTheHandshake) {
  std::stop_source stop;
  const ScriptedServer server([&](ScriptedServer::Peer& peer) {
    (void)peer.read_some();
    stop.request_stop();
    (void)peer.wait_closed();
  });
  Request request;
  request.url = "https://127.0.0.1:" + std::to_string(server.port()) + "/";
  request.tls.verify = false;
  request.deadline = 1h;
  request.stop = stop.get_token();
  const auto answer = client_.send(request);
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("TLS handshake: stopped"));
}

// A write to a closed connection would end a process that has not said otherwise.
TEST_F(HttpClientTls, SurvivesAServerThatHangsUpOnALongRequest) {
  const Identity identity("IP:127.0.0.1");
  const TlsServer server(identity, nullptr, TlsServer::Manner::hangs_up);
  Request request;
  request.url = server.url();
  request.tls = trusting(identity);
  request.method = "POST";
  request.body.assign(size_t{8} << 20, 'x');
  const auto answer = client_.send(request);
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, AnyOf(HasSubstr("hung up"), HasSubstr("onnection")));
}

}  // namespace
}  // namespace highwater::http
