// Notes on partitions of __consumer_offsets without a leader: the groups that cannot commit because
// of them. Used by the partitions interpreter. Pure.
#pragma once

#include "agent/core/observation.h"
#include "collectors/kafka/cluster_view.h"

namespace highwater::collectors {

void note_stranded_groups(Observation& observation, const kafka::ClusterView& view);

}  // namespace highwater::collectors
