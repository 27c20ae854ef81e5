// Causes: who is explained by whom. Given the alerts that fire anew and the incidents that are
// open, decides for each alert whether it is evidence or opens an incident, and remembers what
// depended on the causes of open incidents. Owned by the incident book, on the pipeline's thread.
//
// An alert is explained by a firing alert about something its entity depends on, over six relations
// at most: the nearest, then the most severe, then the oldest. Its entity is also about each part
// of itself that has two labels; {cluster} explains nothing, nor does an info; but an unreachable
// cluster explains whatever else is wrong with it. What nothing explains is evidence of an open
// incident that says the same, by the same measure, of a part of its entity; or of the page about a
// budget whose entity depends on it: who is awake for a burn is told of the broker that dies
// meanwhile.
//
// Graphs are kept only for clusters with open incidents: where nothing is wrong this costs nothing.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <vector>

#include "rules/cause_search.h"
#include "rules/incident.h"

namespace highwater::rules {

// A firing alert without an incident.
struct Newcomer {
  LiveAlert* alert = nullptr;
  ObservationPtr revealed_by;
  uint64_t former = 0;  // the incident whose evidence it was
  TraceId former_correlation;
};

class Causes {
 public:
  using Incidents = std::map<uint64_t, std::unique_ptr<OpenIncident>>;

  // The observations of this evaluation; they outlive the calls below. Dependents of the open
  // incidents are noted, graphs that nothing needs any more are dropped.
  void follow(std::span<const ClusterView> clusters, const Incidents& incidents);

  struct Placement {
    std::vector<Place> places;                          // by newcomer
    std::vector<std::pair<uint64_t, size_t>> absorbed;  // incident, the newcomer that explains it
  };
  // The newcomers are in the order in which ties are decided.
  [[nodiscard]] Placement place(std::span<const Newcomer> newcomers, const Incidents& incidents,
                                SteadyTime now);

  // Whether the alert would become evidence of the incident if it fired now.
  [[nodiscard]] bool explained(const OpenIncident& incident, const LiveAlert& alert);

  // Says what hangs on the cause, and remembers it.
  void opened(OpenIncident& incident);

 private:
  using Node = DependencyGraph::Node;
  struct Cluster {
    DependencyGraph graph;
    std::map<uint64_t, std::vector<Node>> dependents;  // by incident; sorted
  };

  Cluster& cluster(const Symbol& name);
  void drop_unneeded(const Incidents& incidents);
  void forget_unused(Cluster& cluster);
  void place_in(Cluster& cluster, std::span<const size_t> chosen,
                std::span<const Newcomer> newcomers, std::span<OpenIncident* const> incidents,
                SteadyTime now, Placement& placement);
  [[nodiscard]] static bool remembers(const Cluster& cluster, std::span<const Node> parts,
                                      const OpenIncident& incident, const LiveAlert& alert);
  [[nodiscard]] static std::optional<uint64_t> remembered(const Cluster& cluster, Node node,
                                                          const LiveAlert& alert,
                                                          std::span<OpenIncident* const> incidents);
  static void remember(Cluster& cluster, const OpenIncident& incident);

  std::span<const ClusterView> views_;
  std::map<Symbol, Cluster> clusters_;
};

}  // namespace highwater::rules
