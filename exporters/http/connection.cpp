#include "exporters/http/connection.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "exporters/http/resolve.h"

namespace highwater::http {
namespace {

Result<Descriptor> connect_to(const SocketAddress& address, const Limit& limit) {
  const auto failed = [&](const std::string& why) {
    return fail(fmt::format("connect to {}: {}", address.text(), why));
  };
  Descriptor socket(
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return failed(errno_text(errno));
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const auto* target = reinterpret_cast<const sockaddr*>(&address.storage);
  if (::connect(socket.get(), target, address.length) == 0) return socket;
  if (errno != EINPROGRESS) return failed(errno_text(errno));
  switch (wait_for(socket.get(), POLLOUT, limit)) {
    case Waited::stopped:
      return failed("stopped");
    case Waited::timed_out:
      return failed("no answer within the deadline");
    case Waited::ready:
      break;
  }
  int error = 0;
  socklen_t length = sizeof(error);
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return failed(errno_text(error));
  return socket;
}

}  // namespace

Result<Connection> Connection::open(const Url& url, std::shared_ptr<const TlsContext> tls,
                                    const Limit& limit) {
  const auto addresses = resolve(url, limit);
  if (!addresses) return tl::unexpected(addresses.error());
  Error last{"connect: there is no address"};
  for (size_t i = 0; i < addresses->size(); ++i) {
    // An address that swallows everything must leave time for the next one.
    const SteadyTime now = std::chrono::steady_clock::now();
    const Duration share = (limit.deadline - now) / static_cast<int64_t>(addresses->size() - i);
    auto socket = connect_to((*addresses)[i], {now + share, limit.stop});
    if (!socket) {
      last = socket.error();
      if (limit.stop.stop_requested() || now >= limit.deadline) break;
      continue;
    }
    Connection connection(std::move(*socket), limit);
    if (tls != nullptr) {
      auto session = TlsSession::open(std::move(tls), connection.fd(), url, limit);
      if (!session) return tl::unexpected(session.error());
      connection.tls_ = std::move(*session);
    }
    return connection;
  }
  return tl::unexpected(last);
}

// Bytes that keep dripping in never make a call wait, so the clock is looked at each time.
Result<size_t> Connection::read(std::span<char> into) {
  if (past_deadline()) return fail("no complete answer within the deadline");
  if (tls_) return tls_->read(into, limit_);
  while (true) {
    const ssize_t count = ::recv(socket_.get(), into.data(), into.size(), 0);
    if (count >= 0) return static_cast<size_t>(count);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return fail(errno_text(errno));
    switch (wait_for(socket_.get(), POLLIN, limit_)) {
      case Waited::stopped:
        return fail("stopped");
      case Waited::timed_out:
        return fail("no complete answer within the deadline");
      case Waited::ready:
        break;
    }
  }
}

Result<size_t> Connection::write(std::span<const char> from) {
  if (past_deadline()) return fail("the request was not taken within the deadline");
  if (tls_) return tls_->write(from, limit_);
  while (true) {
    const ssize_t count = ::send(socket_.get(), from.data(), from.size(), MSG_NOSIGNAL);
    if (count >= 0) return static_cast<size_t>(count);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return fail(errno_text(errno));
    switch (wait_for(socket_.get(), POLLOUT, limit_)) {
      case Waited::stopped:
        return fail("stopped");
      case Waited::timed_out:
        return fail("the request was not taken within the deadline");
      case Waited::ready:
        break;
    }
  }
}

bool Connection::past_deadline() const {
  return SteadyTime(std::chrono::steady_clock::now()) >= limit_.deadline;
}

}  // namespace highwater::http
