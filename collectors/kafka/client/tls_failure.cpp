#include "collectors/kafka/client/tls_failure.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <asio/error.hpp>
#include <asio/ssl/error.hpp>
#include <string>

#include "collectors/kafka/client/tls_context.h"

namespace highwater::kafka {
namespace {

constexpr int kAlertOffset = 1000;  // of OpenSSL's reasons that are alerts of the other side

std::string when(const std::optional<WallTime>& time, WallTime now) {
  if (!time) return "a time that cannot be read";
  const Duration apart = *time < now ? now - *time : *time - now;
  return fmt::format("{} ({} {})", format_time(*time), describe_duration(apart),
                     *time < now ? "ago" : "from now");
}

std::string whose(const TlsPeer& peer) {
  return peer.verify_depth == 0
             ? "its certificate"
             : fmt::format("the certificate of its authority '{}'", peer.subject);
}

std::string unknown_authority(const TlsPeer& peer) {
  const bool own = peer.verify_error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT;
  return fmt::format(
      "its certificate ({}) {}, which is not among {}: set `ca` to a PEM file with {}", peer.names,
      own ? "is signed by itself" : fmt::format("comes from '{}'", peer.issuer), peer.authorities,
      own ? "this certificate" : "the authority's certificate");
}

std::string verification_text(const TlsPeer& peer, WallTime now) {
  switch (peer.verify_error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format(
          "its certificate is for {}, not for '{}': give the broker a certificate "
          "with that name, or set `server_name`, or `verify: ca`",
          peer.names, peer.expected);
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("{} expired {}: renew it, or correct the clock of the agent's machine",
                         whose(peer), when(peer.not_after, now));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format(
          "{} is valid from {} only: is the clock of the agent's machine, or of the "
          "one that issued it, wrong?",
          whose(peer), when(peer.not_before, now));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return unknown_authority(peer);
    default:
      return fmt::format("{} is not accepted: {}", whose(peer),
                         X509_verify_cert_error_string(peer.verify_error));
  }
}

bool is_about_certificates(int alert) {
  switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_CERTIFICATE_REQUIRED:
      return true;
    default:
      return false;
  }
}

Failure certificate_wanted() {
  return {FailureKind::credentials,
          "TLS: it asks for a client's certificate, and none is configured: set `certificate` and "
          "`key`"};
}

Failure alert_failure(const TlsPeer& peer, int alert) {
  const std::string text = SSL_alert_desc_string_long(alert);
  if (peer.certificate_wanted &&
      (is_about_certificates(alert) || alert == SSL_AD_HANDSHAKE_FAILURE))
    return certificate_wanted();
  if (is_about_certificates(alert) && !peer.own_certificate.empty())
    return {FailureKind::credentials,
            fmt::format("TLS: it refuses our certificate {} ({}): does its truststore have the "
                        "authority that issued it?",
                        peer.own_certificate, text)};
  if (alert == SSL_AD_PROTOCOL_VERSION)
    return {FailureKind::malformed,
            "TLS: it speaks none of the versions 1.2 and 1.3: see its ssl.enabled.protocols"};
  return {FailureKind::malformed, fmt::format("TLS: it ends the handshake: {}{}", text,
                                              alert == SSL_AD_HANDSHAKE_FAILURE
                                                  ? ": it has no cipher or version in common, see "
                                                    "its ssl.cipher.suites"
                                                  : "")};
}

bool is_tls_error(const std::error_code& error) {
  return error.category() == asio::error::get_ssl_category();
}

int reason_of(const std::error_code& error) {
  return ERR_GET_REASON(static_cast<unsigned long>(static_cast<unsigned>(error.value())));
}

bool is_end(const std::error_code& error) {
  return error == asio::error::eof || error == asio::ssl::error::stream_truncated;
}

}  // namespace

Failure handshake_failure(const SSL* ssl, const std::error_code& error, WallTime now) {
  ERR_clear_error();
  const TlsPeer& peer = TlsContext::peer(ssl);
  if (is_tls_error(error)) {
    const int reason = reason_of(error);
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
      return {FailureKind::untrusted, "TLS: " + verification_text(peer, now)};
    if (reason >= kAlertOffset) return alert_failure(peer, reason - kAlertOffset);
    if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG ||
        reason == SSL_R_HTTP_REQUEST || reason == SSL_R_UNSUPPORTED_PROTOCOL)
      return {FailureKind::malformed,
              "TLS: what it answers is not TLS: is this the port of a listener without TLS (then "
              "`protocol: PLAINTEXT` or SASL_PLAINTEXT), or of no broker at all?"};
    return {FailureKind::malformed, "TLS: " + error.message()};
  }
  if (is_end(error) || error == asio::error::connection_reset) {
    if (peer.certificate_wanted) return certificate_wanted();
    return {FailureKind::lost,
            "TLS: it closes the connection in the handshake: a listener without TLS does so (then "
            "`protocol: PLAINTEXT` or SASL_PLAINTEXT)"};
  }
  return {FailureKind::lost, "TLS: connection lost in the handshake: " + error.message()};
}

Failure stream_failure(const SSL* ssl, const std::error_code& error, bool answered) {
  ERR_clear_error();
  const TlsPeer& peer = TlsContext::peer(ssl);
  if (is_tls_error(error) && reason_of(error) >= kAlertOffset)
    return alert_failure(peer, reason_of(error) - kAlertOffset);
  if (!answered && peer.certificate_wanted) return certificate_wanted();
  if (is_end(error)) return {FailureKind::lost, "the broker closed the connection"};
  return {FailureKind::lost, "connection lost: " + error.message()};
}

}  // namespace highwater::kafka
