#include "exporters/notify/receivers/standard_webhooks.h"

#include <fmt/format.h>

#include "agent/core/digest.h"

namespace highwater::notify {
namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr size_t kShortestKey = 24;
constexpr size_t kLongestKey = 64;

}  // namespace

Result<std::string> signing_key(std::string_view secret) {
  if (secret.starts_with(kPrefix)) secret.remove_prefix(kPrefix.size());
  const auto key = base64_decoded(secret);
  if (!key || key->size() < kShortestKey || key->size() > kLongestKey)
    return fail(fmt::format(
        "a secret to sign with must be {} to {} bytes in base64, with whsec_ before them",
        kShortestKey, kLongestKey));
  return *key;
}

std::string standard_signature(std::string_view id, int64_t timestamp, std::string_view body,
                               std::string_view key) {
  return "v1," + base64(hmac_sha256(key, fmt::format("{}.{}.{}", id, timestamp, body)));
}

}  // namespace highwater::notify
