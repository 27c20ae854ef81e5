#include "agent/config/reach.h"

#include <fmt/format.h>

#include <algorithm>

namespace highwater::agent {
namespace {

std::string host_of(const std::string& url) {
  const auto parsed = http::parse_url(url);
  return parsed ? parsed->host : std::string();
}

}  // namespace

bool is_loopback(std::string_view host) {
  const bool four =
      host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
  return four || host == "localhost" || host.ends_with(".localhost") || host == "::1";
}

std::vector<std::string> own_names(const Config& config) {
  std::vector<std::string> names = config.allowed_hosts;
  names.push_back(host_of(config.external_url));
  names.push_back(config.listen.host);
  std::erase(names, std::string());
  return names;
}

std::string unreachable_links(const Config& config) {
  if (!is_loopback(host_of(config.external_url))) return {};
  const auto is_elsewhere = [](const notify::ReceiverConfig& receiver) {
    // Where one of the others is, is not said here.
    return std::ranges::any_of(
        notify::written_addresses(receiver),
        [](const std::string& address) { return !is_loopback(host_of(address)); });
  };
  const auto elsewhere = std::ranges::find_if(config.receivers, is_elsewhere);
  if (elsewhere == config.receivers.end()) return {};
  return fmt::format(
      "links in notifications begin with {}, which only this machine reaches, and receiver '{}' is "
      "elsewhere: set external_url to the address at which people reach the agent",
      config.external_url, elsewhere->name);
}

}  // namespace highwater::agent
