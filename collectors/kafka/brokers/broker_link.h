// BrokerLink: our standing connection to one broker, and what it tells about the broker's health.
// One per broker, on the cluster's thread, owned by Brokers; its coroutine holds a reference of its
// own until stop().
//
// The link is connected all the time. A loss is followed by one immediate attempt to reconnect;
// what that attempt meets (refused, no answer, no route) is the finding. A connection is used once
// the broker has said that it belongs to the cluster and is the one that was asked for, and has
// served a request that needs a login where there is one. A hung broker is not stormed: one
// connection with one ApiVersions waits for it to wake, so recovery is noticed the moment the
// broker answers. Whatever a broker does, attempts come at a bounded rate.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/core/time.h"
#include "collectors/kafka/client/connection.h"
#include "collectors/kafka/client/greeting.h"
#include "collectors/kafka/client/identity.h"
#include "collectors/kafka/client/token_bucket.h"

namespace highwater::kafka {

enum class LinkState : uint8_t {
  connecting,  // no attempt has ended yet
  up,
  refused,  // nobody listens: crashed or stopped, which others must tell
  hung,
  cut_off,
  refuses,  // somebody listens who does not serve us, or is not the broker that is meant
  denied,   // the broker and we do not accept each other's certificate or login
};

struct LinkSettings {
  Duration connect_timeout = std::chrono::seconds(2);
  Duration request_timeout = std::chrono::seconds(2);
  // How long a broker that accepts a connection may take for its first answer before it counts as
  // hung.
  Duration hello_timeout = std::chrono::milliseconds(1500);
  Duration probe_interval = std::chrono::seconds(5);
  // A broker that refuses us is tried again after this at the latest. One ApiVersions waits as long
  // for a hung broker to wake before a new connection is tried. The versions that a broker offers
  // are asked for as often.
  Duration longest_back_off = std::chrono::seconds(30);
  // Whether a broker is asked for its own id, which needs DESCRIBE_CONFIGS on the cluster.
  bool prove_broker = true;
};

// What the links of a cluster share.
struct LinkTools {
  std::shared_ptr<NameLookup> names = std::make_shared<NameLookup>();
  Security security;
  // Attempts to reach brokers that never answered: whoever invents brokers causes no storm.
  TokenBucket first_attempts{100, 20};
};

struct LinkTarget {
  std::string host;
  int32_t port = 0;
  ExpectedIdentity identity;
};

class BrokerLink : public std::enable_shared_from_this<BrokerLink> {
 public:
  // `changed` is called after each change of state(), and of why() while the broker refuses; on the
  // cluster's thread.
  BrokerLink(asio::any_io_executor executor, LinkSettings settings,
             std::shared_ptr<LinkTools> tools, LinkTarget target, std::function<void()> changed);

  void start();
  void stop();  // closes everything; no callback afterwards

  [[nodiscard]] LinkState state() const { return state_; }
  [[nodiscard]] const std::string& why() const { return why_; }
  [[nodiscard]] std::optional<Duration> response_time() const { return response_time_; }
  // When the certificate that the broker showed last ends; nothing without TLS.
  [[nodiscard]] const std::optional<WallTime>& certificate_expiry() const {
    return certificate_expiry_;
  }
  // When the attempt or question began whose outcome last said that state() is so.
  [[nodiscard]] SteadyTime confirmed() const { return confirmed_; }
  // When the last question was asked that was answered; nothing: none ever was.
  [[nodiscard]] const std::optional<SteadyTime>& answered() const { return answered_; }
  // Whether the last connection that worked was ended by the other side.
  [[nodiscard]] bool ended_by_peer() const { return ended_by_peer_; }
  // Says why other brokers have this address too; "" when none has. Only a broker that proves its
  // id is used then.
  void set_shared_address(std::string why);
  // After a pause of our own: finds out at once whether state() still holds.
  void confirm_now();
  [[nodiscard]] const std::string& host() const { return target_.host; }
  [[nodiscard]] int32_t port() const { return target_.port; }
  [[nodiscard]] bool usable() const {
    return state_ == LinkState::up && greeted_ && connection_->is_open();
  }

  // The poll's connection; null unless usable().
  [[nodiscard]] std::shared_ptr<Connection> connection() const {
    return usable() ? connection_ : nullptr;
  }
  // The connection for what is forwarded to the controller; opened when first needed and after a
  // loss.
  asio::awaitable<Answer<std::shared_ptr<Connection>>> control();
  [[nodiscard]] std::optional<int16_t> version(ApiKey key) const {
    return usable() ? connection_->version(key) : std::nullopt;
  }

 private:
  static asio::awaitable<void> run(std::shared_ptr<BrokerLink> self);
  asio::awaitable<void> wait_for_turn();  // before an attempt
  asio::awaitable<bool> say_hello();      // true: the broker answered, and is the right one
  asio::awaitable<Answer<Identity>> check_identity(std::shared_ptr<Connection> connection);
  asio::awaitable<void> stay_up();  // until the connection ends
  asio::awaitable<bool> probe(std::shared_ptr<Connection> connection);
  asio::awaitable<void> pause(Duration duration);
  void enter(LinkState state, std::string why, SteadyTime asked);
  void on_connect_failure(const Failure& failure, SteadyTime asked);
  asio::awaitable<void> on_hello_failure(Failure failure, SteadyTime asked);
  void on_served(Duration lifetime);
  Duration back_off();

  asio::any_io_executor executor_;
  const LinkSettings settings_;
  const std::shared_ptr<LinkTools> tools_;
  const LinkTarget target_;
  std::function<void()> changed_;
  asio::steady_timer wake_;
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<Connection> control_;
  LinkState state_ = LinkState::connecting;
  std::string why_;
  std::string shared_address_;
  SteadyTime confirmed_{};
  std::optional<SteadyTime> answered_;
  std::optional<Duration> response_time_;
  std::optional<WallTime> certificate_expiry_;
  int failures_ = 0;      // attempts in a row without a connection that lasted
  int closed_early_ = 0;  // ... that were accepted and then closed
  int proofs_lost_ = 0;   // ... when the broker was asked for its id
  bool ended_by_peer_ = false;
  bool proven_ = false;   // connection_'s broker has the expected id
  bool greeted_ = false;  // connection_ is there and was answered on
  bool stopped_ = false;
};

}  // namespace highwater::kafka
