// Rates of records, and exact arithmetic with them: how many came by a moment, when the nth came.
//
// Used by the scenario reader, the logs and the consumers of the simulator. Pure values, any
// thread. Moments are durations since the scenario began; what is older than the scenario is
// negative.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/core/result.h"
#include "agent/core/time.h"

namespace highwater::simulator {

struct Rate {
  std::int64_t records = 0;  // in each `per`
  Duration per = std::chrono::seconds(1);

  [[nodiscard]] bool zero() const { return records == 0; }
  bool operator==(const Rate&) const = default;
};

// "100/s", "0.5/s", "6/m", "3/h", "0". At most 1,000,000 a second and three decimals.
[[nodiscard]] Result<Rate> parse_rate(std::string_view text);
[[nodiscard]] std::string format_rate(const Rate& rate);

// Records that come evenly from a moment on. count() and time_of() are exact inverses.
struct Ramp {
  Duration start{};
  std::int64_t first = 0;  // records there were at `start`
  Rate rate;

  // Records that are there at `at`, which is not before `start`.
  [[nodiscard]] std::int64_t count(Duration at) const;
  // When record number `record` (from 0) comes; only for record >= first and a rate that is not
  // zero.
  [[nodiscard]] Duration time_of(std::int64_t record) const;
};

}  // namespace highwater::simulator
