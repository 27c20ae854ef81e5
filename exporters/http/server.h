// The HTTP server of the agent: metrics, health, runbooks, status. Made for an unfriendly network:
// a client that drips, stalls, floods or sends bombs costs itself a connection and nobody else
// anything.
//
// One thread accepts and collects whole requests without ever blocking on a client; a few workers
// run the handlers; one thread gives slow clients the rest of their replies; one worker does
// nothing but urgent requests, so that health is answered whatever the others do; and one does what
// needs the hash of a password, so that guessing costs the others nothing. Every request and every
// reply has a deadline, and what they hold together (descriptors, memory) has a limit. A connection
// carries one request.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/time.h"
#include "exporters/http/access/access_policy.h"
#include "exporters/http/access/role.h"
#include "exporters/http/address.h"

namespace highwater::http {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct ServerRequest {
  std::string method;       // HEAD arrives as GET: the server leaves the body out
  std::string path;         // percent-decoded
  HeaderList placeholders;  // "/runbooks/{name}" -> {"name", ...}
  HeaderList query;         // percent-decoded
  HeaderList headers;
  std::string body;
  bool encrypted = false;          // came through TLS
  bool from_this_machine = false;  // the client came from a loopback address
  Role role = Role::nobody;        // of the login; where none is needed, write if is_local()
  std::string login;               // its name; empty where none is needed

  // The first of that name, or empty. Header names in any case.
  [[nodiscard]] std::string_view placeholder(std::string_view name) const;
  [[nodiscard]] std::string_view query_value(std::string_view name) const;
  [[nodiscard]] std::string_view header(std::string_view name) const;
  // From this machine, and not brought by a proxy on it.
  [[nodiscard]] bool is_local() const;
  [[nodiscard]] bool may_change() const { return role == Role::write; }
};

// Takes a piece of a long reply; false when the client is gone, and the rest need not be made.
using ReplySink = std::function<bool(std::string_view)>;

struct Reply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::function<void(const ReplySink&)> stream;  // writes the body piece by piece, instead of it
  HeaderList headers;
};

using Handler = std::function<Reply(const ServerRequest&)>;
// What is urgent has a thread of its own, and asks for no login: its handler must be quick and tell
// nothing, and its path have no placeholders.
enum class Urgency : uint8_t { usual, urgent };
// What is open asks for no login either: its handler judges by what stands in the request alone,
// and its path has no placeholders.
enum class Entry : uint8_t { by_login, open };

struct ServerLimits {
  size_t head_bytes = size_t{16} * 1024;                  // request line and headers: else 431
  size_t body_bytes = size_t{1024} * 1024;                // else 413
  Duration request_time = std::chrono::seconds(5);        // until the request is complete: else 408
  Duration reply_time = std::chrono::seconds(10);         // until the client has taken the reply
  Duration crowded_reply_time = std::chrono::seconds(1);  // the same, while others wait
  size_t connections = 128;  // incomplete requests; when there are more, the oldest is dropped
  size_t threads = 4;
  size_t queue = 64;  // complete requests that wait for a thread: else 503
  // Connections in whatever state: when there are more, the oldest incomplete request is dropped,
  // or else the reply whose client takes it most slowly.
  size_t open = 256;
  // Of replies that clients have not taken yet, together: when there is more, the slowest is
  // dropped.
  size_t reply_bytes = size_t{48} * 1024 * 1024;
};

class Server {
 public:
  // Binds at once, so that a port in use is an error before anything starts. Two agents cannot
  // share a port.
  [[nodiscard]] static Result<std::unique_ptr<Server>> listen(const ListenAddress& address,
                                                              ServerLimits limits = {});
  ~Server();  // stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Before start(). `path` may have placeholders for whole segments: "/runbooks/{name}". Handlers
  // run on several threads at a time and must not wait for anything; what they throw becomes a 500
  // without a word of it. A request other than GET that a page of another site sends is refused.
  void add(std::string method, std::string path, Handler handler, Urgency urgency = Urgency::usual,
           Entry entry = Entry::by_login);
  // Before start(). Beside localhost and addresses in digits, the names under which this machine
  // may be asked on its loopback addresses; any other is answered 421, so that a page of the web
  // whose name was made to lead here reads nothing.
  void allow_hosts(std::vector<std::string> names);
  // Whom to let in from now on, and how; without it everybody, by plain HTTP. Any thread.
  void set_access(AccessPolicyPtr access);
  // Before start(). Called after each reply with the route's path ("" when there is none).
  using Observer = std::function<void(std::string_view route, int status, Duration took)>;
  void observe(Observer observer);

  [[nodiscard]] int port() const;
  void start();
  // Ends replies in progress within `grace`. Any thread but a handler's; twice is fine.
  void stop(Duration grace = std::chrono::seconds(1));

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace highwater::http
