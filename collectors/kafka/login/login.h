// Login: how one cluster's connections log in, and stay logged in. One per cluster, on its thread;
// what may block runs on a worker's.
//
// SaslHandshake names the mechanism, SaslAuthenticate carries its messages. A broker may end the
// session after a time (KIP-368): before that, the login is repeated on the open connection.
#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <string>

#include "agent/core/time.h"
#include "collectors/kafka/client/connection.h"
#include "collectors/kafka/client/failure.h"
#include "collectors/kafka/login/login_gate.h"
#include "collectors/kafka/login/login_worker.h"
#include "collectors/kafka/login/msk_token.h"
#include "collectors/kafka/login/oauth_tokens.h"
#include "collectors/kafka/login/sasl.h"
#include "collectors/kafka/login/scram.h"
#include "collectors/kafka/login/security.h"

namespace highwater::kafka {

class Login : public std::enable_shared_from_this<Login> {
 public:
  Login(SaslSettings settings, const AskHttp& ask);

  // On a connection that has learned the broker's versions and sends nothing else meanwhile. Gives
  // the time after which the broker ends the session; 0: never. Fails with credentials, no_login,
  // or as ask() does. After a failure the connection is of no use.
  asio::awaitable<Answer<Duration>> log_in(std::shared_ptr<Connection> connection,
                                           SteadyTime deadline);

  // Repeats the login whenever most of the session is over, until the connection ends; what others
  // ask meanwhile waits. A repetition that fails closes the connection.
  static asio::awaitable<void> stay_logged_in(std::shared_ptr<Login> self,
                                              std::shared_ptr<Connection> connection,
                                              Duration session, Duration timeout);

  // Why the token could not be renewed, while the old one is still valid; "": nothing is wrong.
  [[nodiscard]] std::string problem() const;
  void close() { worker_.close(); }

 private:
  // What the worker's thread uses.
  struct Workshop;
  struct Begun {
    std::shared_ptr<SaslExchange> exchange;
    std::string first;
    size_t secret = 0;  // its fingerprint
  };

  asio::awaitable<Answer<Begun>> begin(std::string host, SteadyTime deadline);
  asio::awaitable<Answer<Duration>> converse(std::shared_ptr<Connection> connection, Begun begun,
                                             SteadyTime deadline);
  void note_refusal(const std::string& address, size_t secret, const Failure& why);
  [[nodiscard]] Failure refusal(const std::string& broker_text) const;
  [[nodiscard]] Failure impossible(const std::string& what) const;
  [[nodiscard]] std::string too_late() const;

  const SaslSettings settings_;
  const std::shared_ptr<Workshop> workshop_;
  LoginWorker worker_;
  LoginGate gate_;
};

}  // namespace highwater::kafka
