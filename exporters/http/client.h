// The HTTP client of everything that goes out: webhooks, OTLP, the pages of sources, and what
// `highwater status` and `highwater explain` ask. On libcurl.
//
// A call blocks its thread and ends by its deadline whatever the other side does: refusing,
// hanging, or answering one byte a second; name lookup, proxy, TLS handshake and the whole body are
// included. Any thread, several at a time. A connection is kept for the next request to the same
// address. Redirects are not followed: moved_to() says where they lead. A proxy is taken from
// http_proxy, HTTPS_PROXY, ALL_PROXY and NO_PROXY, but never for this machine's own and link-local
// addresses.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/time.h"

namespace highwater::http {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

// Whom an https request trusts, and as whom it comes. Files are PEM and read for each request, so
// that renewed ones need no restart.
struct TlsOptions {
  std::string ca_file;      // empty: the system's certificate authorities
  bool verify = true;       // false accepts any certificate
  std::string certificate;  // the client's, followed by its chain; empty: none
  std::string key;          // of the certificate, without a passphrase; empty: in the same file
  std::string public_key;   // "sha256//...": the server's own, in place of authorities and a name
  bool operator==(const TlsOptions&) const = default;
};

struct Request {
  std::string method = "GET";  // POST or PUT
  std::string url;             // absolute, http or https
  HeaderList headers;          // without Host, Content-Length and Connection: those are set here
  std::string body;            // of a POST or PUT
  std::string content_type;    // of the body; none is sent when empty
  TlsOptions tls;
  Duration deadline = std::chrono::seconds(10);     // for everything together
  size_t max_response_bytes = size_t{1024} * 1024;  // of the body; the rest is cut off
  // Set: the status line is the answer, and whatever is wrong with the rest is no error. So long
  // the rest is waited for: a reason in words, and the end that lets the connection be used again.
  std::optional<Duration> linger;
  std::stop_token stop;  // asked to stop: fails at once
};

struct Response {
  int status = 0;  // 200, 404, 503 ...: any answer is a Response
  HeaderList headers;
  std::string body;        // as sent; never decompressed
  bool truncated = false;  // longer than max_response_bytes, or its end was not waited for

  // The first header of that name, in any case; empty when there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

class Client {
 public:
  Client();
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // An Error means that no complete answer came: it names the method, the host and the port (never
  // path, query, headers or body, which may be secrets) and the reason in words.
  [[nodiscard]] Result<Response> send(const Request& request) const;
  // Whether the files can be read, so that this is known before the first request.
  [[nodiscard]] Result<void> check(const TlsOptions& options) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace highwater::http
