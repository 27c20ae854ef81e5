#include "tests/simulator/port.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace highwater::simulator {
namespace {

// As many connections as a hung broker lets the kernel accept.
constexpr int kBacklog = 50;

sockaddr_in loopback(std::uint16_t number) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(number);
  return address;
}

// Two sockets may share a port while at most one of them listens and both say so.
Result<int> bound_socket(std::uint16_t number) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return fail(fmt::format("open a socket: {}", std::strerror(errno)));
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const sockaddr_in address = loopback(number);
  if (bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return socket;
  const int problem = errno;
  ::close(socket);
  return fail(fmt::format("bind 127.0.0.1:{}: {}", number, std::strerror(problem)));
}

}  // namespace

Result<Port> Port::reserve(std::uint16_t number) {
  const Result<int> socket = bound_socket(number);
  if (!socket) return tl::unexpected(socket.error());
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(*socket, reinterpret_cast<sockaddr*>(&address), &size);
  return Port(*socket, ntohs(address.sin_port));
}

Port::~Port() {
  close();
  if (holder_ >= 0) ::close(holder_);
}

Port::Port(Port&& other) noexcept
    : holder_(std::exchange(other.holder_, -1)),
      listener_(std::exchange(other.listener_, -1)),
      number_(other.number_) {}

Result<void> Port::open() {
  if (listener_ >= 0) return {};
  const Result<int> socket = bound_socket(number_);
  if (!socket) return tl::unexpected(socket.error());
  if (listen(*socket, kBacklog) != 0) {
    const int problem = errno;
    ::close(*socket);
    return fail(fmt::format("listen on 127.0.0.1:{}: {}", number_, std::strerror(problem)));
  }
  listener_ = *socket;
  return {};
}

void Port::close() {
  if (listener_ >= 0) ::close(std::exchange(listener_, -1));
}

int Port::accept() const {
  const int socket = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (socket < 0) return -1;
  const int yes = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return socket;
}

}  // namespace highwater::simulator
