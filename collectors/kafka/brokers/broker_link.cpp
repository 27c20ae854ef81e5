#include "collectors/kafka/brokers/broker_link.h"

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

constexpr int kClosedBeforeRefuses = 3;
// A connection that ends sooner was of no use to anybody, one that lasts longer shows that the
// broker works: it is tried again at once.
constexpr auto kOfNoUse = milliseconds(500);
constexpr auto kLasts = seconds(5);
// Brokers that close the connection when they are asked for their id are not asked again.
constexpr int kProofsLost = 2;

Duration jittered(Duration duration) {
  thread_local std::minstd_rand engine{std::random_device{}()};
  std::uniform_real_distribution<double> spread(0.75, 1.25);
  return std::chrono::duration_cast<Duration>(duration * spread(engine));
}

SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

BrokerLink::BrokerLink(asio::any_io_executor executor, LinkSettings settings,
                       std::shared_ptr<LinkTools> tools, LinkTarget target,
                       std::function<void()> changed)
    : executor_(executor),
      settings_(settings),
      tools_(std::move(tools)),
      target_(std::move(target)),
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
    co_await self->wait_for_turn();
    if (self->stopped_) break;
    std::string host = self->target_.host;
    const SteadyTime asked = steady_now();
    const auto connected = co_await Connection::connect(
        self->tools_->names, std::move(host), self->target_.port, self->settings_.connect_timeout);
    if (self->stopped_) {
      if (connected) (*connected)->close({FailureKind::not_usable, "the agent is stopping"});
      break;
    }
    if (!connected) {
      self->on_connect_failure(connected.error(), asked);
      co_await self->pause(self->back_off());
      continue;
    }
    self->greeted_ = false;
    self->connection_ = *connected;
    if (co_await self->say_hello()) {
      const SteadyTime since = steady_now();
      co_await self->stay_up();
      self->on_served(steady_now() - since);
      // A connection that was up and ended is tried again at once: the answer to that is the
      // finding.
      if (self->failures_ == 0) continue;
    }
    if (!self->stopped_) co_await self->pause(self->back_off());
  }
  if (self->connection_)
    self->connection_->close({FailureKind::not_usable, "the agent is stopping"});
}

asio::awaitable<void> BrokerLink::wait_for_turn() {
  while (!stopped_ && !answered_ && !tools_->first_attempts.take(steady_now()))
    co_await pause(jittered(tools_->first_attempts.wait(steady_now()) + milliseconds(300)));
}

asio::awaitable<bool> BrokerLink::say_hello() {
  const auto connection = connection_;
  const auto self = shared_from_this();
  const auto answered = std::make_shared<bool>(false);
  const SteadyTime asked_at = steady_now();
  asio::steady_timer impatience(executor_, settings_.hello_timeout);
  impatience.async_wait([self, connection, answered, asked_at](const std::error_code& cancelled) {
    if (cancelled || *answered || self->stopped_ || !connection->is_open()) return;
    self->enter(LinkState::hung,
                fmt::format("it accepts connections and does not answer: no answer to {} within {}",
                            connection->step(), describe_duration(self->settings_.hello_timeout)),
                asked_at);
  });
  const auto hello = co_await greet(connection, tools_->security, settings_.longest_back_off);
  *answered = true;
  impatience.cancel();
  if (stopped_) co_return false;
  const Duration took = steady_now() - asked_at;
  Answer<Identity> identity = fail_with(FailureKind::lost, "");
  if (hello)
    identity = co_await check_identity(connection);
  else
    identity = tl::unexpected<Failure>(hello.error());
  if (stopped_) co_return false;
  if (!identity) {
    co_await on_hello_failure(identity.error(), asked_at);
    connection->close({FailureKind::not_usable, "it does not serve us"});
    co_return false;
  }
  // After it closed several connections at once it counts as up only when it does not any more.
  if (closed_early_ >= kClosedBeforeRefuses) co_await pause(kOfNoUse);
  if (stopped_) co_return false;
  certificate_expiry_ = connection->certificate_expiry();
  proven_ = identity->broker_proven;
  greeted_ = connection->is_open();
  answered_ = asked_at;
  response_time_ = took;
  ended_by_peer_ = false;
  if (greeted_) enter(LinkState::up, "", asked_at);
  co_return greeted_;
}

