#include "agent/core/web_text.h"

#include <fmt/format.h>

#include "agent/core/digest.h"

namespace highwater {

std::string host_and_port(std::string_view host, int64_t port) {
  const bool ipv6 = host.find(':') != std::string_view::npos;
  return fmt::format("{}{}{}:{}", ipv6 ? "[" : "", host, ipv6 ? "]" : "", port);
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      result += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    result += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
  }
  return result;
}

std::string basic_authorization(std::string_view user, std::string_view password) {
  std::string both(user);
  both.append(1, ':').append(password);
  return "Basic " + base64(both);
}

}  // namespace highwater
