// What is left of a deadline that several steps share. Any thread.
#pragma once

#include <algorithm>
#include <chrono>

#include "agent/core/time.h"

namespace highwater::kafka {

// At least a tenth of a second, and in whole tenths: a text that names it stays the same.
[[nodiscard]] inline Duration remaining(SteadyTime deadline) {
  constexpr auto kStep = std::chrono::milliseconds(100);
  const Duration left = deadline - std::chrono::steady_clock::now();
  return std::max<Duration>(kStep, (left + kStep - Duration(1)) / kStep * kStep);
}

}  // namespace highwater::kafka
