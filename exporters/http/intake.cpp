#include "exporters/http/intake.h"

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace highwater::http {
namespace {

using std::chrono::milliseconds;

constexpr Duration kLinger = std::chrono::seconds(1);
constexpr Duration kAcceptPause = milliseconds(100);
constexpr char kHandshake = 0x16;  // what every client's first TLS record begins with
constexpr std::string_view kSpeaksTls = "this port speaks TLS: ask it by https://";
constexpr std::string_view kWrongHost =
    "this is not the host that was asked for: name it in allowed_hosts or external_url";

SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

Intake::Intake(Descriptor listener, const ServerLimits& limits, Owner owner)
    : listener_(std::move(listener)),
      limits_(limits),
      owner_(std::move(owner)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Intake::~Intake() {
  stop();
}

void Intake::start() {
  thread_ = std::thread([this] { run(); });
}

void Intake::stop() {
  const uint64_t one = 1;
  if (thread_.joinable()) {
    while (::write(wake_.get(), &one, sizeof(one)) < 0 && errno == EINTR) {
    }
    thread_.join();
  }
  clients_.clear();
  listener_.close();
}

void Intake::run() {
  std::vector<pollfd> entries;
  while (true) {
    SteadyTime now = steady_now();
    entries.clear();
    entries.push_back({wake_.get(), POLLIN, 0});
    entries.push_back({now >= accept_after_ ? listener_.get() : -1, POLLIN, 0});
    for (const Client& client : clients_)
      entries.push_back({client.connection.fd(), client.connection.waits_for(), 0});
    ::poll(entries.data(), entries.size(), poll_timeout(now));
    if (entries[0].revents != 0) return;

    for (size_t i = 0; i < clients_.size(); ++i) {
      if (entries[i + 2].revents != 0) advance(clients_[i]);
    }
    now = steady_now();
    for (Client& client : clients_) {
      if (client.done || now < client.deadline) continue;
      if (client.phase == Phase::lingering || client.bytes.empty()) {
        client.done = true;
      } else {
        refuse(client, 408, "the request did not arrive in time");
      }
    }
    std::erase_if(clients_, [](const Client& client) { return client.done; });
    if (entries[1].revents != 0) accept_all(now);
  }
}

int Intake::poll_timeout(SteadyTime now) const {
  SteadyTime next = now + std::chrono::hours(1);
  for (const Client& client : clients_) next = std::min(next, client.deadline);
  if (accept_after_ > now) next = std::min(next, accept_after_);
  return static_cast<int>(
      std::max<int64_t>(0, std::chrono::ceil<milliseconds>(next - now).count()));
}

void Intake::accept_all(SteadyTime now) {
  // A bounded number a turn, so that a flood does not keep the others from being read.
  for (int i = 0; i < 32; ++i) {
    Descriptor connection(
        ::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!connection.valid()) {
      // Out of descriptors or memory: the listener would be ready again at once, so pause.
      if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        accept_after_ = now + kAcceptPause;
      return;
    }
    if (!make_room()) continue;
    Client client;
    client.connection = Connection(std::move(connection));
    client.access = owner_.access();
    if (client.access->tls) client.phase = Phase::hello;
    client.since = now;
    client.deadline = now + limits_.request_time;
    clients_.push_back(std::move(client));
    // Most requests are there already.
    advance(clients_.back());
    if (clients_.back().done) clients_.pop_back();
  }
}

// For one more connection. False: all that are open are just being served.
bool Intake::make_room() {
  if (clients_.size() >= limits_.connections) drop_oldest();
  while (clients_.size() + owner_.elsewhere() >= limits_.open) {
    if (!clients_.empty()) {
      drop_oldest();
    } else if (!owner_.make_room()) {
      return false;
    }
  }
  return true;
}

// An honest request is complete within milliseconds; the oldest incomplete one is the least likely
// to be one.
void Intake::drop_oldest() {
  const auto oldest =
      std::min_element(clients_.begin(), clients_.end(),
                       [](const Client& a, const Client& b) { return a.since < b.since; });
  clients_.erase(oldest);
}

void Intake::advance(Client& client) {
  switch (client.phase) {
    case Phase::hello:
      return greet(client);
    case Phase::handshake:
      return shake_hands(client);
    case Phase::head:
    case Phase::body:
      return read_from(client);
    case Phase::lingering: {
      std::array<char, 16384> ignored;  // NOLINT: filled by recv
      const ssize_t count = ::recv(client.connection.fd(), ignored.data(), ignored.size(), 0);
      client.done = count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR);
      return;
    }
  }
}

// Only a client that begins to speak costs the memory of TLS.
void Intake::greet(Client& client) {
  char first = 0;
  const ssize_t count = ::recv(client.connection.fd(), &first, 1, MSG_PEEK);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count == 1 && first != kHandshake) return refuse(client, 400, kSpeaksTls);
  if (count != 1 || !client.connection.encrypt(*client.access->tls)) {
    client.done = true;
    return;
  }
  client.phase = Phase::handshake;
  shake_hands(client);
}

void Intake::shake_hands(Client& client) {
  switch (client.connection.shake_hands()) {
    case Connection::Progress::waiting:
      return;
    case Connection::Progress::broken:
      return linger(client);  // so that the alert arrives
    case Connection::Progress::done:
      client.phase = Phase::head;
  }
}

void Intake::read_from(Client& client) {
  // No smaller than a record of TLS: nothing of one is left where poll() does not see it.
  std::array<char, 16384> chunk;  // NOLINT: filled by read
  size_t count = 0;
  const Connection::Progress progress = client.connection.read(chunk.data(), chunk.size(), count);
  client.done = progress == Connection::Progress::broken;
  if (progress != Connection::Progress::done) return;
  client.bytes.append(chunk.data(), count);
  look_at(client);
}

void Intake::look_at(Client& client) {
  if (client.phase == Phase::head) {
    const size_t end = client.bytes.find("\r\n\r\n", client.scanned);
    const size_t head = end == std::string::npos ? client.bytes.size() : end + 4;
    if (head > limits_.head_bytes) return refuse(client, 431, "the headers are too large");
    if (end == std::string::npos) {
      client.scanned = client.bytes.size() < 3 ? 0 : client.bytes.size() - 3;
      return;
    }
    client.head_bytes = head;
    client.head =
        check_request_head(std::string_view(client.bytes).substr(0, head), limits_.body_bytes);
    if (client.head.refused != 0) return refuse(client, client.head.refused, client.head.why);
    if (arrived_at_loopback(client.connection.fd()) && !hosts_.allows(client.head.host))
      return refuse(client, 421, kWrongHost);
    client.phase = Phase::body;
    if (client.head.expects_continue && client.bytes.size() == head) {
      size_t sent = 0;
      std::ignore = client.connection.write("HTTP/1.1 100 Continue\r\n\r\n", sent);
    }
  }
  if (client.bytes.size() - client.head_bytes >= client.head.body_bytes) hand_over(client);
}

void Intake::hand_over(Client& client) {
  Job job;
  job.connection = std::move(client.connection);
  job.path = std::move(client.head.path);
  job.head = std::move(client.head.text);
  job.body = client.bytes.substr(client.head_bytes, client.head.body_bytes);
  job.authorization = std::move(client.head.authorization);
  if (owner_.offer(job)) {
    client.done = true;
    return;
  }
  client.connection = std::move(job.connection);
  refuse(client, 503, "too many requests at once");
}

void Intake::refuse(Client& client, int status, std::string_view why) {
  size_t sent = 0;
  std::ignore = client.connection.write(plain_reply(status, why), sent);
  linger(client);
}

// Closing while the client still sends would reset the connection, and what we sent with it: so its
// bytes are thrown away for a while.
void Intake::linger(Client& client) {
  client.connection.end_writing();
  client.phase = Phase::lingering;
  client.deadline = steady_now() + kLinger;
  std::string().swap(client.bytes);
}

}  // namespace highwater::http
