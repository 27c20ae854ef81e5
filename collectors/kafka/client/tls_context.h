// TlsContext: our side of TLS for one cluster: whom we trust, as whom we come, and the sessions
// that can be resumed. One per cluster, on its thread.
//
// Files are looked at before each connection. Changed ones are used from then on; while they cannot
// be used, the former stay in force, and problem() says what is wrong with the new ones.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/core/time.h"
#include "collectors/kafka/client/failure.h"
#include "collectors/kafka/client/tls_files.h"
#include "collectors/kafka/login/security.h"

namespace highwater::kafka {

// The last session with each address.
using TlsSessions = std::map<std::string, std::unique_ptr<SSL_SESSION, FreeSsl>>;

// What was seen of the other side during a handshake; kept with the SSL object.
struct TlsPeer {
  std::string expected;  // the name that its certificate must have
  std::string address;   // key of the sessions
  std::weak_ptr<TlsSessions> sessions;
  std::string authorities;          // where ours come from: "/etc/ca.pem"
  std::string own_certificate;      // "'CN=highwater', valid until ..."; "": we have none
  bool certificate_wanted = false;  // it asked for one of ours, and we have none
  int verify_error = X509_V_OK;     // the first
  int verify_depth = 0;             // 0: its own certificate, else that of an authority
  std::string subject, issuer;      // of the certificate with the error
  std::string names;                // of the broker's certificate: "kafka-1, 10.0.0.7"
  std::optional<WallTime> not_before, not_after;  // of the certificate with the error
};

class TlsContext {
 public:
  explicit TlsContext(TlsSettings settings);

  // For one connection. Fails with no_login while the files cannot be used and never could.
  [[nodiscard]] Answer<Ssl> client(const std::string& host, int32_t port);
  // What is wrong with files that changed; "": nothing.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  // When our own certificate ends, of the files in force.
  [[nodiscard]] const std::optional<WallTime>& own_expiry() const { return identity_.expiry; }

  // What was seen on an SSL object of client().
  [[nodiscard]] static const TlsPeer& peer(const SSL* ssl);
  // "TLSv1.3, TLS_AES_256_GCM_SHA384, certificate for kafka-1, valid until 2027-01-31"
  [[nodiscard]] static std::string peer_text(const SSL* ssl);
  // When the certificate that the broker showed ends.
  [[nodiscard]] static std::optional<WallTime> peer_expiry(const SSL* ssl);

 private:
  void renew();
  [[nodiscard]] Answer<Ssl> make(const std::string& host, const std::string& address) const;

  const TlsSettings settings_;
  TlsIdentity identity_;  // without a context: the files could not be used yet
  std::string digest_;    // of the files that were looked at last
  std::string problem_;
  std::shared_ptr<TlsSessions> sessions_ = std::make_shared<TlsSessions>();
};

}  // namespace highwater::kafka
