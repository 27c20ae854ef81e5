// Logins: who may log in to the server, by a password (HTTP basic authentication) or a token
// (bearer), and what each may do. Immutable but for what it remembers; any thread.
//
// A password costs a slow hash (bcrypt.h), so that hashes that got out are hard to guess from. The
// last right password of each user is remembered as a fingerprint, and recognised without one: only
// who does not know a password makes the server compute.
#pragma once

#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporters/http/access/role.h"

namespace highwater::http {

struct UserLogin {
  std::string name;  // not empty, without ':'
  std::string hash;  // bcrypt
  Role role = Role::read;
};

struct TokenLogin {
  std::string name;
  std::string token;  // at least kShortestToken characters, see is_token()
  Role role = Role::read;
};

constexpr size_t kShortestToken = 16;
// Of the characters that RFC 6750 allows: never a ':', by which a password is told from it.
[[nodiscard]] bool is_token(std::string_view text);

class Logins {
 public:
  Logins(const std::vector<UserLogin>& users, const std::vector<TokenLogin>& tokens);

  // Whose the header `Authorization` is, as far as that takes microseconds. Nothing: check() must
  // compute a hash.
  [[nodiscard]] std::optional<Login> recall(std::string_view authorization) const;
  // The same with a hash, whether there is such a user or not.
  [[nodiscard]] Login check(std::string_view authorization) const;

  // What a client is asked for: the value of `WWW-Authenticate`.
  [[nodiscard]] std::string_view challenge() const;

 private:
  struct User {
    std::string hash;
    Role role = Role::read;
  };
  struct Password {
    std::string user;
    std::string text;
  };
  [[nodiscard]] static std::optional<Password> password_in(std::string_view authorization);
  [[nodiscard]] std::string fingerprint(std::string_view kind, std::string_view secret) const;

  const std::string key_;  // random: fingerprints mean nothing elsewhere
  std::map<std::string, User, std::less<>> users_;
  std::string costliest_;                // a hash, for users that do not exist
  std::map<std::string, Login> tokens_;  // by fingerprint
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::string, std::less<>>
      right_;  // user to fingerprint; under mutex_
};

}  // namespace highwater::http
