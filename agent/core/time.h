// Time as the whole product speaks of it. Used by every room, on any thread; nothing here has
// state.
//
// Below the pipeline time is an argument (`Now`): no function there reads a clock or sleeps.
// Durations and deadlines use the steady clock; what people read and what is stored uses the wall
// clock.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "agent/core/result.h"

namespace highwater {

using Duration = std::chrono::nanoseconds;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;  // UTC

// One moment on both clocks, read together.
struct Now {
  SteadyTime steady;
  WallTime wall;
};

// Where time comes from. Owned by main; everything above the pipeline that must know the time takes
// a Clock&.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Now now() const = 0;  // any thread
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Now now() const override;
};

// "1m30s", "250ms", "28d", "0s": a number and a unit, repeated, largest first. Units: ms s m h d w.
// A bare number is an error, except 0.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);
// The shortest exact form to the millisecond, e.g. "1m30s"; "0s" for zero; negative durations get a
// leading '-'.
[[nodiscard]] std::string format_duration(Duration duration);
// At most two units, for people: "9 s", "3 min 20 s", "2 h 5 min", "350 ms".
[[nodiscard]] std::string describe_duration(Duration duration);

// RFC 3339 in UTC with milliseconds: "2026-01-31T23:59:59.123Z".
[[nodiscard]] std::string format_time(WallTime time);
// The same for people: "2026-01-31 23:59:59 UTC". Of a text: what format_time() wrote; anything
// else is given back as it is.
[[nodiscard]] std::string describe_time(WallTime time);
[[nodiscard]] std::string describe_time(std::string_view time);
[[nodiscard]] double to_seconds(Duration duration);
[[nodiscard]] double to_unix_seconds(WallTime time);

}  // namespace highwater
