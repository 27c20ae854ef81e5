// Certificates for tests of the client, and a relay that speaks TLS in front of a broker that does
// not.
#pragma once

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agent/core/time.h"

namespace highwater::kafka {

struct FreeTls {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

struct CertificateWish {
  std::string common_name = "kafka";
  std::string names = "IP:127.0.0.1,DNS:localhost";  // alternative names
  Duration begins = -std::chrono::hours(1);          // from now
  Duration ends = std::chrono::hours(24);
  bool authority = false;
};

// A certificate with its key: of an authority, or by one.
class TestCertificate {
 public:
  explicit TestCertificate(const CertificateWish& wish, const TestCertificate* issuer = nullptr);

  void save(const std::filesystem::path& path) const;  // as PEM
  void save_key(const std::filesystem::path& path, const std::string& password = "") const;
  void save_keystore(const std::filesystem::path& path, const std::string& password) const;
  [[nodiscard]] X509* get() const { return certificate_.get(); }
  [[nodiscard]] EVP_PKEY* key() const { return key_.get(); }

 private:
  std::unique_ptr<EVP_PKEY, FreeTls> key_;
  std::unique_ptr<X509, FreeTls> certificate_;
};

// Listens with TLS and passes what it gets to a port without TLS, and back.
class TlsRelay {
 public:
  // With `clients` it wants a certificate by that authority of whoever comes.
  TlsRelay(const TestCertificate& own, uint16_t target, const TestCertificate* clients = nullptr,
           int newest_version = TLS1_3_VERSION);
  ~TlsRelay();
  TlsRelay(const TlsRelay&) = delete;
  TlsRelay& operator=(const TlsRelay&) = delete;

  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] int handshakes() const { return handshakes_; }  // that succeeded
  [[nodiscard]] int resumed() const { return resumed_; }        // ... with an earlier session
  void hang_up() { ++hang_ups_; }                               // ends all connections

 private:
  void serve();
  void relay(int client);

  std::unique_ptr<SSL_CTX, FreeTls> context_;
  const uint16_t target_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<int> handshakes_ = 0;
  std::atomic<int> resumed_ = 0;
  std::atomic<int> hang_ups_ = 0;
  std::atomic<bool> stopping_ = false;
  std::vector<std::thread> connections_;  // of `thread_`
  std::thread thread_;
};

}  // namespace highwater::kafka
