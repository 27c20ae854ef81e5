// The server's side of TLS, with clients that are right, wrong and hostile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <fstream>

#include "http_access_fixture.h"

namespace highwater::http {
namespace {

using namespace std::chrono_literals;
using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

class HttpServerTls : public HttpAccess {
 protected:
  void serve_tls(ServerLimits limits = {}) { serve(with(files_of(identity_)), limits); }
  Result<Response> get_who() { return get(url("/who"), trusting(identity_)); }

  // "": the handshake was done; else why not.
  std::string handshake(int lowest, int highest) {
    const RawClient client(server_->port());
    const std::unique_ptr<SSL_CTX, FreeTls> context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_cipher_list(context.get(), "ALL:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(context.get(), lowest);
    SSL_CTX_set_max_proto_version(context.get(), highest);
    const std::unique_ptr<SSL, FreeTls> tls(SSL_new(context.get()));
    SSL_set_fd(tls.get(), client.fd());
    if (SSL_connect(tls.get()) == 1) return "";
    const unsigned long error = ERR_get_error();
    ERR_clear_error();
    return ERR_reason_error_string(error);
  }

  const Identity identity_{"IP:127.0.0.1"};
};

TEST_F(HttpServerTls, AnswersAClientThatTrustsIt) {
  serve_tls();
  const auto reply = get_who();
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->body, " may change") << "loopback, and no login is set";
}

TEST_F(HttpServerTls, IsNotTrustedWithAnotherCertificate) {
  serve_tls();
  const auto reply = get(url("/who"), trusting(Identity("IP:127.0.0.1")));
  ASSERT_FALSE(reply);
  EXPECT_THAT(reply.error().message, HasSubstr("the certificate is not accepted"));
}

TEST_F(HttpServerTls, IsKnownByItsPublicKey) {
  const Identity identity("DNS:monitor.example");
  const ServerTlsSettings settings = files_of(identity);
  serve(with(settings));
  TlsOptions pinned;
  pinned.public_key = public_key_of(settings.certificate).value();
  EXPECT_EQ(get(url("/who"), pinned).value().status, 200);
  Identity("DNS:monitor.example").save(folder_ / "other.pem");
  pinned.public_key = public_key_of(folder_ / "other.pem").value();
  const auto refused = get(url("/who"), pinned);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("is not the one that is expected"));
}

TEST_F(HttpServerTls, CarriesLongRequestsAndReplies) {
  serve_tls();
  EXPECT_EQ(get(url("/large"), trusting(identity_)).value().body.size(), 10'000'000U);
  Request request;
  request.method = "POST";
  request.url = url("/echo");
  request.tls = trusting(identity_);
  request.body = std::string(1'000'000, 'y');
  request.deadline = 60s;
  EXPECT_EQ(Client().send(request).value().body, request.body);
}

TEST_F(HttpServerTls, SpeaksNothingOlderThanTls12) {
  serve_tls();
  EXPECT_THAT(handshake(TLS1_VERSION, TLS1_VERSION), HasSubstr("protocol version"));
  EXPECT_THAT(handshake(TLS1_1_VERSION, TLS1_1_VERSION), HasSubstr("protocol version"));
  EXPECT_EQ(handshake(TLS1_2_VERSION, TLS1_2_VERSION), "");
  EXPECT_EQ(handshake(TLS1_3_VERSION, TLS1_3_VERSION), "");
}

TEST_F(HttpServerTls, SpeaksTheVersionsThatItIsToldTo) {
  ServerTlsSettings settings = files_of(identity_);
  settings.lowest = TlsVersion::tls13;
  serve(with(settings));
  EXPECT_THAT(handshake(TLS1_2_VERSION, TLS1_2_VERSION), HasSubstr("protocol version"));
  EXPECT_EQ(handshake(TLS1_2_VERSION, TLS1_3_VERSION), "");
}

TEST_F(HttpServerTls, TellsAClientOfPlainHttp) {
  serve_tls();
  const std::string reply = raw("GET /who HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(reply, HasSubstr("https://"));
}

TEST_F(HttpServerTls, IsNotHeldUpByHandshakesThatDrip) {
  serve_tls();
  std::vector<std::unique_ptr<RawClient>> drips;
  for (int i = 0; i < 256; ++i) {
    drips.push_back(std::make_unique<RawClient>(server_->port()));
    // The beginning of a record, of which more is promised; or nothing at all.
    if (i % 2 == 0) drips.back()->send(std::string_view("\x16\x03\x01\x02\x00\x01", 6));
  }
  for (int round = 0; round < 3; ++round) {
    for (auto& drip : drips) drip->send("x");
    EXPECT_EQ(get_who().value().status, 200);
    EXPECT_EQ(get(url("/healthz"), trusting(identity_)).value().body, "ok");
  }
}

TEST_F(HttpServerTls, AHandshakeHasADeadline) {
  ServerLimits limits;
  limits.request_time = 100ms;
  serve_tls(limits);
  RawClient silent(server_->port());
  EXPECT_EQ(silent.read_all(), "");
  RawClient half(server_->port());
  half.send(std::string_view("\x16\x03\x01\x02\x00\x01", 6));
  EXPECT_EQ(half.read_all(), "");
}

TEST_F(HttpServerTls, SurvivesBytesThatAreNoHandshake) {
  serve_tls();
  std::string noise("\x16\x03\x01\x40\x00", 5);
  for (int i = 0; i < 20'000; ++i) noise += static_cast<char>(i * 7919 >> 3);
  for (size_t size : {size_t{1}, size_t{5}, size_t{6}, size_t{100}, noise.size()}) {
    RawClient client(server_->port());
    client.send(std::string_view(noise).substr(0, size));
  }
  EXPECT_THAT(raw(noise), testing::Not(HasSubstr("HTTP/1.1 200")));
  EXPECT_EQ(get_who().value().status, 200);
}

class HttpServerClientCertificates : public HttpServerTls {
 protected:
  Result<Response> get_as(const Identity* client, ClientAuth auth) {
    ServerTlsSettings settings = files_of(identity_);
    settings.client_auth = auth;
    if (auth == ClientAuth::verify_if_given || auth == ClientAuth::require_and_verify) {
      settings.client_ca = folder_ / "clients.pem";
      trusted_.save(settings.client_ca);
    }
    if (server_) server_->stop();
    serve(with(settings));
    TlsOptions options = trusting(identity_);
    if (client != nullptr) {
      options.certificate = folder_ / "client.pem";
      options.key = folder_ / "client-key.pem";
      client->save(options.certificate);
      client->save_key(options.key);
    }
    return get(url("/who"), options);
  }

  const Identity trusted_{"DNS:prometheus"};
  const Identity stranger_{"DNS:stranger"};
};

TEST_F(HttpServerClientCertificates, AreNeededAndVerified) {
  EXPECT_TRUE(get_as(&trusted_, ClientAuth::require_and_verify));
  EXPECT_THAT(get_as(&stranger_, ClientAuth::require_and_verify).error().message,
              HasSubstr("refused our certificate"));
  EXPECT_THAT(get_as(nullptr, ClientAuth::require_and_verify).error().message,
              HasSubstr("client certificate"));
}

TEST_F(HttpServerClientCertificates, AreVerifiedWhereThereIsOne) {
  EXPECT_TRUE(get_as(&trusted_, ClientAuth::verify_if_given));
  EXPECT_TRUE(get_as(nullptr, ClientAuth::verify_if_given));
  EXPECT_FALSE(get_as(&stranger_, ClientAuth::verify_if_given));
}

TEST_F(HttpServerClientCertificates, AreNotVerifiedUnlessItIsSaid) {
  EXPECT_TRUE(get_as(&stranger_, ClientAuth::require_any));
  EXPECT_FALSE(get_as(nullptr, ClientAuth::require_any));
  EXPECT_TRUE(get_as(&stranger_, ClientAuth::request));
  EXPECT_TRUE(get_as(nullptr, ClientAuth::request));
  EXPECT_TRUE(get_as(nullptr, ClientAuth::none));
}

TEST_F(HttpServerTls, UsesARenewedCertificateWithoutARestart) {
  serve_tls();
  EXPECT_TRUE(get_who());
  const Identity renewed("IP:127.0.0.1");
  server_->set_access(std::make_shared<const AccessPolicy>(with(files_of(renewed))));
  EXPECT_FALSE(get_who());
  EXPECT_TRUE(get(url("/who"), trusting(renewed)));
}

TEST_F(HttpServerTls, OurOwnPagesComeByHttps) {
  serve_tls();
  Request request;
  request.method = "POST";
  request.url = url("/who");
  request.tls = trusting(identity_);
  const std::string authority = "127.0.0.1:" + std::to_string(server_->port());
  request.headers = {{"Origin", "https://" + authority}};
  EXPECT_EQ(Client().send(request).value().status, 200);
  request.headers = {{"Origin", "http://" + authority}};
  EXPECT_EQ(Client().send(request).value().status, 403);
}

TEST_F(HttpServerTls, NamesTheFileThatIsWrong) {
  ServerTlsSettings settings = files_of(identity_);
  const auto why = [&] { return make_server_tls(settings).error().message; };
  ASSERT_TRUE(make_server_tls(settings));
  settings.key = folder_ / "other-key.pem";
  EXPECT_THAT(why(), HasSubstr("other-key.pem cannot be read: No such file"));
  Identity("IP:127.0.0.1").save_key(settings.key);
  EXPECT_THAT(why(), HasSubstr("other-key.pem does not belong to the certificate in"));
  std::ofstream(settings.key) << "nothing\n";
  EXPECT_THAT(why(), HasSubstr("other-key.pem holds no key in PEM form"));
  settings.certificate = settings.key;
  EXPECT_THAT(why(), HasSubstr("other-key.pem holds no certificate in PEM form"));
  settings = files_of(identity_);
  settings.client_auth = ClientAuth::require_and_verify;
  settings.client_ca = folder_ / "other-key.pem";
  EXPECT_THAT(why(), HasSubstr("other-key.pem holds no certificate in PEM form"));
}

}  // namespace
}  // namespace highwater::http
