#include "exporters/http/access/bcrypt.h"

#include <crypt.h>

#include <algorithm>
#include <memory>

namespace highwater::http {
namespace {

constexpr size_t kLength = 60;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Of bcrypt's own base64.
bool is_code(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '/';
}

// In a time that does not depend on where they differ.
bool same(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char differs = 0;
  for (size_t i = 0; i < a.size(); ++i) differs |= static_cast<unsigned char>(a[i] ^ b[i]);
  return differs == 0;
}

}  // namespace

int bcrypt_cost(std::string_view hash) {
  if (hash.size() != kLength || !hash.starts_with("$2") || hash[3] != '$' || hash[6] != '$')
    return 0;
  if (hash[2] != 'a' && hash[2] != 'b' && hash[2] != 'y') return 0;
  if (!is_digit(hash[4]) || !is_digit(hash[5])) return 0;
  if (!std::ranges::all_of(hash.substr(7), is_code)) return 0;
  const int cost = (hash[4] - '0') * 10 + (hash[5] - '0');
  return cost >= 4 && cost <= 31 ? cost : 0;
}

bool bcrypt_matches(const std::string& password, const std::string& hash) {
  if (bcrypt_cost(hash) == 0 || password.find('\0') != std::string::npos) return false;
  const auto data = std::make_unique<crypt_data>();  // 32 KiB
  const char* const computed = crypt_r(password.c_str(), hash.c_str(), data.get());
  return computed != nullptr && same(computed, hash);
}

}  // namespace highwater::http
