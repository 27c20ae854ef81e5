// Digests, signatures and base64 of what is sent. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace highwater {

// 32 bytes.
[[nodiscard]] std::string sha256(std::string_view text);
// 64 hex digits.
[[nodiscard]] std::string sha256_hex(std::string_view text);
// 32 bytes.
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view text);

// RFC 4648 section 4, with padding.
[[nodiscard]] std::string base64(std::string_view bytes);
// RFC 4648 section 5, without padding.
[[nodiscard]] std::string base64url(std::string_view bytes);
// Padding may be left out. Nothing when it is no base64.
[[nodiscard]] std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace highwater
