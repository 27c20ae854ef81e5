// Moments that brokers told: the one place where a number from the network becomes a time.
#pragma once

#include <cstdint>
#include <optional>

#include "agent/core/time.h"

namespace highwater::kafka {

// The year 2200. Nanoseconds since 1970 fit into 64 bits until 2262; a moment beyond this is a
// broken clock or a hostile answer, and sums with it would overflow.
constexpr int64_t kLatestMillis = 7'258'118'400'000;

// Whether these Unix milliseconds are a moment; Kafka says 0 or less when it has none.
[[nodiscard]] constexpr bool is_moment(int64_t unix_ms) {
  return unix_ms > 0 && unix_ms <= kLatestMillis;
}

[[nodiscard]] constexpr std::optional<WallTime> moment(int64_t unix_ms) {
  if (!is_moment(unix_ms)) return std::nullopt;
  return WallTime(std::chrono::milliseconds(unix_ms));
}

// Of a record: producers stamp whatever they like, microseconds for example. Below zero is none.
[[nodiscard]] constexpr int64_t possible_stamp(int64_t unix_ms) {
  if (unix_ms < 0) return -1;
  return unix_ms > kLatestMillis ? kLatestMillis : unix_ms;
}

}  // namespace highwater::kafka
