// Small pieces that the HTTP client, the server and their tests share: a file descriptor that
// closes itself, and waiting that ends by a deadline. Any thread.
#pragma once

#include <poll.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <utility>

#include "agent/core/time.h"

namespace highwater::http {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Descriptor() { close(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

// Waits until `fd` has one of `events` (or an error, which the next read or write will tell); false
// when the deadline comes first.
[[nodiscard]] bool wait_for(int fd, int16_t events, SteadyTime deadline);

[[nodiscard]] std::string errno_text(int error);  // "Connection refused"

}  // namespace highwater::http
