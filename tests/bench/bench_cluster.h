// The cluster of which docs/performance.md speaks: 2,000 partitions, 510 groups and 5,400 committed
// offsets, all well. For micro benchmarks.
#pragma once

#include "collectors/kafka/cluster_view.h"

namespace highwater::bench {

[[nodiscard]] kafka::ClusterView make_cluster();

}  // namespace highwater::bench
