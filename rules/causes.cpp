#include "rules/causes.h"

namespace highwater::rules {

void Causes::follow(const Symbol&, std::span<const ObservationPtr>) {}

std::vector<Place> Causes::place(std::span<const Newcomer> newcomers, const Incidents&,
                                 SteadyTime) {
  std::vector<Place> places(newcomers.size());
  for (size_t i = 0; i < places.size(); ++i) places[i].root = i;
  return places;
}

}  // namespace highwater::rules
