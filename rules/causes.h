// Causes: who is explained by whom. Given the alerts that fire anew and the incidents that are
// open, decides for each alert whether it is evidence or opens an incident. Used by the incident
// book, on the pipeline's thread; pure but for the graphs it keeps.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rules/incident.h"

namespace highwater::rules {

// A firing alert without an incident.
struct Newcomer {
  LiveAlert* alert = nullptr;
  ObservationPtr revealed_by;
  uint64_t former = 0;  // the incident whose evidence it was
  TraceId former_correlation;
};

// Where a newcomer belongs: to an open incident, or to the one that the newcomer `root` opens.
struct Place {
  uint64_t incident = 0;  // 0: to the root's
  size_t root = 0;        // its place among the newcomers; may be the newcomer itself
};

class Causes {
 public:
  using Incidents = std::map<uint64_t, std::unique_ptr<OpenIncident>>;

  // The cluster's observations of this evaluation.
  void follow(const Symbol& cluster, std::span<const ObservationPtr> observations);

  // One place per newcomer. The newcomers are in the order in which ties are decided.
  [[nodiscard]] std::vector<Place> place(std::span<const Newcomer> newcomers,
                                         const Incidents& incidents, SteadyTime now);
};

}  // namespace highwater::rules
