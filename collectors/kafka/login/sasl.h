// SaslExchange: what one login says, message by message; the mechanisms behind it. Used by Login,
// on its worker's thread: a step may read a file, ask a token server or hash for a second.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/core/result.h"
#include "collectors/kafka/login/security.h"

namespace highwater::kafka {

class SaslExchange {
 public:
  virtual ~SaslExchange() = default;
  // What the client says first.
  [[nodiscard]] virtual Result<std::string> first() = 0;
  // What it says to an answer of the broker, which is a stranger's text; nothing: the login is
  // complete. An error never holds a secret.
  [[nodiscard]] virtual Result<std::optional<std::string>> next(std::string_view answer) = 0;
};

// "\0user\0password"
[[nodiscard]] std::unique_ptr<SaslExchange> make_plain(std::string username, std::string password);

// RFC 7628. The extensions go with the token; see check_extension().
[[nodiscard]] std::unique_ptr<SaslExchange> make_oauthbearer(std::string token,
                                                             const OauthSettings& settings);

// Why that is no extension; "" when it is one.
[[nodiscard]] std::string check_extension(std::string_view name, std::string_view value);
// Whether a token can be sent (RFC 6750): no blanks, no control characters.
[[nodiscard]] bool is_token(std::string_view text);

}  // namespace highwater::kafka
