// Reach: what depends on an entity, now and in the time since it is followed. A partition that
// moved away from a dead broker depended on it when its group began to lag. Used by the explainers,
// on the pipeline's thread; no clock is read.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "agent/core/time.h"
#include "rules/incidents/dependency_graph.h"

namespace highwater::rules {

// A cause further away than this is none.
constexpr uint32_t kMaxHops = 6;
// For how long what an entity depended on may still explain what begins there: clients need time to
// notice, to fail over and to catch up.
constexpr Duration kAftermath = std::chrono::minutes(5);

class Reach {
 public:
  using Node = DependencyGraph::Node;
  struct Hit {
    uint32_t hops = 0;
    bool plain = false;        // by what the entity carries
    bool coordinator = false;  // as the coordinator of a group
  };

  // Takes up what depends on the node now. The graph is connected.
  void follow(const DependencyGraph& graph, Node start, SteadyTime now);
  // Nodes were renumbered; UINT32_MAX: forgotten.
  void renumber(std::span<const Node> numbers);
  void add_nodes_to(std::vector<Node>& nodes) const;

  // Whether the node, or any partition of the topic, depended on the entity at that time, or not
  // long before it.
  [[nodiscard]] std::optional<Hit> find(Node node, SteadyTime at) const;
  [[nodiscard]] bool has_topics() const { return !topics_.empty(); }
  [[nodiscard]] bool has_topic(const Symbol& topic, SteadyTime at) const;

  // What depends on it now.
  template <class Visit>
  void for_each_current(Visit visit) const {
    for (const Entry& entry : entries_) {
      if (entry.last == SteadyTime::max()) visit(entry.node);
    }
  }

 private:
  struct Entry {
    Node node = 0;
    Hit hit;
    SteadyTime last;  // max: it still depends on it
  };
  [[nodiscard]] std::vector<Entry> walk(const DependencyGraph& graph, Node start) const;

  std::vector<Entry> entries_;           // by node
  std::map<Symbol, SteadyTime> topics_;  // of which it carries partitions; until when
};

}  // namespace highwater::rules
