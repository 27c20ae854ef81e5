#include "exporters/http/listener.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace highwater::http {
namespace {

constexpr int kBacklog = 128;

struct Bound {
  Descriptor socket;
  int error = 0;
};

Bound bind_to(int family, const sockaddr* address, socklen_t length, bool every_address) {
  Bound bound;
  bound.socket = Descriptor(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!bound.socket.valid()) {
    bound.error = errno;
    return bound;
  }
  const int fd = bound.socket.get();
  const int on = 1;
  const int only_v6 = every_address ? 0 : 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (family == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof(only_v6));
  if (::bind(fd, address, length) != 0 || ::listen(fd, kBacklog) != 0) bound.error = errno;
  return bound;
}

// IPv4 too where the machine has IPv6, and IPv4 alone where it has none.
Bound bind_to_all(uint16_t port) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr = in6addr_any;
  v6.sin6_port = htons(port);
  Bound bound = bind_to(AF_INET6, reinterpret_cast<const sockaddr*>(&v6), sizeof(v6), true);
  if (bound.error != EAFNOSUPPORT && bound.error != EADDRNOTAVAIL) return bound;
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(INADDR_ANY);
  v4.sin_port = htons(port);
  return bind_to(AF_INET, reinterpret_cast<const sockaddr*>(&v4), sizeof(v4), true);
}

Result<Bound> bind_to_host(const ListenAddress& address) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (error != 0) return fail(fmt::format("listen on {}: {}", address.text(), gai_strerror(error)));
  Bound bound = bind_to(found->ai_family, found->ai_addr, found->ai_addrlen, false);
  freeaddrinfo(found);
  return bound;
}

int port_of(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return 0;
  if (storage.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

std::string advice(int error) {
  switch (error) {
    case EADDRINUSE:
      return "the port is in use by another process: stop that one, or listen on another port";
    case EACCES:
      return "permission denied: ports below 1024 need a right of their own; choose a higher one";
    case EADDRNOTAVAIL:
      return "this machine has no such address";
    default:
      return errno_text(error);
  }
}

}  // namespace

Result<Listener> open_listener(const ListenAddress& address) {
  Result<Bound> bound =
      address.host.empty() ? Result<Bound>(bind_to_all(address.port)) : bind_to_host(address);
  if (!bound) return tl::unexpected(bound.error());
  if (bound->error != 0)
    return fail(fmt::format("listen on {}: {}", address.text(), advice(bound->error)));
  Listener listener;
  listener.port = port_of(bound->socket.get());
  listener.socket = std::move(bound->socket);
  return listener;
}

}  // namespace highwater::http
