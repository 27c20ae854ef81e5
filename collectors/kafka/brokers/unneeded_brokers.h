// UnneededBrokers: which brokers that are down no longer belong to the cluster. Used by Brokers, on
// the cluster's thread. Pure: times are arguments.
//
// Before Kafka 4.0, DescribeCluster does not list registered brokers that are down. There a broker
// that Metadata does not list and that holds no replica is forgotten after a while.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "collectors/kafka/cluster_view.h"
#include "collectors/kafka/wire/metadata.h"

namespace highwater::kafka {

constexpr Duration kForgetUnneededAfter = std::chrono::minutes(10);

class UnneededBrokers {
 public:
  // `metadata` lists every topic; the view's brokers are those that it lists.
  void update(const MetadataResponse& metadata, const ClusterView& view, SteadyTime now);
  // Those that have been unneeded for so long; registered brokers never are.
  [[nodiscard]] std::vector<int32_t> forgotten(const DescribeClusterResponse& registered,
                                               SteadyTime now) const;
  void forget(int32_t broker) { since_.erase(broker); }

 private:
  std::map<int32_t, SteadyTime> since_;
};

}  // namespace highwater::kafka
