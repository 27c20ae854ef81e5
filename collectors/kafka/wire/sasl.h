// Logging in to a broker: SaslHandshake (version 1), then SaslAuthenticate (version 1) as often as
// the mechanism needs.
//
// Used by the connection, before anything but ApiVersions, and again before the session ends.
// auth_bytes are secrets: they are never logged. Plain values, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "collectors/kafka/wire/api.h"
#include "collectors/kafka/wire/error_code.h"
#include "collectors/kafka/wire/primitives.h"

namespace highwater::kafka {

struct SaslHandshakeResponse {
  static constexpr ApiKey kApiKey = ApiKey::kSaslHandshake;

  ErrorCode error_code{};
  std::vector<std::string> mechanisms;  // those that the broker has enabled

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const SaslHandshakeResponse&) const = default;
};

struct SaslHandshakeRequest {
  static constexpr ApiKey kApiKey = ApiKey::kSaslHandshake;
  using Response = SaslHandshakeResponse;

  std::string mechanism;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const SaslHandshakeRequest&) const = default;
};

struct SaslAuthenticateResponse {
  static constexpr ApiKey kApiKey = ApiKey::kSaslAuthenticate;

  ErrorCode error_code{};
  std::optional<std::string> error_message;
  Bytes auth_bytes;
  std::int64_t session_lifetime_ms = 0;  // 0: without limit; else the broker hangs up afterwards

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const SaslAuthenticateResponse&) const = default;
};

struct SaslAuthenticateRequest {
  static constexpr ApiKey kApiKey = ApiKey::kSaslAuthenticate;
  using Response = SaslAuthenticateResponse;

  Bytes auth_bytes;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const SaslAuthenticateRequest&) const = default;
};

}  // namespace highwater::kafka
