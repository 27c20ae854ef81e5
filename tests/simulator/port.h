// One broker's port: kept from beginning to end, listening only while the broker is there.
//
// Owned by the server, on its thread. While closed, connecting is refused at once and nobody else
// can take the port.
#pragma once

#include <cstdint>

#include "agent/core/result.h"

namespace highwater::simulator {

class Port {
 public:
  // Loopback; 0 for any free port.
  static Result<Port> reserve(std::uint16_t number);
  ~Port();
  Port(Port&& other) noexcept;
  Port& operator=(Port&&) = delete;

  Result<void> open();
  void close();  // connections nobody accepted yet are reset
  // The next connection, or -1. Not blocking.
  [[nodiscard]] int accept() const;

  [[nodiscard]] std::uint16_t number() const { return number_; }
  [[nodiscard]] int listener() const { return listener_; }  // -1 while closed

 private:
  Port(int holder, std::uint16_t number) : holder_(holder), number_(number) {}

  int holder_;  // bound, never listening
  int listener_ = -1;
  std::uint16_t number_;
};

}  // namespace highwater::simulator
