// Moments as people write them. Pure; any thread.
#pragma once

#include <string_view>

#include "agent/core/result.h"
#include "agent/core/time.h"

namespace highwater::rules {

// "2026-12-05 22:00", "2026-12-05T22:00:30", "2026-12-05": as the clocks of `zone` show it; with
// "Z" or "+01:00" behind it that holds instead. What the clocks show twice is the first of them,
// what they skip the moment of the change.
[[nodiscard]] Result<WallTime> parse_moment(std::string_view text, std::string_view zone = "UTC");

}  // namespace highwater::rules
