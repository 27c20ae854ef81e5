// Causes: who is explained by whom. Keeps, for the clusters with open incidents, the dependency
// graph and the alerts that may explain others. Owned by the incident book, on the pipeline's
// thread.
//
// An alert is explained by another one when all of this holds: the other one's fault is of a kind
// that the rule names in `caused_by`; the entity depends on the other one's, or did when the alert
// began; and the other one began first, as far as that can be seen. Of several the nearest wins,
// then the most severe, then the oldest. What only informs explains nothing.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rules/alerts/alerts.h"
#include "rules/incidents/explainer.h"
#include "rules/incidents/incident.h"

namespace highwater::rules {

class Causes {
 public:
  using Incidents = std::map<uint64_t, std::unique_ptr<OpenIncident>>;

  // The observations of this evaluation; they outlive the calls below. What depends on the causes
  // of open incidents is brought up to date; what nothing needs any more is dropped.
  void follow(std::span<const ClusterView> clusters, const Incidents& incidents, SteadyTime now);

  // Alerts that are about to be placed, all of them at once: afterwards nothing new is in the
  // graph.
  void prepare(std::span<const LiveAlert* const> alerts);

  // The open incident that explains the alert best.
  [[nodiscard]] std::optional<uint64_t> explained_by(const LiveAlert& alert);
  // The open incidents whose cause the alert explains, and nothing of which is older than it; the
  // oldest first.
  [[nodiscard]] std::vector<uint64_t> explains(const LiveAlert& alert, const Incidents& incidents,
                                               SteadyTime now);
  struct Related {
    uint64_t incident;
    bool affected;  // it is about what the alert breaks; otherwise the alert may be its consequence
  };
  // Open incidents that would explain the alert, or be explained by it, had they begun in another
  // order.
  [[nodiscard]] std::vector<Related> related(const LiveAlert& alert, const Incidents& incidents,
                                             SteadyTime now);
  // Whether the incident explains one of the alerts, or would if it fired now.
  [[nodiscard]] bool explains_any(const OpenIncident& incident,
                                  std::span<const LiveAlert* const> alerts);

  // The alert belongs to the incident now, and may explain others.
  void add(const OpenIncident& incident, const LiveAlert& alert, SteadyTime now);
  void ended(const OpenIncident& incident, const LiveAlert& alert, SteadyTime now);
  void merge(const OpenIncident& from, const OpenIncident& into);

  // What hangs on the incident's causes, as it is now.
  [[nodiscard]] std::vector<Impact> impact_of(const OpenIncident& incident);
  // Grows when impact_of may say something else.
  [[nodiscard]] uint64_t version() const { return version_; }

 private:
  using Node = DependencyGraph::Node;
  // What depended on a cause by one relation since it is one.
  struct Hung {
    uint16_t relation;
    std::vector<Node> nodes;  // sorted
  };
  struct Group {
    std::vector<Explainer> explainers;
    std::vector<Hung> hung;
  };
  struct Cluster {
    DependencyGraph graph;
    std::map<uint64_t, Group> incidents;
    uint64_t followed = 0;  // the version of the graph that the explainers know
  };

  Cluster& cluster(const Symbol& name);
  // Calls visit(id, incident, its cause, what the cause is about, its group or null) for each
  // incident of the cluster whose cause stands.
  template <class Visit>
  static void for_each_cause(const Symbol& name, Cluster& cluster, const Incidents& incidents,
                             Visit visit);
  void drop_unneeded(const Incidents& incidents);
  static void forget_unused(Cluster& cluster);
  static void note_hung(Cluster& cluster, Group& group);
  static void add_relations(const Cluster& cluster, const Group& group,
                            std::vector<Impact>& impact);
  static void add_readers(const Cluster& cluster, const Group& group, std::vector<Impact>& impact);
  static void add_whole(const Cluster& cluster, const Group& group, std::vector<Impact>& impact);

  std::span<const ClusterView> views_;
  std::map<Symbol, Cluster> clusters_;
  uint64_t version_ = 0;
};

}  // namespace highwater::rules
