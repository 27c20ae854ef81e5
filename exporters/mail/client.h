// The mail client of notifications: hands one message to an SMTP server. On libcurl.
//
// A call blocks its thread and ends by its deadline, whatever the server does. Any thread, several
// at a time; a connection of its own for each message, and no proxy.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "exporters/http/client.h"

namespace highwater::mail {

enum class Security : uint8_t {
  starttls,  // begins in the clear, and goes on only once it is encrypted
  tls,       // encrypted from the first byte
  none,
};

struct Server {
  std::string host;  // a name or an address
  uint16_t port = 587;
  Security security = Security::starttls;
  std::string user;  // empty: no login
  std::string password;
  http::TlsOptions tls;
};

struct Envelope {
  std::string from;             // addresses without names
  std::vector<std::string> to;  // at least one
};

struct Result {
  bool accepted = false;
  int status = 0;     // the server's last, 250 or 550; 0: none came
  std::string error;  // why not, with what the server said; without the password
};

class Client {
 public:
  Client();
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // `message` is whole, headers and body, its lines ending in CR LF. It is accepted for all of
  // `envelope.to` or for none.
  [[nodiscard]] Result send(const Server& server, const Envelope& envelope,
                            const std::string& message, Duration limit,
                            const std::stop_token& stop) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace highwater::mail
