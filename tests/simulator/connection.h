// One client's connection to a simulated broker: bytes in, requests one at a time, answers in
// order.
//
// Owned by the server, on its thread. Knows its socket and its buffers, nothing of Kafka but that a
// frame begins with its length.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "agent/core/time.h"
#include "collectors/kafka/wire/primitives.h"

namespace highwater::simulator {

class Connection {
 public:
  Connection(int socket, std::int32_t broker, std::int32_t number)
      : socket_(socket), broker_(broker), number_(number) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Reads what is there. False when the other side has gone, or sends what no client would.
  bool receive();
  // The payload of the oldest request that is complete; valid until it is dropped.
  [[nodiscard]] std::optional<std::span<const std::byte>> request() const;
  void drop_request();
  // False for a frame that is longer than brokers take, or has a negative length.
  [[nodiscard]] bool plausible() const;

  void send(kafka::Bytes frame);
  // Writes what the socket takes. False when the other side has gone.
  bool flush();
  [[nodiscard]] bool unsent() const { return sent_ < output_.size(); }

  // The other side sees a reset instead of an end.
  void reset_on_close() const;

  [[nodiscard]] int socket() const { return socket_; }
  [[nodiscard]] std::int32_t broker() const { return broker_; }
  [[nodiscard]] std::int32_t number() const { return number_; }

  // An answer that is ready but held back, and when it leaves.
  struct Held {
    kafka::Bytes frame;
    Duration until{};
    bool close = false;
  };
  std::optional<Held> held;
  bool waiting = false;      // the oldest request was not answered yet: nobody could
  bool close_after = false;  // once everything is sent
  std::uint32_t events = 0;  // epoll's, as last asked for

 private:
  int socket_;
  std::int32_t broker_;
  std::int32_t number_;
  kafka::Bytes input_;
  size_t taken_ = 0;  // of input_
  kafka::Bytes output_;
  size_t sent_ = 0;
};

}  // namespace highwater::simulator
