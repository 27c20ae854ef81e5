// A tiny HTTP server on loopback that plays the other end of what is pushed out: it records each
// request and answers what the test says. Plain POSIX sockets; one thread per server, so a reply
// that waits holds up the next request of the same server.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace highwater::testing_support {

struct Received {
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  std::chrono::steady_clock::time_point at;  // when its connection was accepted
};

struct Reply {
  int status = 200;
  std::string headers;  // whole lines, each ending in \r\n
  std::string body;
};

class PushReceiver {
 public:
  // Called on the server's thread for request number `index`, counted from 0.
  using Handler = std::function<Reply(const Received& request, size_t index)>;

  // On a free port, or on `port`.
  explicit PushReceiver(Handler handler, int port = 0);
  ~PushReceiver();
  PushReceiver(const PushReceiver&) = delete;
  PushReceiver& operator=(const PushReceiver&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url(const std::string& path) const;
  // What came so far, once there are at least `count`; fewer when that takes too long.
  [[nodiscard]] std::vector<Received> wait_for(size_t count) const;
  [[nodiscard]] size_t count() const;

 private:
  void serve();
  void answer(int connection, std::chrono::steady_clock::time_point accepted);

  const Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable arrived_;
  std::vector<Received> received_;
  std::thread thread_;
};

// A port nobody listens on at the moment.
[[nodiscard]] int free_port();

}  // namespace highwater::testing_support
