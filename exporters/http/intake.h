// The intake of the server: accepts connections, does the handshakes of TLS and collects whole
// requests, all on one thread that never waits for one client. What is complete goes to the
// workers; what is late, too large or ambiguous is refused here.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "exporters/http/access/access_policy.h"
#include "exporters/http/access/connection.h"
#include "exporters/http/host_check.h"
#include "exporters/http/request_head.h"
#include "exporters/http/server.h"
#include "exporters/http/socket.h"

namespace highwater::http {

// A complete request and the connection that waits for its reply.
struct Job {
  Connection connection;
  std::string path;
  std::string head;
  std::string body;
  std::string authorization;
  std::shared_ptr<const Logins> logins;  // null: no login is needed
  std::optional<Login> login;            // nothing: not known yet, or not needed
};

class Intake {
 public:
  // The rest of the server. Called on the intake's thread; must not wait.
  struct Owner {
    std::function<AccessPolicyPtr()> access;  // of the next connection
    // Takes a job, or leaves it alone and says false when nobody can take it.
    std::function<bool(Job&)> offer;
    std::function<size_t()> elsewhere;  // open connections that were handed over
    std::function<bool()> make_room;    // closes one of those; false when it cannot
  };
  Intake(Descriptor listener, const ServerLimits& limits, Owner owner);
  ~Intake();  // stops

  // Before start().
  void allow(HostCheck hosts) { hosts_ = std::move(hosts); }

  void start();
  void stop();  // closes the listener and every incomplete request

 private:
  enum class Phase : uint8_t { hello, handshake, head, body, lingering };
  struct Client {
    Connection connection;
    AccessPolicyPtr access;
    SteadyTime since;
    SteadyTime deadline;
    Phase phase = Phase::head;
    std::string bytes;
    size_t head_bytes = 0;  // of `bytes`, once the head is complete
    size_t scanned = 0;     // of `bytes`, when looking for the head's end
    RequestHead head;
    bool done = false;  // to be removed
  };

  void run();
  [[nodiscard]] int poll_timeout(SteadyTime now) const;
  void accept_all(SteadyTime now);
  bool make_room();
  void drop_oldest();
  void advance(Client& client);
  void greet(Client& client);
  void shake_hands(Client& client);
  void read_from(Client& client);
  void look_at(Client& client);
  void hand_over(Client& client);
  void refuse(Client& client, int status, std::string_view why);
  void linger(Client& client);

  Descriptor listener_;
  const ServerLimits limits_;
  const Owner owner_;
  HostCheck hosts_;
  Descriptor wake_;  // an eventfd that ends the thread
  std::vector<Client> clients_;
  SteadyTime accept_after_;  // out of descriptors: not before this
  std::thread thread_;
};

}  // namespace highwater::http
