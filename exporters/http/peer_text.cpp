#include "exporters/http/peer_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "exporters/http/address.h"

namespace highwater::http {
namespace {

constexpr size_t kLongestAddress = 300;
// A shorter one is no secret by itself, and would blank out half of any text.
constexpr size_t kShortestSecret = 4;

// What paths of receivers, collectors and sources have in common; any other part of a path may be
// the key that it is protected with.
constexpr std::string_view kWords[] = {
    "actuator",      "alert",    "alertmanager", "alerts",       "api",       "collector",
    "connectors",    "event",    "events",       "hook",         "hooks",     "incident",
    "incidents",     "incoming", "integration",  "integrations", "metrics",   "notify",
    "notifications", "otlp",     "prometheus",   "receiver",     "receivers", "services",
    "status",        "traces",   "v1",           "v2",           "v3",        "webhook",
    "webhooks",      "workflows"};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool same_letters(char a, char b) {
  return lower(a) == lower(b);
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

bool is_word(std::string_view segment) {
  const bool small = segment.size() < kShortestSecret &&
                     std::ranges::all_of(segment, [](char c) { return c >= 'a' && c <= 'z'; });
  return small || std::ranges::find(kWords, segment) != std::end(kWords);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char letter = lower(c);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                         hex_digit(text[i + 2]) >= 0;
    if (!escaped) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
    i += 2;
  }
  return out;
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_alphanumeric(c) || std::string_view("-._~").find(c) != std::string_view::npos)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string json_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '/' || c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string base64_decoded(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) break;
    bits = bits << 6U | static_cast<uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> static_cast<unsigned>(count) & 0xFFU);
  }
  return out;
}

struct Secrets {
  std::vector<std::string> anywhere;
  std::vector<std::string> segments;  // short ones: only where they are part of a path

  // As it is, and as it may be repeated in a URL or a page.
  void add(std::string_view secret) {
    if (secret.size() < kShortestSecret) return;
    const std::string plain = percent_decoded(secret);
    for (std::string form : {std::string(secret), plain, percent_encoded(plain),
                             html_escaped(plain), json_escaped(plain)}) {
      if (std::ranges::find(anywhere, form) == anywhere.end()) anywhere.push_back(std::move(form));
    }
  }
};

void add_path(std::string_view path, Secrets& into) {
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    if (!segment.empty() && !is_word(segment)) {
      into.add(segment);
      into.segments.emplace_back(segment);
    }
    path.remove_prefix(std::min(end + 1, path.size()));
  }
}

// Of "?key=value&flag" the values, and what has none.
void add_query(std::string_view query, Secrets& into) {
  while (!query.empty()) {
    query.remove_prefix(1);
    const std::string_view pair = query.substr(0, query.find('&'));
    into.add(pair.substr(pair.find('=') + 1));
    query.remove_prefix(pair.size());
  }
}

// "Bearer abc": also the latter alone; of "Basic dXNlcjpwYXNz" also the password.
void add_header(std::string_view value, Secrets& into) {
  into.add(value);
  const size_t space = value.find(' ');
  if (space == std::string_view::npos) return;
  const std::string_view rest = value.substr(space + 1);
  into.add(rest);
  if (value.substr(0, space) != "Basic") return;
  const std::string credentials = base64_decoded(rest);
  into.add(credentials);
  into.add(std::string_view(credentials).substr(credentials.find(':') + 1));
}

Secrets secrets_of(const Request& request, const std::vector<std::string>& more) {
  Secrets secrets;
  for (const std::string& secret : more) secrets.add(secret);
  if (const auto url = parse_url(request.url)) {
    const std::string_view target = url->target;
    const size_t question = std::min(target.find('?'), target.size());
    add_path(target.substr(0, question), secrets);
    add_query(target.substr(question), secrets);
  }
  for (const auto& [name, value] : request.headers) add_header(value, secrets);
  std::ranges::sort(secrets.anywhere, std::ranges::greater(), &std::string::size);
  return secrets;
}

// Replaces `secret` where `fits` says so of what stands before and behind it.
template <class Fits>
void hide(std::string& text, std::string_view secret, Fits fits) {
  size_t from = 0;
  while (true) {
    const auto found = std::search(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(),
                                   secret.begin(), secret.end(), same_letters);
    if (found == text.end()) return;
    const auto at = static_cast<size_t>(found - text.begin());
    const char before = at == 0 ? ' ' : text[at - 1];
    const char behind = at + secret.size() < text.size() ? text[at + secret.size()] : ' ';
    if (!fits(before, behind)) {
      from = at + 1;
      continue;
    }
    text.replace(at, secret.size(), "***");
    from = at + 3;
  }
}

// Scheme and host of the request where the address leaves them out.
std::string absolute(std::string_view location, const Url& asked) {
  if (location.find("://") != std::string_view::npos) return std::string(location);
  const std::string scheme = asked.scheme == Scheme::https ? "https:" : "http:";
  if (location.starts_with("//")) return scheme + std::string(location);
  return asked.origin() + (location.starts_with('/') ? "" : "/") + std::string(location);
}

}  // namespace

std::string without_secrets(std::string text, const Request& request,
                            const std::vector<std::string>& more) {
  const Secrets secrets = secrets_of(request, more);
  for (const std::string& secret : secrets.anywhere)
    hide(text, secret, [](char, char) { return true; });
  for (const std::string& segment : secrets.segments)
    hide(text, segment,
         [](char before, char behind) { return before == '/' && !is_alphanumeric(behind); });
  return text;
}

std::string moved_to(const Response& response, const Request& request) {
  if (response.status < 300 || response.status > 399 || response.status == 304) return {};
  const auto asked = parse_url(request.url);
  const std::string_view location = response.header("Location");
  if (location.empty() || !asked) return "a redirect without an address";
  // Also refuses user information, control characters and other schemes.
  std::string whole = absolute(location, *asked);
  whole.resize(std::min(whole.find('#'), whole.size()));
  const auto target = parse_url(whole);
  if (!target || whole.size() > kLongestAddress) return "moved to an address that cannot be used";
  return fmt::format("moved to {}: use that address",
                     without_secrets(target->origin() + target->target, request));
}

}  // namespace highwater::http
