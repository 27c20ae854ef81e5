#include "tests/simulator/server.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace highwater::simulator {
namespace {

constexpr int kMaxEvents = 64;

// epoll hands back what it was given: a socket, or a broker whose port it is.
enum class Source : std::uint32_t { kWaker, kPort, kConnection };

std::uint64_t tag(Source source, std::int32_t id) {
  return static_cast<std::uint64_t>(source) << 32 | static_cast<std::uint32_t>(id);
}

void scramble(kafka::Bytes& frame, bool whole_frame) {
  constexpr size_t kLengthAndCorrelation = 8;
  std::uint32_t state = 0x2545f491;
  for (size_t i = whole_frame ? 0 : kLengthAndCorrelation; i < frame.size(); ++i) {
    state = state * 1664525 + 1013904223;
    frame[i] = static_cast<std::byte>(state >> 24);
  }
}

}  // namespace

std::uint64_t Counters::total_requests() const {
  std::uint64_t total = 0;
  for (const auto& [key, count] : requests) total += count;
  return total;
}

Result<std::unique_ptr<Server>> Server::open(Model& model, std::uint16_t port_base) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const int waker = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  std::unique_ptr<Server> server(new Server(model, epoll, waker));
  if (epoll < 0 || waker < 0) return fail(fmt::format("open epoll: {}", std::strerror(errno)));
  epoll_event event{EPOLLIN, {.u64 = tag(Source::kWaker, 0)}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, waker, &event);
  std::uint16_t number = port_base;
  // A copy: set_port() changes what is walked over.
  const std::vector<BrokerInfo> brokers = model.world().brokers;
  for (const BrokerInfo& broker : brokers) {
    Result<Port> port = Port::reserve(number);
    if (!port) return tl::unexpected(port.error());
    model.set_port(broker.id, port->number());
    server->ports_.emplace(broker.id, std::move(*port));
    if (number != 0) ++number;
    if (const Result<void> listening = server->listen(broker.id); !listening)
      return tl::unexpected(listening.error());
  }
  return server;
}

Server::~Server() {
  connections_.clear();
  if (waker_ >= 0) close(waker_);
  if (epoll_ >= 0) close(epoll_);
}

void Server::wait(std::optional<std::chrono::milliseconds> patience) {
  std::array<epoll_event, kMaxEvents> events;
  const int timeout = patience ? static_cast<int>(patience->count()) : -1;
  const int count = epoll_wait(epoll_, events.data(), kMaxEvents, timeout);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    ready_.push_back({event.data.u64, event.events});
  }
}

void Server::serve_all() {
  for (const Ready& ready : std::exchange(ready_, {})) {
    const auto id = static_cast<std::int32_t>(static_cast<std::uint32_t>(ready.tag));
    switch (static_cast<Source>(ready.tag >> 32)) {
      case Source::kWaker: {
        std::uint64_t ignored = 0;
        (void)!read(waker_, &ignored, sizeof ignored);
        break;
      }
      case Source::kPort:
        accept_all(id);
        break;
      case Source::kConnection: {
        const auto found = connections_.find(id);
        if (found == connections_.end()) break;
        if ((ready.events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) != 0) {
          connections_.erase(found);
        } else {
          serve(*found->second, (ready.events & EPOLLIN) != 0);
        }
        break;
      }
    }
  }
}

void Server::catch_up() {
  for (const NetworkAction& action : model_.take_actions()) act(action);
  std::vector<Connection*> stirred;
  for (const auto& [number, connection] : connections_) {
    if (!frozen(connection->broker()) && (connection->waiting || connection->held))
      stirred.push_back(connection.get());
  }
  for (Connection* connection : stirred) {
    connection->waiting = false;
    serve(*connection, false);
  }
}

void Server::wake() const {
  const std::uint64_t one = 1;
  (void)!write(waker_, &one, sizeof one);
}

std::optional<Duration> Server::next_answer() const {
  std::optional<Duration> next;
  for (const auto& [number, connection] : connections_) {
    if (!connection->held || frozen(connection->broker())) continue;
    if (!next || connection->held->until < *next) next = connection->held->until;
  }
  return next;
}

Result<void> Server::listen(std::int32_t broker) {
  Port& port = ports_.at(broker);
  const Result<void> opened = port.open();
  if (!opened) return opened;
  epoll_event event{EPOLLIN, {.u64 = tag(Source::kPort, broker)}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, port.listener(), &event);
  return {};
}

