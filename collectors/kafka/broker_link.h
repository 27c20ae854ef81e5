// BrokerLink: our standing connection to one broker, and what it tells about the broker's health.
// One per broker, on the cluster's thread, owned by Brokers; its coroutine holds a reference of its
// own until stop().
//
// The link is connected all the time. A loss is followed by one immediate attempt to reconnect;
// what that attempt meets (refused, no answer, no route) is the finding. A hung broker is not
// stormed: one connection with one ApiVersions waits for it to wake, so recovery is noticed the
// moment the broker answers.
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
#include "collectors/kafka/connection.h"

namespace highwater::kafka {

enum class LinkState : uint8_t {
  connecting,  // no attempt has ended yet
  up,
  refused,  // nobody listens: crashed or stopped, which others must tell
  hung,
  cut_off,
  refuses,  // listens, and ends the connection before it answers, several times running
};

struct LinkSettings {
  Duration connect_timeout = std::chrono::seconds(2);
  Duration request_timeout = std::chrono::seconds(2);
  // How long a broker that accepts a connection may take for its first answer before it counts as
  // hung.
  Duration hello_timeout = std::chrono::milliseconds(1500);
  Duration probe_interval = std::chrono::seconds(5);
};

class BrokerLink : public std::enable_shared_from_this<BrokerLink> {
 public:
  // `changed` is called after each change of state(), on the cluster's thread.
  BrokerLink(asio::any_io_executor executor, LinkSettings settings, std::string host, int32_t port,
             std::function<void()> changed);

  void start();
  void stop();  // closes everything; no callback afterwards

  [[nodiscard]] LinkState state() const { return state_; }
  [[nodiscard]] const std::string& why() const { return why_; }
  [[nodiscard]] std::optional<Duration> response_time() const { return response_time_; }
  [[nodiscard]] const std::string& host() const { return host_; }
  [[nodiscard]] int32_t port() const { return port_; }
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
  asio::awaitable<bool> say_hello();  // true: the broker answered
  asio::awaitable<void> stay_up();    // until the connection ends
  asio::awaitable<void> pause(Duration duration);
  void enter(LinkState state, std::string why);
  void on_connect_failure(const Failure& failure);
  Duration back_off();

  asio::any_io_executor executor_;
  const LinkSettings settings_;
  const std::string host_;
  const int32_t port_;
  std::function<void()> changed_;
  asio::steady_timer wake_;
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<Connection> control_;
  LinkState state_ = LinkState::connecting;
  std::string why_;
  std::optional<Duration> response_time_;
  int failures_ = 0;         // attempts in a row without an answer
  int closed_in_hello_ = 0;  // ... that were accepted and then closed
  bool greeted_ = false;     // connection_ is there and was answered on
  bool stopped_ = false;
};

}  // namespace highwater::kafka
