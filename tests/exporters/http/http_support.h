// What the HTTP tests share: a server that says exactly what the test tells it to, and a raw
// client. Both speak bytes, not HTTP, so that they can misbehave.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "exporters/http/socket.h"

namespace highwater::http {

// Accepts connections on a free loopback port and runs `script` for each, one after another.
class ScriptedServer {
 public:
  class Peer {
   public:
    explicit Peer(int fd) : fd_(fd) {}
    void send(std::string_view bytes) const;  // ignores a peer that is gone
    // Until the text holds `until`, or the peer is silent for five seconds or closes.
    std::string read_until(std::string_view until);
    // Whatever comes first; empty when the peer is silent for five seconds or closes.
    std::string read_some();
    // True once the peer has closed its side; waits for it.
    [[nodiscard]] bool wait_closed() const;
    [[nodiscard]] bool stopping() const;
    [[nodiscard]] int fd() const { return fd_; }

   private:
    friend class ScriptedServer;
    int fd_;
    const std::atomic<bool>* stop_ = nullptr;
  };

  explicit ScriptedServer(std::function<void(Peer&)> script);
  ~ScriptedServer();
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url(std::string_view path = "/") const;

 private:
  Descriptor listener_;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// A connected socket, for tests that are the hostile client.
class RawClient {
 public:
  explicit RawClient(int port);
  [[nodiscard]] bool connected() const { return fd_.valid(); }
  bool send(std::string_view bytes);  // false: the server closed
  std::string read_all();             // until the server closes, or five seconds of silence
  // As far as it comes in one go, at most `size` bytes.
  std::string read_some(size_t size);
  [[nodiscard]] int fd() const { return fd_.get(); }
  void close() { fd_.close(); }

 private:
  Descriptor fd_;
};

}  // namespace highwater::http
