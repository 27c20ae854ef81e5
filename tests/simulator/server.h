// The brokers' sockets: serves a Model on loopback, one port per broker, one thread for all.
//
// Used by Simulator, which owns the thread that calls wait(). Everything here belongs to that
// thread; only wake() may be called from others.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "agent/core/result.h"
#include "tests/simulator/connection.h"
#include "tests/simulator/model/model.h"
#include "tests/simulator/port.h"

namespace highwater::simulator {

// What was asked, and how often.
struct Counters {
  std::map<kafka::ApiKey, std::uint64_t> requests;    // answered, or at least understood
  std::map<std::int32_t, std::uint64_t> connections;  // accepted, by broker
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;

  [[nodiscard]] std::uint64_t total_requests() const;
};

class Server {
 public:
  // Opens all ports and tells the model their numbers.
  static Result<std::unique_ptr<Server>> open(Model& model, std::uint16_t port_base);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void change_answers(std::function<void(kafka::Bytes&)> change) { change_ = std::move(change); }

  // Waits until a socket has something, or `patience` has passed.
  void wait(std::optional<std::chrono::milliseconds> patience);
  // Serves what wait() found: apart, so that the model can be told what time it has become.
  void serve_all();
  // The model has moved on: does what it says has become of the sockets, and lets waiting requests
  // and answers go.
  void catch_up();
  // Lets wait() return. Any thread.
  void wake() const;

  // When the next answer that is held back is due.
  [[nodiscard]] std::optional<Duration> next_answer() const;
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  Server(Model& model, int epoll, int waker) : model_(model), epoll_(epoll), waker_(waker) {}

  Result<void> listen(std::int32_t broker);
  void act(const NetworkAction& action);
  void hang_up(std::int32_t broker, bool reset);
  void accept_all(std::int32_t broker);
  void serve(Connection& connection, bool readable);
  bool answer_requests(Connection& connection);
  void dispatch(Connection& connection, kafka::Bytes frame);
  static bool release(Connection& connection, Duration now);
  void watch(Connection& connection);
  [[nodiscard]] bool frozen(std::int32_t broker) const;

  Model& model_;
  int epoll_;
  int waker_;
  std::map<std::int32_t, Port> ports_;
  // By number, which is never used again, as sockets are: an event may be older than a connection's
  // end.
  std::map<std::int32_t, std::unique_ptr<Connection>> connections_;
  std::int32_t last_connection_ = 0;
  struct Ready {
    std::uint64_t tag;
    std::uint32_t events;
  };
  std::vector<Ready> ready_;  // from wait() to serve_all()
  Counters counters_;
  std::function<void(kafka::Bytes&)> change_;
};

}  // namespace highwater::simulator
