// Validity: until when a reading may be used. What a table says is true from the moment it was read
// until its observation expires, and unknown after that, whenever somebody looks. Used by the rule
// watches and the SLO watches; pure.
#pragma once

#include <algorithm>

#include "agent/core/observation.h"

namespace highwater::rules {

// The last moment at which the observation still holds: is_stale() is true after it.
[[nodiscard]] inline SteadyTime holds_until(const Observation& observation) {
  return observation.at.steady +
         std::max<Duration>(observation.cadence * kStaleCadences, kStaleFloor);
}

// Of what rests on two observations; either may be null.
[[nodiscard]] inline SteadyTime holds_until(const ObservationPtr& first,
                                            const ObservationPtr& second) {
  SteadyTime until = SteadyTime::max();
  if (first != nullptr) until = holds_until(*first);
  if (second != nullptr) until = std::min(until, holds_until(*second));
  return until;
}

}  // namespace highwater::rules
