#include "collectors/kafka/broker_link.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <random>

namespace highwater::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// How long one ApiVersions waits for a hung broker to wake before a new connection is tried.
constexpr auto kHungPatience = seconds(30);
constexpr int kClosedBeforeRefuses = 3;

Duration jittered(Duration duration) {
  thread_local std::minstd_rand engine{std::random_device{}()};
  std::uniform_real_distribution<double> spread(0.75, 1.25);
  return std::chrono::duration_cast<Duration>(duration * spread(engine));
}

}  // namespace

BrokerLink::BrokerLink(asio::any_io_executor executor, LinkSettings settings, std::string host,
                       int32_t port, std::function<void()> changed)
    : executor_(executor),
      settings_(settings),
      host_(std::move(host)),
      port_(port),
      changed_(std::move(changed)),
      wake_(executor) {}

void BrokerLink::start() {
  asio::co_spawn(executor_, run(shared_from_this()), asio::detached);
}

void BrokerLink::stop() {
  stopped_ = true;
  changed_ = nullptr;
  wake_.cancel();
  const Failure why{FailureKind::not_usable, "the agent is stopping"};
  if (connection_) connection_->close(why);
  if (control_) control_->close(why);
}

asio::awaitable<void> BrokerLink::run(std::shared_ptr<BrokerLink> self) {
  while (!self->stopped_) {
    std::string host = self->host_;
    const auto connected =
        co_await Connection::connect(std::move(host), self->port_, self->settings_.connect_timeout);
    if (self->stopped_) break;
    if (!connected) {
      self->on_connect_failure(connected.error());
      co_await self->pause(self->back_off());
      continue;
    }
    self->greeted_ = false;
    self->connection_ = *connected;
    if (co_await self->say_hello()) {
      co_await self->stay_up();
      // A connection that was up and ended is tried again at once: the answer to that is the
      // finding.
      continue;
    }
    if (!self->stopped_) co_await self->pause(self->back_off());
  }
  if (self->connection_)
    self->connection_->close({FailureKind::not_usable, "the agent is stopping"});
}

asio::awaitable<bool> BrokerLink::say_hello() {
  const auto connection = connection_;
  const auto self = shared_from_this();
  const auto answered = std::make_shared<bool>(false);
  asio::steady_timer impatience(executor_, settings_.hello_timeout);
  impatience.async_wait([self, connection, answered](const std::error_code& cancelled) {
    if (cancelled || *answered || self->stopped_ || !connection->is_open()) return;
    self->enter(
        LinkState::hung,
        fmt::format(
            "it accepts connections and does not answer: no answer to ApiVersions within {}",
            describe_duration(self->settings_.hello_timeout)));
  });
  const auto asked_at = std::chrono::steady_clock::now();
  const auto hello = co_await connection->handshake(kHungPatience);
  *answered = true;
  impatience.cancel();
  if (stopped_) co_return false;
  if (hello) {
    greeted_ = true;
    failures_ = 0;
    closed_in_hello_ = 0;
    response_time_ = std::chrono::steady_clock::now() - asked_at;
    enter(LinkState::up, "");
    co_return true;
  }
  if (hello.error().kind == FailureKind::malformed) {
    enter(LinkState::refuses, hello.error().what);
  } else if (hello.error().kind == FailureKind::lost &&
             ++closed_in_hello_ >= kClosedBeforeRefuses) {
    enter(LinkState::refuses,
          "it accepts connections and closes them before it answers: a TLS listener, a proxy "
          "without a broker, or a quota");
  }
  co_return false;
}

asio::awaitable<void> BrokerLink::stay_up() {
  const auto connection = connection_;
  const auto self = shared_from_this();
  connection->on_closed([weak = std::weak_ptr<BrokerLink>(self)] {
    if (const auto link = weak.lock()) link->wake_.cancel();
  });
  while (!stopped_ && connection->is_open()) {
    co_await pause(settings_.probe_interval);
    if (stopped_ || !connection->is_open()) break;
    const auto asked_at = std::chrono::steady_clock::now();
    const bool alone = connection->in_flight() == 0;
    const ApiVersionsRequest probe;
    const auto answer = co_await connection->ask(probe, settings_.request_timeout);
    // Behind other requests the probe measures the queue, not the broker.
    if (answer && alone) response_time_ = std::chrono::steady_clock::now() - asked_at;
  }
}

asio::awaitable<Answer<std::shared_ptr<Connection>>> BrokerLink::control() {
  const auto self = shared_from_this();
  if (!usable()) co_return fail_with(FailureKind::not_usable, "the broker is not up");
  if (control_ && control_->is_open()) co_return control_;
  std::string host = host_;
  const auto connected =
      co_await Connection::connect(std::move(host), port_, settings_.connect_timeout);
  if (!connected) co_return tl::unexpected<Failure>(connected.error());
  const auto opened = *connected;
  const auto hello = co_await opened->handshake(settings_.request_timeout);
  if (!hello) co_return tl::unexpected<Failure>(hello.error());
  if (stopped_) {
    opened->close({FailureKind::not_usable, "the agent is stopping"});
    co_return fail_with(FailureKind::not_usable, "the agent is stopping");
  }
  control_ = opened;
  co_return control_;
}

asio::awaitable<void> BrokerLink::pause(Duration duration) {
  const auto self = shared_from_this();
  std::error_code ignored;
  wake_.expires_after(duration);
  co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

void BrokerLink::enter(LinkState state, std::string why) {
  if (state != LinkState::up) response_time_.reset();
  const bool changed = state != state_;
  state_ = state;
  why_ = std::move(why);
  if (changed && changed_) changed_();
}

void BrokerLink::on_connect_failure(const Failure& failure) {
  switch (failure.kind) {
    case FailureKind::refused:
      enter(LinkState::refused, failure.what);
      return;
    case FailureKind::no_route:
    case FailureKind::unresolved:
      // The backlog of a hung broker fills up: then connecting times out too, and it is still the
      // same fault.
      if (state_ != LinkState::hung) enter(LinkState::cut_off, failure.what);
      return;
    case FailureKind::lost:
    case FailureKind::timed_out:
    case FailureKind::unsupported:
    case FailureKind::malformed:
    case FailureKind::not_usable:
      return;
  }
}

Duration BrokerLink::back_off() {
  const int doublings = std::min(failures_++, 6);
  switch (state_) {
    case LinkState::connecting:
    case LinkState::up:
    case LinkState::refused:
      return jittered(std::min<Duration>(milliseconds(100) * (1 << doublings), seconds(1)));
    case LinkState::hung:
    case LinkState::cut_off:
      return jittered(std::min<Duration>(milliseconds(500) * (1 << doublings), seconds(4)));
    case LinkState::refuses:
      return jittered(std::min<Duration>(seconds(1) * (1 << doublings), seconds(30)));
  }
  return seconds(1);
}

}  // namespace highwater::kafka
