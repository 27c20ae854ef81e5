// How many name lookups may be abandoned. A lookup cannot be interrupted: when its request ends
// before it, libcurl leaves it in a thread of its own until the resolver gives up, half a minute
// with the usual resolv.conf. Without a limit a name service that is silent would fill the machine
// with such threads. One per Client; any thread.
#pragma once

#include <deque>
#include <mutex>

#include "agent/core/time.h"

namespace highwater::http {

class LookupBudget {
 public:
  static constexpr size_t kMost = 32;
  static constexpr Duration kLife = std::chrono::seconds(30);

  [[nodiscard]] bool may_begin(SteadyTime now);
  void abandoned(SteadyTime now);

 private:
  std::mutex mutex_;
  std::deque<SteadyTime> running_;  // when each was abandoned; under mutex_
};

}  // namespace highwater::http
