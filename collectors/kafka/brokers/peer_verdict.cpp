#include "collectors/kafka/brokers/peer_verdict.h"

#include <algorithm>

namespace highwater::kafka {
namespace {

bool lists(const MetadataResponse& metadata, int32_t broker) {
  return std::ranges::find(metadata.brokers, broker, &MetadataResponse::Broker::node_id) !=
         metadata.brokers.end();
}

template <class List>
bool any_other(const List& brokers, int32_t broker, const auto& condition) {
  return std::any_of(brokers.begin(), brokers.end(),
                     [&](int32_t other) { return other != broker && condition(other); });
}

// It leads what others could follow, and none of them is in sync.
bool is_unfollowed(const MetadataResponse& metadata, int32_t broker) {
  bool leads = false;
  for (const auto& topic : metadata.topics) {
    for (const auto& partition : topic.partitions) {
      if (partition.leader_id != broker) continue;
      if (any_other(partition.isr_nodes, broker, [](int32_t) { return true; })) return false;
      leads = leads || any_other(partition.replica_nodes, broker,
                                 [&](int32_t other) { return lists(metadata, other); });
    }
  }
  return leads;
}

}  // namespace

PeerVerdict peer_verdict(int32_t broker, std::span<const MetadataResponse> answers) {
  if (answers.empty()) return PeerVerdict::unknown;
  const auto all_list = [&](const MetadataResponse& metadata) { return lists(metadata, broker); };
  if (!std::ranges::all_of(answers, all_list)) return PeerVerdict::not_listed;
  const auto unfollowed = [&](const MetadataResponse& metadata) {
    return is_unfollowed(metadata, broker);
  };
  return std::ranges::any_of(answers, unfollowed) ? PeerVerdict::unfollowed : PeerVerdict::serving;
}

}  // namespace highwater::kafka
