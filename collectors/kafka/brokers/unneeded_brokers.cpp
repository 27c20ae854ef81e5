#include "collectors/kafka/brokers/unneeded_brokers.h"

#include <algorithm>

namespace highwater::kafka {
namespace {

bool votes(const QuorumView& quorum, int32_t broker) {
  return std::ranges::find(quorum.voters, broker, &QuorumReplica::id) != quorum.voters.end();
}

void drop_holders(std::set<int32_t>& away, const MetadataResponse& metadata) {
  for (const auto& topic : metadata.topics) {
    for (const auto& partition : topic.partitions) {
      for (const int32_t replica : partition.replica_nodes) away.erase(replica);
      if (away.empty()) return;
    }
  }
}

}  // namespace

void UnneededBrokers::update(const MetadataResponse& metadata, const ClusterView& view,
                             SteadyTime now) {
  // Without topics it says nothing about replicas: they were not requested, or are hidden.
  if (metadata.topics.empty()) return;
  std::set<int32_t> away;
  for (const auto& [id, broker] : view.brokers) {
    if (!broker.listed && broker.status != BrokerStatus::up && !votes(view.quorum, id))
      away.insert(id);
  }
  if (!away.empty()) drop_holders(away, metadata);
  std::erase_if(since_, [&](const auto& entry) { return !away.contains(entry.first); });
  for (const int32_t broker : away) since_.try_emplace(broker, now);
}

std::vector<int32_t> UnneededBrokers::forgotten(const DescribeClusterResponse& registered,
                                                SteadyTime now) const {
  std::vector<int32_t> brokers;
  for (const auto& [id, since] : since_) {
    const bool is_registered =
        std::ranges::find(registered.brokers, id, &DescribeClusterResponse::Broker::broker_id) !=
        registered.brokers.end();
    if (!is_registered && now - since >= kForgetUnneededAfter) brokers.push_back(id);
  }
  return brokers;
}

}  // namespace highwater::kafka
