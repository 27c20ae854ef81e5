// The server's side of TLS: its certificate, and whether clients must show one. Made of files by
// whoever reads the configuration; immutable, any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "agent/core/result.h"
#include "agent/core/time.h"

struct ssl_ctx_st;
struct ssl_st;

namespace highwater::http {

// Of what clients show, under the names of Go's crypto/tls.
enum class ClientAuth : uint8_t {
  none,                // NoClientCert
  request,             // RequestClientCert: asked for, and not verified
  require_any,         // RequireAnyClientCert: likewise, and needed
  verify_if_given,     // VerifyClientCertIfGiven
  require_and_verify,  // RequireAndVerifyClientCert
};

enum class TlsVersion : uint8_t { tls12, tls13 };

// Paths of PEM files.
struct ServerTlsSettings {
  std::string certificate;  // ours, followed by its chain
  std::string key;          // without a passphrase
  std::string client_ca;    // whom verified clients must come from; else empty
  ClientAuth client_auth = ClientAuth::none;
  TlsVersion lowest = TlsVersion::tls12;
  TlsVersion highest = TlsVersion::tls13;
};

struct ServerTls {
  std::shared_ptr<ssl_ctx_st> context;
  WallTime expiry;  // of our certificate
};

// The error names the file and what is wrong with it.
[[nodiscard]] Result<ServerTls> make_server_tls(const ServerTlsSettings& settings);

// "sha256//..." of the first certificate in a PEM file, as TlsOptions::public_key has it.
[[nodiscard]] Result<std::string> public_key_of(const std::string& certificate);

struct FreeSsl {
  void operator()(ssl_st* tls) const;
};
using Tls = std::unique_ptr<ssl_st, FreeSsl>;

// Our side of one connection; null when there is no memory.
[[nodiscard]] Tls make_tls(const ServerTls& server, int socket);

}  // namespace highwater::http
