// The HTTP client of everything that is pushed out: webhooks, Alertmanager, OTLP, and what
// `highwater status` asks. One call is one request on a connection of its own.
//
// A call blocks its thread and ends by its deadline whatever the other side does: refusing,
// hanging, or answering one byte a second; name lookup, TLS handshake and the whole body are
// included. Any thread, several at a time. Redirects are not followed: a receiver that moved is a
// mistake to be seen.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/time.h"

namespace highwater::http {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method = "GET";  // GET, HEAD, POST, PUT, PATCH or DELETE
  std::string url;             // absolute, http or https
  HeaderList headers;          // without Host, Content-Length and Connection: those are set here
  std::string body;
  std::string content_type;                         // of the body; none is sent when empty
  Duration deadline = std::chrono::seconds(10);     // for everything together
  size_t max_response_bytes = size_t{1024} * 1024;  // of the body; the rest is cut off
  std::stop_token stop;                             // asked to stop: fails within 100 ms
};

struct Response {
  int status = 0;  // 200, 404, 503 ...: any answer is a Response
  HeaderList headers;
  std::string body;        // as sent; never decompressed
  bool truncated = false;  // the body was longer than max_response_bytes

  // The first header of that name, in any case; empty when there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

struct ClientOptions {
  std::string ca_file;  // PEM; empty: the system's certificate authorities
  bool verify = true;   // false accepts any certificate
  std::string user_agent = "highwater/" HIGHWATER_VERSION;
};

class Client {
 public:
  explicit Client(ClientOptions options = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // An Error means that no complete answer came: it names the method, the host and the port (never
  // path, query, headers or body, which may be secrets) and the reason in words.
  [[nodiscard]] Result<Response> send(const Request& request) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace highwater::http
