// Part "node": which brokers are reached from the node that this agent runs on, how fast, and which
// of those that are not work for others. Used by NodeCollector, on its thread.
//
// Whether a broker is down is not judged here: that needs no node, and is done once for a cluster.
#pragma once

#include <cstdint>
#include <span>

#include "agent/core/observation.h"
#include "collectors/kafka/brokers/node_view.h"
#include "collectors/tables/key_tracker.h"
#include "collectors/tables/number_symbols.h"

namespace highwater::collectors {

class NodeInterpreter {
 public:
  // `judges_cluster`: the agent judges the brokers themselves too, by connections from here. What
  // is not reached is told of as a broker that is down then, and not once more.
  NodeInterpreter(Symbol cluster, Symbol node, bool judges_cluster);

  [[nodiscard]] static std::span<const Measure* const> measures();

  [[nodiscard]] Observation interpret(const kafka::NodeView& view, Now now, Duration cadence);

 private:
  const Symbol cluster_;
  const Symbol node_;
  const bool judges_cluster_;
  NumberSymbols numbers_;
  KeyTracker node_keys_{{"cluster", "node"}};
  KeyTracker broker_keys_{{"cluster", "node", "broker"}};
};

}  // namespace highwater::collectors
