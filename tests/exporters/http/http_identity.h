// Certificates for tests, and a TLS server that uses them.
#pragma once

#include <openssl/ssl.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "http_support.h"

namespace highwater::http {

struct FreeTls {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* session) const { SSL_free(session); }
};

// A certificate that is its own authority, for one name or address: "DNS:localhost".
class Identity {
 public:
  explicit Identity(const std::string& alternative_name);

  void save(const std::filesystem::path& path) const;  // the certificate
  void save_key(const std::filesystem::path& path) const;
  [[nodiscard]] EVP_PKEY* key() const { return key_.get(); }
  [[nodiscard]] X509* certificate() const { return certificate_.get(); }

 private:
  std::unique_ptr<EVP_PKEY, FreeTls> key_;
  std::unique_ptr<X509, FreeTls> certificate_;
};

// Shakes hands, reads a request and answers it with the body "secret", as often as one connection
// asks. With `client` it wants that certificate of whoever comes.
class TlsServer {
 public:
  enum class Manner : uint8_t { answers, hangs_up };  // in the middle of a request
  explicit TlsServer(const Identity& identity, const Identity* client = nullptr,
                     Manner manner = Manner::answers);
  [[nodiscard]] std::string url(const std::string& host = "127.0.0.1") const {
    return "https://" + host + ":" + std::to_string(server_.port()) + "/";
  }
  [[nodiscard]] int port() const { return server_.port(); }
  [[nodiscard]] int connections() const { return connections_; }

 private:
  void serve(ScriptedServer::Peer& peer);

  const Manner manner_;
  std::unique_ptr<SSL_CTX, FreeTls> context_;
  std::atomic<int> connections_{0};
  ScriptedServer server_;
};

}  // namespace highwater::http
