#include "http_identity.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <csignal>

namespace highwater::http {

Identity::Identity(const std::string& alternative_name)
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

void Identity::save(const std::filesystem::path& path) const {
  FILE* const file = std::fopen(path.c_str(), "w");
  PEM_write_X509(file, certificate_.get());
  std::fclose(file);
}

void Identity::save_key(const std::filesystem::path& path) const {
  FILE* const file = std::fopen(path.c_str(), "w");
  PEM_write_PrivateKey(file, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
}

TlsServer::TlsServer(const Identity& identity, const Identity* client, Manner manner)
    : manner_(manner),
      context_(SSL_CTX_new(TLS_server_method())),
      server_([this](ScriptedServer::Peer& peer) { serve(peer); }) {
  SSL_CTX_use_certificate(context_.get(), identity.certificate());
  SSL_CTX_use_PrivateKey(context_.get(), identity.key());
  if (client == nullptr) return;
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), client->certificate());
}

void TlsServer::serve(ScriptedServer::Peer& peer) {
  ++connections_;
  // OpenSSL writes as it likes. In this thread alone: the client must do without.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  const std::unique_ptr<SSL, FreeTls> session(SSL_new(context_.get()));
  SSL_set_fd(session.get(), peer.fd());
  if (SSL_accept(session.get()) != 1) return;
  while (!peer.stopping()) {
    const auto soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
    if (!wait_for(peer.fd(), POLLIN, soon)) continue;
    char request[4096];
    if (SSL_read(session.get(), request, sizeof(request)) <= 0) return;
    if (manner_ == Manner::hangs_up) return;
    constexpr std::string_view kReply = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
    SSL_write(session.get(), kReply.data(), static_cast<int>(kReply.size()));
  }
}

}  // namespace highwater::http
