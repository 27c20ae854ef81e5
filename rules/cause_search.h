// CauseSearch: one walk over a cluster's dependency graph that says, for each alert that fires
// anew, what explains it. Made for one evaluation by Causes; pure.
//
// The walk is depth first and finishes an entity after everything it depends on, so an alert always
// meets its causes already placed, and the order in which alerts arrive decides nothing.
#pragma once

#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/core/report.h"
#include "rules/dependency_graph.h"

namespace highwater::rules {

// A cause further away than this is none.
constexpr uint32_t kMaxHops = 6;

// Where a newcomer belongs: to an open incident, or to the one that the newcomer `root` opens.
struct Place {
  uint64_t incident = 0;  // 0: to the root's
  size_t root = 0;        // its place among the newcomers; may be the newcomer itself
};

// A firing alert of an open incident.
struct StandingAlert {
  DependencyGraph::Node node = 0;
  uint64_t incident = 0;
  Severity severity = Severity::ticket;
  bool is_cause = false;
  bool explains = true;         // false for what is about {cluster} alone
  bool covers_cluster = false;  // it explains whatever else is wrong with the cluster
  // A cause of an incident so young that a cause of its own may still take it over: one that began
  // at this time or before.
  std::optional<SteadyTime> absorbed_if_begun_by;
};

// An alert that fires anew. Those that come first win ties.
struct ArrivingAlert {
  DependencyGraph::Node node = 0;
  size_t newcomer = 0;
  Severity severity = Severity::ticket;
  bool explains = true;
  bool covers_cluster = false;
  SteadyTime began;
  std::optional<uint64_t> open;  // the incident it joins unless an alert explains it
};

struct SearchResult {
  std::vector<std::pair<size_t, Place>> places;       // newcomer, place
  std::vector<std::pair<uint64_t, size_t>> absorbed;  // incident, the newcomer that explains it
};

class CauseSearch {
 public:
  // The graph must be connected and outlive the search.
  explicit CauseSearch(const DependencyGraph& graph);

  void add(StandingAlert alert);
  void add(ArrivingAlert alert);
  [[nodiscard]] SearchResult run() &&;

 private:
  using Node = DependencyGraph::Node;
  // An alert that may explain others, and the incident it belongs to.
  struct Explainer {
    Severity severity;
    bool fresh;      // it fires in this evaluation
    uint64_t order;  // the lower the older
    Place place;
    SteadyTime began{};  // when fresh
  };
  // The best explainer seen from a node; `none` when there is none.
  struct Link {
    uint32_t explainer = kNone;
    uint32_t hops = 0;
  };
  struct Best {
    Link cause;     // among the causes of incidents
    Link evidence;  // among their evidence: asked only when there is no cause
  };
  struct AtNode {
    std::vector<StandingAlert> standing;
    std::vector<ArrivingAlert> arriving;
  };
  static constexpr uint32_t kNone = UINT32_MAX;

  void visit(Node start);
  void finish(Node node);
  [[nodiscard]] Best look_ahead(Node node) const;
  void place_standing(const AtNode& here, Best& best);
  void place_arriving(const AtNode& here, Best& best);
  [[nodiscard]] bool absorbs(Link cause, const StandingAlert& alert) const;
  void offer(Link& link, Link candidate) const;
  [[nodiscard]] uint32_t add_explainer(Explainer explainer);

  const DependencyGraph& graph_;
  std::unordered_map<Node, AtNode> alerts_;
  std::vector<Node> starts_;
  std::vector<uint8_t> visited_;  // by node: 0 no, 1 on the way, 2 finished
  std::vector<Best> best_;        // by node, once finished
  std::vector<Explainer> explainers_;
  uint32_t cluster_wide_ = kNone;
  SearchResult result_;
};

}  // namespace highwater::rules
