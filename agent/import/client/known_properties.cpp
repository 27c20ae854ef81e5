#include "agent/import/client/known_properties.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "agent/import/yaml_text.h"

namespace highwater::agent::client {
namespace {

bool begins_with_one_of(std::string_view text, std::initializer_list<std::string_view> prefixes) {
  return std::ranges::any_of(prefixes,
                             [&](std::string_view prefix) { return text.starts_with(prefix); });
}

}  // namespace

bool is_of_the_connection(std::string_view key) {
  return begins_with_one_of(key, {"bootstrap.servers", "metadata.broker.list", "security.", "ssl.",
                                  "sasl.", "enable.ssl.", "enable.sasl.", "client.dns.lookup",
                                  "broker.address.family", "socks5.", "plugin.library.paths"});
}

bool has_no_meaning(std::string_view key, std::string_view value) {
  if (key == "client.dns.lookup") return value == "use_all_dns_ips" || value == "default";
  if (key == "broker.address.family") return value == "any";
  // How Java's security is put together, and when logins are renewed.
  return begins_with_one_of(
      key, {"ssl.provider", "ssl.keymanager.algorithm", "ssl.trustmanager.algorithm",
            "ssl.secure.random.implementation", "ssl.protocol", "sasl.login.refresh.",
            "sasl.login.retry.", "sasl.login.connect.timeout", "sasl.login.read.timeout",
            "sasl.kerberos.min.time", "sasl.kerberos.ticket.renew", "sasl.kerberos.kinit",
            "sasl.kerberos.service.name", "enable.sasl.oauthbearer.unsecure"});
}

bool is_known_handler(std::string_view name) {
  name.remove_prefix(name.rfind('.') + 1);
  return name == "OAuthBearerLoginCallbackHandler" || name == "IAMClientCallbackHandler";
}

std::optional<std::string> secret_elsewhere(std::string_view value) {
  if (!value.starts_with("${") || !value.ends_with("}")) return std::nullopt;
  std::string_view inside = value.substr(2, value.size() - 3);
  const size_t colon = inside.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view provider = inside.substr(0, colon);
  inside.remove_prefix(colon + 1);
  const size_t last = inside.rfind(':');
  if (provider == "env" && last == std::string_view::npos && !inside.empty())
    return fmt::format("{{env: {}}}", plain_or_quoted(inside));
  if ((provider == "dir" || provider == "directory") && last != std::string_view::npos)
    return fmt::format("{{file: {}}}", quoted(fmt::format("{}/{}", inside.substr(0, last),
                                                          inside.substr(last + 1))));
  return "";
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::vector<std::string_view> pieces(std::string_view list) {
  std::vector<std::string_view> pieces;
  while (!list.empty()) {
    const size_t end = std::min(list.find(','), list.size());
    std::string_view one = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
    one = one.substr(0, one.find_last_not_of(' ') + 1);
    if (!one.empty()) pieces.push_back(one);
  }
  return pieces;
}

}  // namespace highwater::agent::client
