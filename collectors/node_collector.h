// NodeCollector: watches from the node that the agent runs on which brokers of one cluster are
// reached; the probe works on a thread of its own, and the interpreter on the same one.
#pragma once

#include <functional>

#include "agent/core/log.h"
#include "agent/core/observation.h"
#include "collectors/cluster/node.h"
#include "collectors/kafka/brokers/node_probe.h"

namespace highwater::collectors {

class NodeCollector {
 public:
  using Publish = std::function<void(ObservationPtr)>;  // the probe's thread; must not block

  // `log` must outlive the collector.
  NodeCollector(kafka::NodeProbeSettings settings, Symbol node, bool judges_cluster, Log& log,
                Publish publish);

  void start() { probe_.start(); }
  void stop() { probe_.stop(); }  // bounded; no publish afterwards

 private:
  const Publish publish_;
  NodeInterpreter interpreter_;  // the probe's thread
  kafka::NodeProbe probe_;
};

}  // namespace highwater::collectors
