#include "collectors/kafka/client/banner.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace highwater::kafka {

std::optional<std::string> foreign_protocol(std::span<const std::byte, 4> begin) {
  std::array<char, 4> letters{};
  std::ranges::transform(begin, letters.begin(), [](std::byte byte) { return char(byte); });
  const std::string_view text(letters.data(), letters.size());
  // A TLS record: an alert (21) or a handshake (22), of version 3.0 to 3.4.
  if ((begin[0] == std::byte{21} || begin[0] == std::byte{22}) && begin[1] == std::byte{3} &&
      begin[2] <= std::byte{4})
    return "it speaks TLS: set `security` with `protocol: SSL`, or SASL_SSL where it wants a login";
  if (text == "HTTP") return "it speaks HTTP: this is the port of a web server, not of a broker";
  if (text == "SSH-") return "it speaks SSH: this is not the port of a broker";
  const bool printable = std::ranges::all_of(
      text, [](char c) { return (c >= ' ' && c <= '~') || c == '\r' || c == '\n'; });
  if (!printable) return std::nullopt;
  std::string shown(text);
  std::ranges::replace_if(
      shown, [](char c) { return c < ' '; }, ' ');
  return fmt::format("it answers with the text '{}...': this is not the port of a broker", shown);
}

}  // namespace highwater::kafka
