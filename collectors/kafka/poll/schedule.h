// Schedule: when a part of the poll is due. Used by the poller, on the cluster's thread. Pure:
// times are arguments.
#pragma once

#include <algorithm>
#include <cstdint>

#include "agent/core/time.h"

namespace highwater::kafka {

// When a part is due, and how much its cadence had to be stretched.
struct Schedule {
  Duration configured{};
  Duration effective{};
  SteadyTime next{};
  uint64_t missed = 0;

  [[nodiscard]] bool due(SteadyTime now) const { return now >= next; }
  void done(SteadyTime started, Duration took, Duration at_most) {
    const Duration wanted = std::min(configured, at_most);
    // Missed slots are counted and skipped, never replayed.
    if (took > wanted) missed += static_cast<uint64_t>(took / wanted);
    constexpr double kStretch = 1.5;
    effective =
        took * kStretch > wanted ? std::chrono::duration_cast<Duration>(took * kStretch) : wanted;
    next = started + effective;
  }
};

}  // namespace highwater::kafka
