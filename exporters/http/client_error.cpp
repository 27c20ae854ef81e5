#include "exporters/http/client_error.h"

#include <fmt/format.h>

#include "exporters/http/authorities.h"
#include "exporters/http/socket.h"

namespace highwater::http {
namespace {

constexpr std::string_view kHandshake = "TLS handshake: ";

std::string connect_to(const FailedRequest& failed) {
  if (failed.address.empty()) return "connect: ";
  return fmt::format("connect to {}{}: ", failed.address,
                     failed.proxied ? ", the proxy of the environment" : "");
}

// "wrong version number" of "error:0A00010B:SSL routines::wrong version number, errno 0".
std::string_view openssl_reason(std::string_view detail) {
  const size_t colons = detail.rfind("::");
  if (colons == std::string_view::npos) return {};
  const std::string_view reason = detail.substr(colons + 2);
  return reason.substr(0, reason.find(','));
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// What the other side says of us. Since TLS 1.3 it says so after the handshake.
std::string alert_text(std::string_view reason) {
  if (has(reason, "certificate required") || has(reason, "handshake failure"))
    return fmt::format(
        "the server refused it ({}): it may ask for a client certificate, see "
        "'certificate' and 'key'",
        reason);
  return fmt::format("the server refused our certificate: {}", reason);
}

bool is_alert(std::string_view reason) {
  return has(reason, "alert") && (has(reason, "certificate") || has(reason, "unknown ca") ||
                                  has(reason, "handshake failure"));
}

std::string certificate_text(const FailedRequest& failed) {
  // 1 is libcurl's for "not judged yet": the name is compared first.
  if (failed.verification <= 1)
    return fmt::format("the certificate is for another name than {} (hostname mismatch)",
                       failed.host);
  const std::string reason = verification_text(failed.verification);
  const bool unknown =
      has(reason, "self-signed") || has(reason, "issuer") || has(reason, "unable to verify");
  return fmt::format("the certificate is not accepted: {}{}", reason,
                     unknown ? "; 'ca_file' names the authorities to trust" : "");
}

std::string handshake_text(const FailedRequest& failed) {
  const std::string_view reason = openssl_reason(failed.detail);
  if (is_alert(reason)) return alert_text(reason);
  if (has(reason, "wrong version number") || has(reason, "packet length"))
    return fmt::format("what answers does not speak TLS ({}): is it http://?", reason);
  if (!reason.empty()) return std::string(reason);
  return failed.system_error != 0 ? errno_text(static_cast<int>(failed.system_error))
                                  : "the connection was closed";
}

std::string lost_text(const FailedRequest& failed) {
  if (failed.proxy_status != 0)
    return fmt::format("the proxy {} answered {} to CONNECT{}", failed.address, failed.proxy_status,
                       failed.proxy_status == 407 ? ": it asks for a login" : "");
  const std::string_view reason = openssl_reason(failed.detail);
  if (is_alert(reason)) return std::string(kHandshake) + alert_text(reason);
  if (failed.unanswered_tls)
    return std::string(kHandshake) +
           "the server hung up right after it: it may ask for a client certificate, or refuse ours "
           "(see 'certificate' and 'key')";
  if (has(failed.detail, "chunked")) return "the answer is malformed";
  if (failed.phase == Phase::connect) return connect_to(failed) + "the connection was lost";
  return has(failed.detail, "reset") ? "Connection reset by peer" : "the connection was lost";
}

}  // namespace

std::string failure_text(const FailedRequest& failed) {
  // Not all of them are known to every version: they are compared as numbers.
  switch (static_cast<int>(failed.code)) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "look up the host: its name is unknown, or no name server answers";
    case CURLE_COULDNT_RESOLVE_PROXY:
      return "look up the proxy that the environment names: its name is unknown, or no name server "
             "answers";
    case CURLE_COULDNT_CONNECT:
      return connect_to(failed) + (failed.system_error != 0
                                       ? errno_text(static_cast<int>(failed.system_error))
                                       : "not possible");
    case CURLE_PROXY:
      return connect_to(failed) + "the proxy refused it";
    case CURLE_PEER_FAILED_VERIFICATION:
      return std::string(kHandshake) + certificate_text(failed);
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return std::string(kHandshake) + "the server's certificate is not the one that is expected";
    case CURLE_SSL_CERTPROBLEM:
      return fmt::format(
          "TLS: the client certificate in {} does not fit its key, or is no "
          "certificate in PEM form",
          failed.tls != nullptr ? failed.tls->certificate : "");
    case CURLE_SSL_CONNECT_ERROR:
      return std::string(kHandshake) + handshake_text(failed);
    case CURLE_OPERATION_TIMEDOUT:
      return deadline_text(failed);
    case CURLE_GOT_NOTHING:
      return "the connection was closed without an answer";
    case CURLE_PARTIAL_FILE:
      return "the answer ends too early";
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return lost_text(failed);
    case CURLE_UNSUPPORTED_PROTOCOL:
      return "what answers does not speak HTTP/1.1";
    case CURLE_WEIRD_SERVER_REPLY:
      return "the answer is malformed";
    default:
      return fmt::format("the request failed: {}", curl_easy_strerror(failed.code));
  }
}

std::string stopped_text(const FailedRequest& failed) {
  switch (failed.phase) {
    case Phase::lookup:
      return "look up the host: stopped";
    case Phase::connect:
      return connect_to(failed) + "stopped";
    case Phase::handshake:
      return std::string(kHandshake) + "stopped";
    case Phase::request:
    case Phase::answer:
      return "stopped";
  }
  return "stopped";
}

std::string deadline_text(const FailedRequest& failed) {
  switch (failed.phase) {
    case Phase::lookup:
      return "look up the host: no answer within the deadline";
    case Phase::connect:
      return connect_to(failed) + "no answer within the deadline";
    case Phase::handshake:
      return std::string(kHandshake) + "not done within the deadline";
    case Phase::request:
      return "the request was not taken within the deadline";
    case Phase::answer:
      return "no complete answer within the deadline";
  }
  return "no answer within the deadline";
}

}  // namespace highwater::http
