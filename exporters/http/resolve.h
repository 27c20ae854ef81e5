// Name lookup with a deadline. The system's resolver has none of its own: it may block for half a
// minute when DNS does not answer. Used by the HTTP client; any thread.
#pragma once

#include <sys/socket.h>

#include <vector>

#include "agent/core/result.h"
#include "exporters/http/address.h"
#include "exporters/http/socket.h"

namespace highwater::http {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  [[nodiscard]] std::string text() const;  // "127.0.0.1" or "::1"
};

// The addresses of the URL's host with its port, in the resolver's order; never empty. A numeric
// host asks nobody.
[[nodiscard]] Result<std::vector<SocketAddress>> resolve(const Url& url, const Limit& limit);

}  // namespace highwater::http
