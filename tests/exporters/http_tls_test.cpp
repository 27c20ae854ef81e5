#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "exporters/http/client.h"
#include "http_support.h"

namespace highwater::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* session) const { SSL_free(session); }
};

// A certificate that is its own authority, for one name or address.
class Identity {
 public:
  explicit Identity(const std::string& alternative_name)
      : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
    X509* const x = certificate_.get();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key_.get());
    const auto* name = reinterpret_cast<const unsigned char*>("test");
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_EXTENSION* const extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative_name.c_str());
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(x, key_.get(), EVP_sha256());
  }

  void save(const std::filesystem::path& path) const {
    FILE* const file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, certificate_.get());
    std::fclose(file);
  }
  [[nodiscard]] EVP_PKEY* key() const { return key_.get(); }
  [[nodiscard]] X509* certificate() const { return certificate_.get(); }

 private:
  std::unique_ptr<EVP_PKEY, Free> key_;
  std::unique_ptr<X509, Free> certificate_;
};

// Shakes hands, reads a request and answers it.
class TlsServer {
 public:
  explicit TlsServer(const Identity& identity)
      : context_(SSL_CTX_new(TLS_server_method())), server_([this](ScriptedServer::Peer& peer) {
          const std::unique_ptr<SSL, Free> session(SSL_new(context_.get()));
          SSL_set_fd(session.get(), peer.fd());
          if (SSL_accept(session.get()) != 1) return;
          char request[4096];
          if (SSL_read(session.get(), request, sizeof(request)) <= 0) return;
          constexpr std::string_view kReply = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
          SSL_write(session.get(), kReply.data(), static_cast<int>(kReply.size()));
          SSL_shutdown(session.get());
        }) {
    SSL_CTX_use_certificate(context_.get(), identity.certificate());
    SSL_CTX_use_PrivateKey(context_.get(), identity.key());
  }
  [[nodiscard]] std::string url(const std::string& host = "127.0.0.1") const {
    return "https://" + host + ":" + std::to_string(server_.port()) + "/";
  }

 private:
  std::unique_ptr<SSL_CTX, Free> context_;
  ScriptedServer server_;
};

class HttpClientTls : public testing::Test {
 protected:
  HttpClientTls()
      : ca_(std::filesystem::temp_directory_path() /
            ("highwater-ca-" + std::to_string(::getpid()) + ".pem")) {}
  ~HttpClientTls() override { std::filesystem::remove(ca_); }

  [[nodiscard]] ClientOptions trusting(const Identity& identity) const {
    identity.save(ca_);
    ClientOptions options;
    options.ca_file = ca_;
    return options;
  }
  static Result<Response> get(const std::string& url, ClientOptions options,
                              Duration deadline = 20s) {
    Request request;
    request.url = url;
    request.deadline = deadline;
    return Client(std::move(options)).send(request);
  }

  const std::filesystem::path ca_;
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
  ClientOptions options;
  options.verify = false;
  EXPECT_EQ(get(server.url(), options).value().body, "secret");
}

TEST_F(HttpClientTls, SaysWhenTheAuthoritiesCannotBeRead) {
  ClientOptions options;
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
  ClientOptions options;
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

}  // namespace
}  // namespace highwater::http
