// What `highwater init` learns of a cluster: a collector watches it for a few seconds. Main's
// thread waits; the collector has its own.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "agent/core/observation.h"
#include "agent/core/result.h"
#include "collectors/kafka/poll/cluster_poller.h"

namespace highwater::agent {

struct GroupFacts {
  std::string name{};
  std::vector<std::string> topics{};  // those it has committed offsets of, in order
  double records_per_second = 0;      // by its commits, while it was watched
  bool has_members = false;
};

struct ClusterFacts {
  size_t brokers = 0;
  std::vector<std::string>
      addresses{};  // "kafka-1:9092"; of all brokers, in the order of their ids
  size_t topics = 0;
  std::vector<GroupFacts> groups{};     // the busiest first
  std::vector<std::string> problems{};  // what could not be read, in words
};

// The newest observation of each part of one cluster, and the first one of its groups.
struct SeenCluster {
  std::map<std::string, ObservationPtr, std::less<>> parts{};
  ObservationPtr first_groups{};
};

// Pure. What was not seen is missing in the facts.
[[nodiscard]] ClusterFacts facts_of(const SeenCluster& seen);

// Watches until the groups were seen twice, five seconds apart, or `wait` is over. The error says
// why no broker could be asked.
[[nodiscard]] Result<ClusterFacts> look_at_cluster(kafka::ClusterSettings settings, Duration wait);

}  // namespace highwater::agent
