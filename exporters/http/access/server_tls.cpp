#include "exporters/http/access/server_tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <ctime>

#include "agent/core/digest.h"
#include "agent/core/openssl_owned.h"
#include "agent/core/small_file.h"

namespace highwater::http {
namespace {

constexpr size_t kMaxFile = size_t{4} << 20;

std::string take_error() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "OpenSSL gives no reason" : reason;
}

Result<std::string> read(const std::string& path) {
  auto text = read_small_file(path, kMaxFile);
  if (!text) return fail(fmt::format("{} cannot be read: {}", path, text.error().message));
  return text;
}

// In place of OpenSSL's own, which asks on the terminal.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

Owned<X509> next_certificate(BIO* from) {
  return Owned<X509>(PEM_read_bio_X509(from, nullptr, no_passphrase, nullptr));
}

int accept_any(X509_STORE_CTX*, void*) {
  return 1;
}

Result<void> use_certificate(SSL_CTX* context, const ServerTlsSettings& settings) {
  const auto pem = read(settings.certificate);
  if (!pem) return tl::unexpected(pem.error());
  const auto from = reader_of(*pem);
  const auto own = next_certificate(from.get());
  if (!own) {
    ERR_clear_error();
    return fail(settings.certificate + " holds no certificate in PEM form");
  }
  if (SSL_CTX_use_certificate(context, own.get()) != 1)
    return fail(fmt::format("the certificate in {}: {}", settings.certificate, take_error()));
  while (const auto next = next_certificate(from.get()))
    SSL_CTX_add1_chain_cert(context, next.get());
  ERR_clear_error();
  return {};
}

Result<void> use_key(SSL_CTX* context, const ServerTlsSettings& settings) {
  auto pem = read(settings.key);
  if (!pem) return tl::unexpected(pem.error());
  const Owned<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(reader_of(*pem).get(), nullptr, no_passphrase, nullptr));
  OPENSSL_cleanse(pem->data(), pem->size());
  if (!key)
    return fail(fmt::format("{} holds no key in PEM form without a passphrase: {}", settings.key,
                            take_error()));
  if (SSL_CTX_use_PrivateKey(context, key.get()) == 1 && SSL_CTX_check_private_key(context) == 1)
    return {};
  ERR_clear_error();
  return fail(fmt::format("the key in {} does not belong to the certificate in {}", settings.key,
                          settings.certificate));
}

Result<void> trust_clients(SSL_CTX* context, const std::string& path) {
  const auto pem = read(path);
  if (!pem) return tl::unexpected(pem.error());
  const auto from = reader_of(*pem);
  size_t count = 0;
  for (; const auto authority = next_certificate(from.get()); ++count) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get());
    SSL_CTX_add_client_CA(context, authority.get());
  }
  ERR_clear_error();
  if (count == 0) return fail(path + " holds no certificate in PEM form");
  return {};
}

Result<void> use_client_auth(SSL_CTX* context, const ServerTlsSettings& settings) {
  switch (settings.client_auth) {
    case ClientAuth::none:
      return {};
    case ClientAuth::request:
    case ClientAuth::require_any:
      SSL_CTX_set_cert_verify_callback(context, accept_any, nullptr);
      break;
    case ClientAuth::verify_if_given:
    case ClientAuth::require_and_verify:
      if (auto trusted = trust_clients(context, settings.client_ca); !trusted) return trusted;
      break;
  }
  const bool needed = settings.client_auth == ClientAuth::require_any ||
                      settings.client_auth == ClientAuth::require_and_verify;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (needed ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     nullptr);
  return {};
}

int number_of(TlsVersion version) {
  return version == TlsVersion::tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
}

WallTime to_wall_time(const ASN1_TIME* time) {
  std::tm parts{};
  // Clamped: a certificate may name a year that a time of ours does not reach.
  constexpr std::time_t kYear2200 = 7'258'118'400;
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return WallTime{std::chrono::seconds(std::min(timegm(&parts), kYear2200))};
}

}  // namespace

Result<ServerTls> make_server_tls(const ServerTlsSettings& settings) {
  ServerTls server;
  server.context.reset(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX* const context = server.context.get();
  if (context == nullptr) return fail("TLS: " + take_error());
  SSL_CTX_set_min_proto_version(context, number_of(settings.lowest));
  SSL_CTX_set_max_proto_version(context, number_of(settings.highest));
  // A connection carries one request. Without tickets nothing outlives a certificate, or a
  // client's.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  // A write may be repeated with what is left of it at another place.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  // One record for each call: nobody keeps the server reading with records that hold no data.
  SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
  for (const auto& step : {use_certificate, use_key, use_client_auth}) {
    if (auto done = step(context, settings); !done) return tl::unexpected(done.error());
  }
  server.expiry = to_wall_time(X509_get0_notAfter(SSL_CTX_get0_certificate(context)));
  return server;
}

Result<std::string> public_key_of(const std::string& certificate) {
  const auto pem = read(certificate);
  if (!pem) return tl::unexpected(pem.error());
  const auto own = next_certificate(reader_of(*pem).get());
  ERR_clear_error();
  unsigned char* der = nullptr;
  const int size = own ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(own.get()), &der) : 0;
  if (size <= 0) return fail(certificate + " holds no certificate in PEM form");
  const std::string key(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return "sha256//" + base64(sha256(key));
}

void FreeSsl::operator()(ssl_st* tls) const {
  SSL_free(tls);
}

Tls make_tls(const ServerTls& server, int socket) {
  Tls tls(SSL_new(server.context.get()));
  if (tls == nullptr || SSL_set_fd(tls.get(), socket) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  SSL_set_accept_state(tls.get());
  return tls;
}

}  // namespace highwater::http
