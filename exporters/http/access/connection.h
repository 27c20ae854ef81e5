// A connection of the server: its bytes, plain or through TLS. Never waits; what cannot go on now
// says for what it waits. One thread at a time. The process must ignore SIGPIPE: OpenSSL writes as
// it likes.
#pragma once

#include <poll.h>

#include <cstdint>
#include <string_view>

#include "exporters/http/access/server_tls.h"
#include "exporters/http/socket.h"

namespace highwater::http {

class Connection {
 public:
  enum class Progress : uint8_t { done, waiting, broken };

  Connection() = default;
  explicit Connection(Descriptor socket) : socket_(std::move(socket)) {}  // non-blocking

  // All bytes go through TLS from here on, after a handshake. False: there is no memory.
  [[nodiscard]] bool encrypt(const ServerTls& server);
  [[nodiscard]] Progress shake_hands();

  // `count`: how many bytes, when it is done; at least one. An end is broken.
  [[nodiscard]] Progress read(char* into, size_t size, size_t& count);
  [[nodiscard]] Progress write(std::string_view bytes, size_t& count);
  // POLLIN or POLLOUT: for what the last of these waits; POLLIN when it does not.
  [[nodiscard]] int16_t waits_for() const { return waits_for_; }

  // Tells the client that nothing follows.
  void end_writing();
  void close();

  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] bool is_encrypted() const { return tls_ != nullptr; }

 private:
  [[nodiscard]] Progress judge(int result);

  Descriptor socket_;
  Tls tls_;  // null: plain. Destroyed before the socket that it uses
  int16_t waits_for_ = POLLIN;
};

}  // namespace highwater::http
