// WatchFirst: a measure whose interpreter remembers what happened, and forgets it with a restart.
// Until it has watched for long enough what it says may be too small. Declared by the interpreters;
// read by the rules, which end no alert and count no good time by it before.
#pragma once

#include "agent/core/measure.h"
#include "agent/core/time.h"

namespace highwater {

struct WatchFirst {
  const Measure* measure = nullptr;
  Duration length{};          // from the start of the process
  bool zero_is_sure = false;  // 0 is seen at first sight ("it does not rebalance now")
};

}  // namespace highwater
