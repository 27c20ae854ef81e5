// The age of readings across a suspension of the machine. Used by the pipeline, on its thread;
// pure.
//
// The steady clock stops while the machine sleeps, the wall clock does not: a reading from before
// would count as seconds old when it is hours old. A wall clock that is set forward looks the same
// and is treated so: for one poll everything is unknown.
#pragma once

#include "agent/core/observation.h"

namespace highwater::agent {

// The observation itself, or a copy whose `at.steady` lies back by the time that the steady clock
// missed since it was taken.
[[nodiscard]] ObservationPtr aged(ObservationPtr observation, Now now);

}  // namespace highwater::agent
