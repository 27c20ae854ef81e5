// Addresses as people write them: URLs of receivers and the agent's own listen address. Used by the
// configuration (a bad address is refused before start), the client and the server. Pure; any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/core/result.h"

namespace highwater::http {

enum class Scheme : uint8_t { http, https };

struct Url {
  Scheme scheme = Scheme::http;
  std::string host;  // a name or an address, without brackets
  bool ipv6 = false;
  uint16_t port = 80;
  std::string target = "/";  // path and query, as sent

  // "http://host:port", the port only when it is not the scheme's own. Safe to show: a receiver's
  // path is often its secret.
  [[nodiscard]] std::string origin() const;
  [[nodiscard]] std::string authority() const;  // the Host header
};

// Accepts absolute http and https URLs. Refuses user information ("user:password@"), fragments,
// spaces, control and non-ASCII characters, a missing host, and ports outside 1-65535. The error
// never repeats the URL.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

struct ListenAddress {
  std::string host;   // empty: every address of the machine
  uint16_t port = 0;  // 0: any free one

  [[nodiscard]] std::string text() const;  // "127.0.0.1:9877", "[::1]:9877", ":9877"
};

// "127.0.0.1:9877", "[::1]:9877", "localhost:9877" or ":9877" for every address.
[[nodiscard]] Result<ListenAddress> parse_listen(std::string_view text);

}  // namespace highwater::http