void Server::act(const NetworkAction& action) {
  Port& port = ports_.at(action.broker);
  switch (action.kind) {
    case NetworkAction::Kind::kReset:
      hang_up(action.broker, true);
      port.close();
      break;
    case NetworkAction::Kind::kClose:
      hang_up(action.broker, false);
      port.close();
      break;
    case NetworkAction::Kind::kListen:
      // The port is ours all the time: it can only fail when descriptors run out.
      (void)listen(action.broker);
      break;
    case NetworkAction::Kind::kFreeze:
      epoll_ctl(epoll_, EPOLL_CTL_DEL, port.listener(), nullptr);
      for (const auto& [number, connection] : connections_) {
        if (connection->broker() == action.broker) watch(*connection);
      }
      break;
    case NetworkAction::Kind::kThaw: {
      epoll_event event{EPOLLIN, {.u64 = tag(Source::kPort, action.broker)}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, port.listener(), &event);
      for (const auto& [number, connection] : connections_) {
        if (connection->broker() == action.broker) watch(*connection);
      }
      break;
    }
  }
}

void Server::hang_up(std::int32_t broker, bool reset) {
  for (auto it = connections_.begin(); it != connections_.end();) {
    if (it->second->broker() != broker) {
      ++it;
      continue;
    }
    if (reset) it->second->reset_on_close();
    it = connections_.erase(it);
  }
}

void Server::accept_all(std::int32_t broker) {
  const Port& port = ports_.at(broker);
  // The event may be older than the broker's death.
  while (port.listener() >= 0 && !frozen(broker)) {
    const int socket = port.accept();
    if (socket < 0) return;
    const std::int32_t number = ++last_connection_;
    auto connection = std::make_unique<Connection>(socket, broker, number);
    connection->events = EPOLLIN;
    epoll_event event{EPOLLIN, {.u64 = tag(Source::kConnection, number)}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
    connections_.emplace(number, std::move(connection));
    ++counters_.connections[broker];
  }
}

void Server::serve(Connection& connection, bool readable) {
  if (frozen(connection.broker())) return;
  const bool alive = (!readable || connection.receive()) && release(connection, model_.now()) &&
                     answer_requests(connection) && connection.flush();
  if (!alive || (connection.close_after && !connection.unsent())) {
    connections_.erase(connection.number());
  } else {
    watch(connection);
  }
}

// One at a time: what is behind a request that waits, or an answer that is held back, waits too.
bool Server::answer_requests(Connection& connection) {
  while (!connection.held && !connection.waiting && !connection.close_after) {
    if (!connection.plausible()) return false;
    const auto payload = connection.request();
    if (!payload) return true;
    Reply reply = model_.reply(connection.broker(), *payload);
    switch (reply.kind) {
      case Reply::Kind::kClose:
        return false;
      case Reply::Kind::kLater:
        connection.waiting = true;
        return true;
      case Reply::Kind::kAnswer:
        if (const auto header = kafka::decode_request_header(*payload))
          ++counters_.requests[header->api_key];
        counters_.bytes_in += payload->size() + kafka::kFrameLengthSize;
        connection.drop_request();
        dispatch(connection, std::move(reply.frame));
        break;
    }
  }
  return true;
}

void Server::dispatch(Connection& connection, kafka::Bytes frame) {
  const Disturbance disturbance = model_.disturb(connection.broker());
  if (disturbance.garbage) scramble(frame, disturbance.whole_frame);
  if (change_) change_(frame);
  if (disturbance.half) frame.resize(frame.size() / 2);
  counters_.bytes_out += frame.size();
  if (disturbance.delay > Duration::zero()) {
    connection.held = {std::move(frame), model_.now() + disturbance.delay, disturbance.half};
    return;
  }
  connection.close_after = disturbance.half;
  connection.send(std::move(frame));
}

// An answer that was held back leaves when its time has come.
bool Server::release(Connection& connection, Duration now) {
  if (!connection.held || connection.held->until > now) return true;
  connection.close_after = connection.held->close;
  connection.send(std::move(connection.held->frame));
  connection.held.reset();
  return connection.flush();
}

// What is not read stays with the kernel, which then slows the client down.
void Server::watch(Connection& connection) {
  std::uint32_t wanted = 0;
  if (!frozen(connection.broker())) {
    if (!connection.held && !connection.waiting) wanted |= EPOLLIN;
    if (connection.unsent()) wanted |= EPOLLOUT;
    // Whoever waits must still notice that the client has gone.
    if (connection.held || connection.waiting) wanted |= EPOLLRDHUP;
  }
  if (wanted == connection.events) return;
  connection.events = wanted;
  epoll_event event{wanted, {.u64 = tag(Source::kConnection, connection.number())}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.socket(), &event);
}

bool Server::frozen(std::int32_t broker) const {
  return model_.life(broker) == Life::kHung;
}

}  // namespace highwater::simulator
