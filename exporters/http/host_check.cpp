#include "exporters/http/host_check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

#include "agent/core/plain_text.h"

namespace highwater::http {
namespace {

// Without port, brackets and the dot that may end a full name.
std::string name_of(std::string_view host) {
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    return end == std::string_view::npos ? std::string() : lower_case(host.substr(1, end - 1));
  }
  host = host.substr(0, host.find(':'));
  if (host.ends_with('.')) host.remove_suffix(1);
  return lower_case(host);
}

// Nobody can make an address lead elsewhere.
bool is_address(const std::string& name) {
  in_addr four{};
  in6_addr six{};
  return ::inet_pton(AF_INET, name.c_str(), &four) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), &six) == 1;
}

bool is_loopback(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    const auto* const four = reinterpret_cast<const sockaddr_in*>(&storage);
    return ntohl(four->sin_addr.s_addr) >> 24U == 127;
  }
  if (storage.ss_family != AF_INET6) return false;
  const in6_addr& six = reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&six)) return six.s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&six) != 0;
}

}  // namespace

HostCheck::HostCheck(std::vector<std::string> names) {
  for (const std::string& name : names) names_.push_back(name_of(name));
}

bool HostCheck::allows(std::string_view host) const {
  if (host.empty()) return true;
  const std::string name = name_of(host);
  return name == "localhost" || name.ends_with(".localhost") || is_address(name) ||
         std::ranges::find(names_, name) != names_.end();
}

bool arrived_at_loopback(int connection) {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  if (::getsockname(connection, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return true;
  return is_loopback(storage);
}

bool came_from_loopback(int connection) {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  return ::getpeername(connection, reinterpret_cast<sockaddr*>(&storage), &length) == 0 &&
         is_loopback(storage);
}

}  // namespace highwater::http
