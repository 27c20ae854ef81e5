// The words for a request that brought no answer: what was tried, on what address, and what to do.
// Never libcurl's own text alone, which names hosts and paths as it likes. Pure; any thread.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "exporters/http/client.h"

namespace highwater::http {

// How far a request came.
enum class Phase : uint8_t { lookup, connect, handshake, request, answer };

struct FailedRequest {
  CURLcode code = CURLE_OK;
  Phase phase = Phase::lookup;
  std::string address;          // the last that was tried, like "127.0.0.1"
  bool proxied = false;         // the address is a proxy's
  long system_error = 0;        // errno of the connection, 0 when there is none
  long verification = 0;        // OpenSSL's verdict on the certificate, 0 when it is accepted
  long proxy_status = 0;        // what a proxy answered to CONNECT, 0 without
  bool unanswered_tls = false;  // the handshake was done, and nothing came after it
  std::string_view detail;      // libcurl's text, of which the reason of TLS is taken
  std::string_view host;        // of the request
  const TlsOptions* tls = nullptr;
};

[[nodiscard]] std::string failure_text(const FailedRequest& failed);
// The request ended before its time, or took too long.
[[nodiscard]] std::string stopped_text(const FailedRequest& failed);
[[nodiscard]] std::string deadline_text(const FailedRequest& failed);

}  // namespace highwater::http
