// What a sidecar tells of a cluster: only what is about its groups and topics, and about its own
// way to Kafka. Used by the collector of a cluster with a scope, on its thread.
#pragma once

#include "agent/core/observation.h"

namespace highwater::collectors {

// Whether rows of the measure belong to an application, and not to who runs the cluster: what
// replicas, disks, the quorum and the configuration of topics are like is told elsewhere.
[[nodiscard]] bool is_in_scope(const Measure& measure);

// Leaves out the tables of all other measures.
void keep_scope(Observation& observation);

}  // namespace highwater::collectors