// Where several brokers have one address, only a proof tells which of them it is.
asio::awaitable<Answer<Identity>> BrokerLink::check_identity(
    std::shared_ptr<Connection> connection) {
  const auto self = shared_from_this();
  ExpectedIdentity expected = target_.identity;
  if (proofs_lost_ >= kProofsLost || !settings_.prove_broker) expected.broker = -1;
  Answer<Identity> identity =
      co_await identify(connection, std::move(expected), settings_.request_timeout);
  if (!identity && identity.error().kind == FailureKind::lost) ++proofs_lost_;
  if (identity) proofs_lost_ = proofs_lost_ >= kProofsLost ? proofs_lost_ : 0;
  if (shared_address_.empty()) co_return identity;
  if (!identity && identity.error().kind == FailureKind::stranger)
    co_return fail_with(FailureKind::stranger, shared_address_ + "; " + identity.error().what);
  if (identity && !identity->broker_proven)
    co_return fail_with(FailureKind::stranger, shared_address_ +
                                                   ", and which of them answers is "
                                                   "not known");
  co_return identity;
}

asio::awaitable<void> BrokerLink::on_hello_failure(Failure failure, SteadyTime asked) {
  const auto self = shared_from_this();
  switch (failure.kind) {
    case FailureKind::malformed:
    case FailureKind::unsupported:
    case FailureKind::stranger:
      enter(LinkState::refuses, std::move(failure.what), asked);
      co_return;
    case FailureKind::untrusted:
    case FailureKind::credentials:
    case FailureKind::no_login:
      enter(LinkState::denied, std::move(failure.what), asked);
      co_return;
    case FailureKind::timed_out:
      // To ApiVersions the broker had the longest time there is, and is said to hang already.
      if (state_ != LinkState::hung)
        enter(LinkState::hung, "it answers ApiVersions and nothing else: " + failure.what, asked);
      else
        confirmed_ = asked;
      co_return;
    case FailureKind::not_served: {
      ++closed_early_;
      const auto logins = co_await offered_logins(tools_->names, tools_->security.tls, target_.host,
                                                  target_.port, settings_.request_timeout);
      if (stopped_) co_return;
      if (logins) {
        enter(LinkState::refuses, login_wanted(*logins), asked);
      } else if (closed_early_ >= kClosedBeforeRefuses) {
        enter(LinkState::refuses,
              failure.what + ": it asks for a login (SASL), or a proxy stands before it", asked);
      }
      co_return;
    }
    case FailureKind::lost:
      if (++closed_early_ >= kClosedBeforeRefuses) {
        enter(LinkState::refuses,
              tools_->security.tls
                  ? std::move(failure.what)
                  : "it accepts connections and closes them before it answers: a TLS listener, a "
                    "proxy without a broker, or a quota",
              asked);
      }
      co_return;
    case FailureKind::refused:
    case FailureKind::no_route:
    case FailureKind::unresolved:
    case FailureKind::not_usable:
      co_return;
  }
}

asio::awaitable<void> BrokerLink::stay_up() {
  const auto connection = connection_;
  const auto self = shared_from_this();
  connection->on_closed([weak = std::weak_ptr<BrokerLink>(self)] {
    if (const auto link = weak.lock()) link->wake_.cancel();
  });
  SteadyTime versions_asked = steady_now();
  while (!stopped_ && connection->is_open()) {
    co_await pause(settings_.probe_interval);
    // What a broker was once understood to offer is not believed for the life of a connection.
    if (steady_now() - versions_asked >= settings_.longest_back_off) {
      versions_asked = steady_now();
      co_await connection->handshake(settings_.request_timeout);
    }
    if (stopped_ || !connection->is_open()) break;
    const auto asked_at = steady_now();
    const bool alone = connection->in_flight() == 0;
    if (!co_await probe(connection)) continue;
    confirmed_ = asked_at;
    answered_ = asked_at;
    // Behind other requests the probe measures the queue, not the broker.
    if (alone) response_time_ = steady_now() - asked_at;
  }
  ended_by_peer_ = connection->why_closed().kind == FailureKind::lost;
}

