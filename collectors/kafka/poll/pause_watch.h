// PauseWatch: whether our own thread stood still: the process was stopped or frozen, the machine
// slept, or nobody gave us a processor. What was read before a pause says nothing about the time
// after it, however soon after the pause it is looked at. Used by the poller, on the cluster's
// thread. Pure: times are arguments.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>

#include "agent/core/time.h"

namespace highwater::kafka {

class PauseWatch {
 public:
  // A thread that beats each second and did not for this long was paused. Shorter than what any
  // reading holds for.
  static constexpr Duration kPause = std::chrono::seconds(8);

  // To be called each second, and before anything is made of what was read. True when the thread
  // was paused since the last call. The steady clock stops while the machine sleeps, so both count.
  bool beat(Now now) {
    const Now before = std::exchange(last_, std::optional<Now>(now)).value_or(now);
    const Duration gap = std::max(now.steady - before.steady, now.wall - before.wall);
    if (gap < kPause) return false;
    resumed_ = now.steady;
    return true;
  }
  // Whether the last pause ended after `time`.
  [[nodiscard]] bool paused_since(SteadyTime time) const { return resumed_ && *resumed_ > time; }
  [[nodiscard]] const std::optional<SteadyTime>& resumed() const { return resumed_; }

 private:
  std::optional<Now> last_;
  std::optional<SteadyTime> resumed_;
};

}  // namespace highwater::kafka
