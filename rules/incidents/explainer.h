// Explainer: a firing alert of an open incident, as a possible cause of others. Kept by Causes, on
// the pipeline's thread; no clock is read.
#pragma once

#include <optional>
#include <vector>

#include "rules/alerts/live_alert.h"
#include "rules/incidents/reach.h"

namespace highwater::rules {

// An alert in search of its cause: what it is about.
struct Subject {
  Subject(DependencyGraph& graph, const Entity& entity);
  // The edges were made anew.
  void follow(const DependencyGraph& graph);

  struct Part {
    DependencyGraph::Node node;
    bool has_topic;
  };

  DependencyGraph::Node node;
  std::vector<Part> parts;  // the node, and the parts of it that have two labels
  std::optional<Symbol> topic;
  bool has_partition = false;
  bool about_cluster = false;  // about nothing narrower
};

// Who explains best: the nearest, then the most severe, then the oldest.
struct CauseMatch {
  uint32_t hops = 0;
  Severity severity = Severity::ticket;
  SteadyTime onset;
  [[nodiscard]] bool better_than(const CauseMatch& other) const;
};

class Explainer {
 public:
  using Node = DependencyGraph::Node;
  // The graph is that of the alert's cluster.
  Explainer(const LiveAlert& alert, DependencyGraph& graph, SteadyTime now);

  // The graph changed, and is connected.
  void follow(const DependencyGraph& graph, SteadyTime now);
  // Only edges between nodes that are no row of a relation can have come.
  void follow_parts(const DependencyGraph& graph) { as_alert_.follow(graph); }
  void add_nodes_to(std::vector<Node>& nodes) const;
  void renumber(std::span<const Node> numbers);
  // Its alert ended, and is gone soon; what followed from it may still show.
  void end(SteadyTime now) {
    ended_ = now;
    alert_ = nullptr;
  }

  [[nodiscard]] bool is_of(const LiveAlert& alert) const { return alert_ == &alert; }
  [[nodiscard]] const FaultTraits& traits() const { return traits_; }
  [[nodiscard]] Node node() const { return subject_.node; }
  // What its alert is about, in search of a cause of its own.
  [[nodiscard]] const Subject& as_alert() const { return as_alert_; }
  [[nodiscard]] const Reach& reach() const { return reach_; }
  [[nodiscard]] SteadyTime not_before() const { return not_before_; }

  // Whether it may have caused the alert: by the kinds of both, by how they are related, and,
  // unless `whenever`, by when they began.
  [[nodiscard]] std::optional<CauseMatch> explains(const LiveAlert& alert, const Subject& subject,
                                                   bool whenever = false) const;

 private:
  [[nodiscard]] bool may_be_admitted(const CauseKinds& causes) const;
  [[nodiscard]] bool is_same(const Subject& subject, const Reach::Hit& hit) const;
  [[nodiscard]] bool in_time(const LiveAlert& alert) const;
  [[nodiscard]] std::optional<Reach::Hit> related(const LiveAlert& alert,
                                                  const Subject& subject) const;

  const LiveAlert* alert_;  // null: it ended
  FaultTraits traits_;
  Severity severity_;
  SteadyTime onset_;
  SteadyTime not_before_;
  std::optional<SteadyTime> ended_;
  Subject subject_;   // as it was when the alert fired
  Subject as_alert_;  // with the parts that are in the graph now
  Reach reach_;
};

}  // namespace highwater::rules
