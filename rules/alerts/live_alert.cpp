#include "rules/alerts/live_alert.h"

#include <algorithm>

namespace highwater::rules {

void set_onset(LiveAlert& alert, SteadyTime seen, Duration cadence, Duration lasted) {
  alert.onset = seen - lasted;
  alert.not_before = alert.onset - std::min(cadence, kSeenAtLeastEvery) - kSeenWithin;
}

}  // namespace highwater::rules
