#include "collectors/aws/signature.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "agent/core/digest.h"
#include "agent/core/web_text.h"

namespace highwater::aws {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

// "20260102T030405Z"
std::string stamp(WallTime at) {
  return fmt::format("{:%Y%m%dT%H%M%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(
                         std::chrono::time_point_cast<std::chrono::system_clock::duration>(
                             std::chrono::floor<std::chrono::seconds>(at)))));
}

std::string scope_text(const std::string& time, const Scope& scope) {
  return fmt::format("{}/{}/{}/aws4_request", time.substr(0, 8), scope.region, scope.service);
}

std::string query_text(Pairs query) {
  for (auto& [name, value] : query) {
    name = percent_encoded(name);
    value = percent_encoded(value);
  }
  std::ranges::sort(query);
  std::string text;
  for (const auto& [name, value] : query)
    text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, value);
  return text;
}

// Names in small letters, in order.
std::string canonical(std::string_view method, const std::string& query, const Pairs& headers,
                      const std::string& body) {
  std::string lines;
  std::string names;
  for (const auto& [name, value] : headers) {
    lines += fmt::format("{}:{}\n", name, value);
    names += (names.empty() ? "" : ";") + name;
  }
  return fmt::format("{}\n/\n{}\n{}\n{}\n{}", method, query, lines, names, sha256_hex(body));
}

std::string signature(const Keys& keys, const Scope& scope, const std::string& time,
                      const std::string& request) {
  std::string key = hmac_sha256("AWS4" + keys.secret_access_key, time.substr(0, 8));
  for (const std::string_view part :
       {std::string_view(scope.region), std::string_view(scope.service),
        std::string_view("aws4_request")})
    key = hmac_sha256(key, part);
  return hex(hmac_sha256(key, fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time,
                                          scope_text(time, scope), sha256_hex(request))));
}

}  // namespace

std::string presigned_url(const Keys& keys, const Scope& scope, const std::string& host,
                          Pairs query, Duration life, WallTime at) {
  const std::string time = stamp(at);
  query.emplace_back("X-Amz-Algorithm", kAlgorithm);
  query.emplace_back("X-Amz-Credential",
                     fmt::format("{}/{}", keys.access_key_id, scope_text(time, scope)));
  query.emplace_back("X-Amz-Date", time);
  query.emplace_back("X-Amz-Expires",
                     fmt::format("{}", std::chrono::floor<std::chrono::seconds>(life).count()));
  if (!keys.session_token.empty()) query.emplace_back("X-Amz-Security-Token", keys.session_token);
  query.emplace_back("X-Amz-SignedHeaders", "host");
  const std::string text = query_text(std::move(query));
  const std::string request = canonical("GET", text, {{"host", host}}, "");
  return fmt::format("https://{}/?{}&X-Amz-Signature={}", host, text,
                     signature(keys, scope, time, request));
}

Pairs signed_headers(const Keys& keys, const Scope& scope, const std::string& host,
                     const std::string& form, WallTime at) {
  const std::string time = stamp(at);
  Pairs headers{{"host", host}, {"x-amz-date", time}};
  if (!keys.session_token.empty()) headers.emplace_back("x-amz-security-token", keys.session_token);
  const std::string request = canonical("POST", "", headers, form);
  std::string names;
  for (const auto& [name, value] : headers) names += (names.empty() ? "" : ";") + name;
  headers.emplace_back("authorization",
                       fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}",
                                   kAlgorithm, keys.access_key_id, scope_text(time, scope), names,
                                   signature(keys, scope, time, request)));
  headers.erase(headers.begin());  // the client sets Host itself
  return headers;
}

}  // namespace highwater::aws
