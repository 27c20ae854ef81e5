// The signature of the Standard Webhooks specification, 1.0.0, with a shared secret. Pure; any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "agent/core/result.h"

namespace highwater::notify {

// The key of "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", or of the same without its prefix: 24 to 64
// bytes. The error does not repeat the secret.
[[nodiscard]] Result<std::string> signing_key(std::string_view secret);

// "v1,g0hM9Ss...": HMAC-SHA256 over "ID.TIMESTAMP.BODY". `timestamp` is of the attempt, in seconds
// since 1970.
[[nodiscard]] std::string standard_signature(std::string_view id, int64_t timestamp,
                                             std::string_view body, std::string_view key);

}  // namespace highwater::notify
