#include "exporters/http/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace highwater::http {
namespace {

constexpr size_t kMaxUrl = 8000;

struct HostPort {
  std::string host;
  bool ipv6 = false;
  std::string_view port;  // the digits; empty when there are none
  bool has_port = false;
};

Result<HostPort> split_host_port(std::string_view text);
Result<uint16_t> parse_port(std::string_view text, bool zero_allowed);
bool is_host_name(std::string_view host);

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string bracketed(const std::string& host, bool ipv6) {
  return ipv6 ? fmt::format("[{}]", host) : host;
}

}  // namespace

std::string Url::authority() const {
  const uint16_t own = scheme == Scheme::https ? 443 : 80;
  return port == own ? bracketed(host, ipv6) : fmt::format("{}:{}", bracketed(host, ipv6), port);
}

std::string Url::origin() const {
  return (scheme == Scheme::https ? "https://" : "http://") + authority();
}

Result<Url> parse_url(std::string_view text) {
  if (text.empty()) return fail("the URL is empty");
  if (text.size() > kMaxUrl) return fail(fmt::format("the URL is longer than {} bytes", kMaxUrl));
  for (const char c : text) {
    if (c <= ' ' || c > '~')
      return fail(
          "the URL contains a space, a control or a non-ASCII character: percent-encode it");
  }
  const size_t colon = text.find("://");
  if (colon == std::string_view::npos)
    return fail("the URL has no scheme: it starts with http:// or https://");
  std::string scheme(text.substr(0, colon));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  Url url;
  if (scheme == "https") {
    url.scheme = Scheme::https;
    url.port = 443;
  } else if (scheme != "http") {
    return fail("the URL's scheme is neither http nor https");
  }
  const std::string_view rest = text.substr(colon + 3);
  const size_t end = std::min(rest.find_first_of("/?#\\"), rest.size());
  const std::string_view authority = rest.substr(0, end);
  std::string_view target = rest.substr(end);
  if (authority.find('@') != std::string_view::npos)
    return fail("the URL contains a user name or password before '@': send them as a header");
  if (target.find('#') != std::string_view::npos)
    return fail("the URL contains a fragment ('#...'): remove it, or write %23");
  if (target.find_first_of("\\\"<>^`{|}") != std::string_view::npos)
    return fail("the URL contains a character that must be percent-encoded");

  auto parts = split_host_port(authority);
  if (!parts) return tl::unexpected(parts.error().in("the URL"));
  if (parts->host.empty()) return fail("the URL has no host");
  if (parts->has_port) {
    const auto port = parse_port(parts->port, false);
    if (!port) return tl::unexpected(port.error().in("the URL"));
    url.port = *port;
  }
  url.host = std::move(parts->host);
  url.ipv6 = parts->ipv6;
  if (!target.empty()) url.target = (target.front() == '?' ? "/" : "") + std::string(target);
  return url;
}

std::string ListenAddress::text() const {
  return fmt::format("{}:{}", bracketed(host, host.find(':') != std::string::npos), port);
}

Result<ListenAddress> parse_listen(std::string_view text) {
  constexpr std::string_view kForm = "write it like 127.0.0.1:9877, [::1]:9877 or :9877";
  const auto wrong = [&](std::string_view why) { return fail(fmt::format("{}: {}", why, kForm)); };
  if (text.empty()) return wrong("it is empty");
  const auto parts = split_host_port(text);
  if (!parts) return wrong(parts.error().message);
  if (!parts->has_port) return wrong("it has no port");
  const auto port = parse_port(parts->port, true);
  if (!port) return wrong(port.error().message);
  return ListenAddress{parts->host, *port};
}

namespace {

Result<HostPort> split_host_port(std::string_view text) {
  HostPort result;
  std::string_view after;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return fail("'[' without ']'");
    result.host = text.substr(1, close - 1);
    result.ipv6 = true;
    in6_addr address{};
    if (inet_pton(AF_INET6, result.host.c_str(), &address) != 1)
      return fail("what stands in brackets is not an IPv6 address");
    after = text.substr(close + 1);
    if (!after.empty() && after.front() != ':') return fail("a ':' was expected after ']'");
  } else {
    const size_t colon = text.find(':');
    result.host = text.substr(0, colon);
    after = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
    if (after.find(':', 1) != std::string_view::npos)
      return fail("there is more than one ':' (an IPv6 address stands in brackets)");
    if (!result.host.empty() && !is_host_name(result.host))
      return fail("the host is not a name or an address");
  }
  if (!after.empty()) {
    result.has_port = true;
    result.port = after.substr(1);
  }
  return result;
}

Result<uint16_t> parse_port(std::string_view text, bool zero_allowed) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool digits = error == std::errc{} && end == text.data() + text.size();
  if (!digits || value > 65535 || (value == 0 && !zero_allowed))
    return fail("the port is not a number from 1 to 65535");
  return static_cast<uint16_t>(value);
}

bool is_host_name(std::string_view host) {
  if (host.size() > 253 || host.front() == '.' || host.front() == '-') return false;
  if (host.find("..") != std::string_view::npos) return false;
  const bool known = std::all_of(host.begin(), host.end(), [](char c) {
    return is_alnum(c) || c == '-' || c == '.' || c == '_';
  });
  if (!known) return false;
  // Digits and dots alone are an address, or a mistake that a resolver would read as one.
  if (host.find_first_not_of("0123456789.") != std::string_view::npos) return true;
  in_addr address{};
  return inet_pton(AF_INET, std::string(host).c_str(), &address) == 1;
}

}  // namespace
}  // namespace highwater::http
