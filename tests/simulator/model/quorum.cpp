#include "tests/simulator/model/quorum.h"

#include <algorithm>
#include <chrono>

namespace highwater::simulator {
namespace {

// The metadata log gets a record twice a second even when nothing happens.
std::int64_t metadata_log_end(Duration at) {
  return 10'000 + at / std::chrono::milliseconds(500);
}

}  // namespace

Quorum::Quorum(std::vector<std::int32_t> voters, const std::vector<BrokerInfo>& brokers)
    : voters_(std::move(voters)), active_(voters_.front()), last_active_(voters_.front()) {
  for (const BrokerInfo& broker : brokers) replicas_[broker.id] = {};
}

void Quorum::set_up(std::int32_t broker, bool up, Duration now) {
  Replica& replica = replicas_.at(broker);
  if (replica.up && !up) replica.silent_since = now;
  replica.up = up;
}

bool Quorum::has_majority() const {
  const auto up =
      std::ranges::count_if(voters_, [&](std::int32_t id) { return replicas_.at(id).up; });
  return !lost_ && static_cast<size_t>(up) * 2 > voters_.size();
}

void Quorum::elect(Duration now) {
  const auto former = std::ranges::find(voters_, last_active_) - voters_.begin();
  for (size_t step = 1; step <= voters_.size(); ++step) {
    const std::int32_t next = voters_[(static_cast<size_t>(former) + step) % voters_.size()];
    if (!replicas_.at(next).up) continue;
    active_ = last_active_ = next;
    ++epoch_;
    elected_at_ = now;
    return;
  }
}

kafka::DescribeQuorumResponse Quorum::describe(const Viewpoint& view,
                                               const kafka::DescribeQuorumRequest& request) const {
  kafka::DescribeQuorumResponse answer;
  if (view.world.denied.cluster) {
    answer.error_code = kafka::ErrorCode::kClusterAuthorizationFailed;
    return answer;
  }
  for (const auto& asked : request.topics) {
    kafka::DescribeQuorumResponse::Topic topic{asked.topic_name, {}};
    for (const auto& asked_partition : asked.partitions) {
      auto& partition = topic.partitions.emplace_back();
      partition.partition_index = asked_partition.partition_index;
      if (asked.topic_name != "__cluster_metadata" || asked_partition.partition_index != 0) {
        partition.error_code = kafka::ErrorCode::kUnknownTopicOrPartition;
        continue;
      }
      partition.leader_id = active_.value_or(-1);
      partition.leader_epoch = epoch_;
      partition.high_watermark = metadata_log_end(view.now);
      for (const auto& [id, replica] : replicas_) {
        const bool votes = std::ranges::find(voters_, id) != voters_.end();
        (votes ? partition.current_voters : partition.observers).push_back(state_of(view, id));
      }
    }
    answer.topics.push_back(std::move(topic));
  }
  return answer;
}

// Followers fetch all the time; the leader has never heard of one that fell silent before it was
// elected.
kafka::DescribeQuorumResponse::ReplicaState Quorum::state_of(const Viewpoint& view,
                                                             std::int32_t id) const {
  const Replica& replica = replicas_.at(id);
  if (replica.up) {
    const std::int64_t now = view.to_unix_ms(view.now);
    return {id, metadata_log_end(view.now), now, now};
  }
  if (replica.silent_since < elected_at_) return {id, -1, -1, -1};
  const std::int64_t last = view.to_unix_ms(replica.silent_since);
  return {id, metadata_log_end(replica.silent_since), last, last};
}

}  // namespace highwater::simulator
