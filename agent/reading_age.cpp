#include "agent/reading_age.h"

#include <utility>

namespace highwater::agent {
namespace {

// A clock that is being slewed stays below this between two polls.
constexpr Duration kMissed = std::chrono::seconds(2);

Duration difference(Now time) {
  return time.wall.time_since_epoch() - time.steady.time_since_epoch();
}

}  // namespace

ObservationPtr aged(ObservationPtr observation, Now now) {
  const Duration missed = difference(now) - difference(observation->at);
  if (missed <= kMissed) return observation;
  auto copy = std::make_shared<Observation>(*observation);
  copy->at.steady -= missed;
  return copy;
}

}  // namespace highwater::agent
