// The files of TLS: read, and made into what OpenSSL uses. Used by TlsContext, on the cluster's
// thread.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>

#include "agent/core/result.h"
#include "agent/core/time.h"
#include "collectors/kafka/login/security.h"

namespace highwater::kafka {

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using Ssl = std::unique_ptr<SSL, FreeSsl>;
using SslContext = std::unique_ptr<SSL_CTX, FreeSsl>;

// What the files hold, secrets included: not to be kept.
struct TlsFiles {
  std::string ca, certificate, key, key_password, keystore, keystore_password;

  // A fingerprint, to see whether anything changed.
  [[nodiscard]] std::string digest() const;
};

// The error names the file and the reason.
[[nodiscard]] Result<TlsFiles> read_tls_files(const TlsSettings& settings);

struct TlsIdentity {
  SslContext context;
  std::string certificate;         // ours: "'CN=highwater', valid until 2026-..."; "": none
  std::optional<WallTime> expiry;  // of our certificate
};

// TLS 1.2 and newer. The error names the file, what is wrong with it and what to do.
[[nodiscard]] Result<TlsIdentity> make_tls_identity(const TlsFiles& files,
                                                    const TlsSettings& settings);

// Of a certificate: "CN=kafka-1,O=Example", its end and its begin.
[[nodiscard]] std::string name_text(const X509_NAME* name);
[[nodiscard]] std::optional<WallTime> to_wall_time(const ASN1_TIME* time);
// "2026-01-31"
[[nodiscard]] std::string day_of(WallTime time);
// The reason of the newest error in OpenSSL's queue, which is emptied.
[[nodiscard]] std::string take_openssl_error();

}  // namespace highwater::kafka
