// The cluster of which docs/performance.md speaks: 2,000 partitions, 510 groups and 5,400 committed
// offsets, all well. For micro benchmarks, and in other sizes for tests of what a cluster costs.
#pragma once

#include "collectors/interpreter.h"
#include "collectors/kafka/cluster_view.h"

namespace highwater::bench {

struct Size {
  int topics = 20;
  int partitions = 100;  // of each topic
  int groups = 510;      // each reads one topic
  int commits = 5400;    // of all groups
};

[[nodiscard]] kafka::ClusterView make_cluster(const Size& size = {});

// After the start of some watch.
[[nodiscard]] Now at(int64_t seconds);

// What the interpreters see of the cluster after a quarter of an hour of polls.
[[nodiscard]] SnapshotPtr watch(const kafka::ClusterView& view);
inline constexpr int64_t kWatched = 900;

}  // namespace highwater::bench
