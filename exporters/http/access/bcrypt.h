// Passwords against bcrypt hashes, as htpasswd -B and Prometheus' exporters have them. The only
// file that knows libcrypt. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace highwater::http {

// Each step doubles the time: 10 takes about 50 ms of CPU, 14 a second.
constexpr int kMostBcryptCost = 14;

// The cost of "$2y$10$...", 4 to 31; 0: it is no bcrypt hash of the kinds 2a, 2b and 2y.
[[nodiscard]] int bcrypt_cost(std::string_view hash);

// Computes a hash, which is slow. Only the first 72 bytes of a password count; one with a NUL is
// always wrong.
[[nodiscard]] bool bcrypt_matches(const std::string& password, const std::string& hash);

}  // namespace highwater::http