// A broker that answers ApiVersions alone is of no use; Metadata needs what every request needs.
asio::awaitable<bool> BrokerLink::probe(std::shared_ptr<Connection> connection) {
  const auto self = shared_from_this();
  MetadataRequest request = brokers_only();
  const auto metadata = co_await connection->ask(std::move(request), settings_.request_timeout);
  if (!metadata) co_return false;
  auto foreign = foreign_cluster(*metadata, target_.identity.cluster_id);
  if (foreign) connection->close(std::move(*foreign));
  co_return !foreign;
}

// A connection that worked has ended.
void BrokerLink::on_served(Duration lifetime) {
  if (stopped_) return;
  if (lifetime >= kLasts) {
    failures_ = closed_early_ = 0;
    return;
  }
  failures_ = std::max(failures_, 1);
  closed_early_ = lifetime < kOfNoUse && ended_by_peer_ ? closed_early_ + 1 : 0;
  if (closed_early_ >= kClosedBeforeRefuses)
    enter(LinkState::refuses, "it answers and closes the connection at once, again and again",
          steady_now());
}

asio::awaitable<Answer<std::shared_ptr<Connection>>> BrokerLink::control() {
  const auto self = shared_from_this();
  if (!usable()) co_return fail_with(FailureKind::not_usable, "the broker is not up");
  if (control_ && control_->is_open()) co_return control_;
  std::string host = target_.host;
  const auto connected = co_await Connection::connect(tools_->names, std::move(host), target_.port,
                                                      settings_.connect_timeout);
  if (!connected) co_return tl::unexpected<Failure>(connected.error());
  const auto opened = *connected;
  const auto hello = co_await greet(opened, tools_->security, settings_.request_timeout);
  if (!hello) co_return tl::unexpected<Failure>(hello.error());
  const auto identity = co_await check_identity(opened);
  if (!identity) {
    opened->close(identity.error());
    co_return tl::unexpected<Failure>(identity.error());
  }
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

// A connection that hangs or is being greeted is given up: what waits there was asked before.
void BrokerLink::confirm_now() {
  if (connection_ && !greeted_)
    connection_->close({FailureKind::not_usable, "it was opened before the agent was paused"});
  failures_ = 0;
  wake_.cancel();
}

void BrokerLink::enter(LinkState state, std::string why, SteadyTime asked) {
  confirmed_ = asked;
  if (state != LinkState::up) response_time_.reset();
  const bool turned_away = state == LinkState::refuses || state == LinkState::denied;
  const bool changed = state != state_ || (turned_away && why != why_);
  state_ = state;
  why_ = std::move(why);
  if (changed && changed_) changed_();
}

void BrokerLink::on_connect_failure(const Failure& failure, SteadyTime asked) {
  // An address that never worked from here is rather wrong than the broker ill.
  std::string why = failure.what;
  if (!answered_) why += "; the address is the one in the broker's advertised.listeners";
  switch (failure.kind) {
    case FailureKind::refused:
      enter(LinkState::refused, std::move(why), asked);
      return;
    case FailureKind::no_route:
    case FailureKind::unresolved:
      // The backlog of a hung broker fills up: then connecting times out too, and it is still the
      // same fault.
      if (state_ != LinkState::hung)
        enter(LinkState::cut_off, std::move(why), asked);
      else
        confirmed_ = asked;
      return;
    case FailureKind::lost:
    case FailureKind::timed_out:
    case FailureKind::unsupported:
    case FailureKind::malformed:
    case FailureKind::not_served:
    case FailureKind::stranger:
    case FailureKind::untrusted:
    case FailureKind::credentials:
    case FailureKind::no_login:
    case FailureKind::not_usable:
      return;
  }
}

void BrokerLink::set_shared_address(std::string why) {
  shared_address_ = std::move(why);
  // Who answers there may be any of them.
  if (!shared_address_.empty() && usable() && !proven_)
    connection_->close({FailureKind::stranger, shared_address_});
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
      return jittered(std::min<Duration>(
          {milliseconds(500) * (1 << doublings), seconds(4), settings_.longest_back_off}));
    case LinkState::refuses:
    case LinkState::denied:
      return jittered(
          std::min<Duration>(seconds(1) * (1 << doublings), settings_.longest_back_off));
  }
  return seconds(1);
}

}  // namespace highwater::kafka
