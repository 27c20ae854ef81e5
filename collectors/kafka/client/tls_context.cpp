#include "collectors/kafka/client/tls_context.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <array>
#include <utility>

#include "collectors/printable_excerpt.h"

namespace highwater::kafka {
namespace {

constexpr int kShownNames = 5;

void free_peer(void*, void* peer, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<TlsPeer*>(peer);
}

int peer_index() {
  static const int kIndex = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_peer);
  return kIndex;
}

TlsPeer& peer_of(const SSL* ssl) {
  return *static_cast<TlsPeer*>(SSL_get_ex_data(ssl, peer_index()));
}

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

std::string address_text(const ASN1_OCTET_STRING* bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = ASN1_STRING_length(bytes) == 4 ? AF_INET : AF_INET6;
  if (family == AF_INET6 && ASN1_STRING_length(bytes) != 16) return "?";
  inet_ntop(family, ASN1_STRING_get0_data(bytes), text.data(), text.size());
  return text.data();
}

std::string common_name(X509* certificate) {
  std::array<char, 256> text{};
  const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                             text.data(), static_cast<int>(text.size()));
  return size > 0 ? printable_excerpt(text.data()) : "no name at all";
}

// The names that a certificate is for: the alternative ones, else the common name.
std::string names_of(X509* certificate) {
  auto* const all = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  std::string text;
  const int count = all == nullptr ? 0 : sk_GENERAL_NAME_num(all);
  for (int i = 0; i < count && i < kShownNames; ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(all, i);
    std::string one;
    if (name->type == GEN_DNS)
      one =
          printable_excerpt({reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                             static_cast<size_t>(ASN1_STRING_length(name->d.dNSName))});
    else if (name->type == GEN_IPADD)
      one = address_text(name->d.iPAddress);
    if (!one.empty()) text += (text.empty() ? "" : ", ") + one;
  }
  if (count > kShownNames) text += fmt::format(" and {} more", count - kShownNames);
  GENERAL_NAMES_free(all);
  return text.empty() ? common_name(certificate) : text;
}

// Notes what is wrong, and leaves the verdict as it is.
int on_verified(int fine, X509_STORE_CTX* store) {
  if (fine == 1) return fine;
  const auto* const ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  TlsPeer& peer = peer_of(ssl);
  if (peer.verify_error != X509_V_OK) return fine;
  peer.verify_error = X509_STORE_CTX_get_error(store);
  peer.verify_depth = X509_STORE_CTX_get_error_depth(store);
  if (X509* const broker = X509_STORE_CTX_get0_cert(store)) peer.names = names_of(broker);
  if (X509* const bad = X509_STORE_CTX_get_current_cert(store)) {
    peer.subject = name_text(X509_get_subject_name(bad));
    peer.issuer = name_text(X509_get_issuer_name(bad));
    peer.not_before = to_wall_time(X509_get0_notBefore(bad));
    peer.not_after = to_wall_time(X509_get0_notAfter(bad));
  }
  return fine;
}

int on_certificate_wanted(SSL* ssl, X509**, EVP_PKEY**) {
  peer_of(ssl).certificate_wanted = true;
  return 0;
}

int on_session(SSL* ssl, SSL_SESSION* session) {
  const TlsPeer& peer = peer_of(ssl);
  const auto sessions = peer.sessions.lock();
  if (!sessions) return 0;
  (*sessions)[peer.address].reset(session);
  return 1;  // ours now
}

}  // namespace

TlsContext::TlsContext(TlsSettings settings) : settings_(std::move(settings)) {}

Answer<Ssl> TlsContext::client(const std::string& host, int32_t port) {
  renew();
  if (identity_.context == nullptr) return fail_with(FailureKind::no_login, "TLS: " + problem_);
  return make(host, fmt::format("{}:{}", host, port));
}

void TlsContext::renew() {
  const auto files = read_tls_files(settings_);
  if (!files) {
    problem_ = files.error().message;
    digest_.clear();
    return;
  }
  std::string digest = files->digest();
  if (digest == digest_) return;
  digest_ = std::move(digest);
  auto identity = make_tls_identity(*files, settings_);
  if (!identity) {
    problem_ = identity.error().message;
    return;
  }
  problem_.clear();
  identity_ = std::move(*identity);
  sessions_ = std::make_shared<TlsSessions>();
  SSL_CTX* const context = identity_.context.get();
  const bool verified = settings_.verify != VerifyBroker::nothing;
  SSL_CTX_set_verify(context, verified ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, on_verified);
  if (identity_.certificate.empty()) SSL_CTX_set_client_cert_cb(context, on_certificate_wanted);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(context, on_session);
}

Answer<Ssl> TlsContext::make(const std::string& host, const std::string& address) const {
  Ssl ssl(SSL_new(identity_.context.get()));
  if (ssl == nullptr)
    return fail_with(FailureKind::not_usable, "TLS: OpenSSL: " + take_openssl_error());
  auto peer = std::make_unique<TlsPeer>();
  peer->expected = settings_.server_name.empty() ? host : settings_.server_name;
  peer->address = address;
  peer->sessions = sessions_;
  peer->authorities = settings_.ca.empty() ? "the system's certificate authorities" : settings_.ca;
  peer->own_certificate = identity_.certificate;
  const std::string name = peer->expected;
  SSL_set_ex_data(ssl.get(), peer_index(), peer.release());
  SSL_set_connect_state(ssl.get());
  if (is_address(name)) {
    if (settings_.verify == VerifyBroker::full)
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), name.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl.get(), name.c_str());
    if (settings_.verify == VerifyBroker::full) {
      SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
      SSL_set1_host(ssl.get(), name.c_str());
    }
  }
  if (const auto known = sessions_->find(address); known != sessions_->end())
    SSL_set_session(ssl.get(), known->second.get());
  return ssl;
}

const TlsPeer& TlsContext::peer(const SSL* ssl) {
  return peer_of(ssl);
}

std::string TlsContext::peer_text(const SSL* ssl) {
  std::string text = fmt::format("{}, {}", SSL_get_version(ssl), SSL_get_cipher_name(ssl));
  X509* const certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr) return text;
  text += fmt::format(", certificate for {}", names_of(certificate));
  if (const auto end = to_wall_time(X509_get0_notAfter(certificate)))
    text += ", valid until " + day_of(*end);
  return text;
}

std::optional<WallTime> TlsContext::peer_expiry(const SSL* ssl) {
  const X509* const certificate = SSL_get0_peer_certificate(ssl);
  return certificate == nullptr ? std::nullopt : to_wall_time(X509_get0_notAfter(certificate));
}

}  // namespace highwater::kafka
