#include "exporters/http/access/logins.h"

#include <algorithm>
#include <random>

#include "agent/core/digest.h"
#include "exporters/http/access/bcrypt.h"

namespace highwater::http {
namespace {

std::string random_key() {
  std::random_device random;
  std::string key;
  while (key.size() < 32) key += static_cast<char>(random() & 0xffU);
  return key;
}

// What follows the scheme, whose case does not matter; empty: it is another scheme.
std::string_view credentials(std::string_view authorization, std::string_view scheme) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  if (authorization.size() <= scheme.size() || authorization[scheme.size()] != ' ') return {};
  if (!std::equal(scheme.begin(), scheme.end(), authorization.begin(),
                  [&](char a, char b) { return a == lower(b); }))
    return {};
  authorization.remove_prefix(scheme.size());
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' '), authorization.size()));
  return authorization;
}

}  // namespace

bool is_token(std::string_view text) {
  const size_t end = text.find_last_not_of('=');
  if (end == std::string_view::npos) return false;
  return std::ranges::all_of(text.substr(0, end + 1), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~+/").find(c) != std::string_view::npos;
  });
}

Logins::Logins(const std::vector<UserLogin>& users, const std::vector<TokenLogin>& tokens)
    : key_(random_key()) {
  for (const UserLogin& user : users) {
    users_[user.name] = {user.hash, user.role};
    if (bcrypt_cost(user.hash) > bcrypt_cost(costliest_)) costliest_ = user.hash;
  }
  for (const TokenLogin& token : tokens)
    tokens_[fingerprint("token", token.token)] = {token.role, token.name};
}

std::optional<Login> Logins::recall(std::string_view authorization) const {
  if (const std::string_view token = credentials(authorization, "bearer"); !token.empty()) {
    const auto found = tokens_.find(fingerprint("token", token));
    return found == tokens_.end() ? Login() : found->second;
  }
  const auto password = password_in(authorization);
  if (!password || users_.empty()) return Login();
  const std::lock_guard lock(mutex_);
  const auto right = right_.find(password->user);
  if (right == right_.end() || right->second != fingerprint(password->user, password->text))
    return std::nullopt;
  return Login{users_.find(password->user)->second.role, password->user};
}

Login Logins::check(std::string_view authorization) const {
  if (const auto known = recall(authorization)) return *known;  // by now
  const auto password = password_in(authorization);
  if (!password) return {};
  const auto user = users_.find(password->user);
  const bool known = user != users_.end();
  const bool matches = bcrypt_matches(password->text, known ? user->second.hash : costliest_);
  if (!known || !matches) return {};
  const std::lock_guard lock(mutex_);
  right_[password->user] = fingerprint(password->user, password->text);
  return {user->second.role, user->first};
}

std::string_view Logins::challenge() const {
  return users_.empty() ? "Bearer realm=\"Highwater\""
                        : "Basic realm=\"Highwater\", charset=\"UTF-8\"";
}

std::optional<Logins::Password> Logins::password_in(std::string_view authorization) {
  const auto text = base64_decoded(credentials(authorization, "basic"));
  const size_t colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  return Password{text->substr(0, colon), text->substr(colon + 1)};
}

std::string Logins::fingerprint(std::string_view kind, std::string_view secret) const {
  std::string text(kind);
  text += '\0';
  text += secret;
  return hmac_sha256(key_, text);
}

}  // namespace highwater::http
