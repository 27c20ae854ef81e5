// Which Host a request may name. A browser sends the name that it looked up: a page of the web
// whose name is made to lead to this machine (DNS rebinding) could else read all that the agent
// tells on its loopback addresses. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace highwater::http {

class HostCheck {
 public:
  HostCheck() = default;
  // Beside localhost and its like and every address in digits.
  explicit HostCheck(std::vector<std::string> names);

  // "localhost:9877", "127.0.0.1", "[::1]:9877"; no Host at all is no browser's.
  [[nodiscard]] bool allows(std::string_view host) const;

 private:
  std::vector<std::string> names_;  // in lower case
};

// Whether the connection came in at an address that only this machine reaches.
[[nodiscard]] bool arrived_at_loopback(int connection);

// Whether the client came from one.
[[nodiscard]] bool came_from_loopback(int connection);

}  // namespace highwater::http
