// What the interpreters of a Kafka cluster share. An interpreter is the pure half of a collector:
// it turns a ClusterView into one Observation, reads no clock, does no I/O, and keeps only the
// history it needs. One instance per cluster, on that cluster's thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "agent/core/observation.h"
#include "collectors/kafka/cluster_view.h"

namespace highwater::collectors {

// What the fetch half knows about the poll that brought the view.
struct PollInfo {
  Duration took{};
  Duration cadence{};   // the part's own, stretched when polls do not fit
  uint64_t missed = 0;  // polls skipped since start
  std::vector<Span> spans;
  std::vector<Problem> problems;
};

// An observation of `part` (a literal) without tables yet.
[[nodiscard]] Observation start_observation(const kafka::ClusterView& view, std::string_view part,
                                            PollInfo poll, Now now);

// The first of these that is not `known`; `known` when all are.
[[nodiscard]] constexpr Unknown first_unknown(Unknown first, Unknown second) {
  return first != Unknown::known ? first : second;
}

// Why what Metadata says about the topic is not fresh; `known` when it is.
[[nodiscard]] constexpr Unknown listing_reason(const kafka::ClusterView& view,
                                               const kafka::TopicView& topic) {
  return first_unknown(view.topics_reason, topic.reason);
}

// "cut off": the status as it stands in a sentence.
[[nodiscard]] std::string status_words(kafka::BrokerStatus status);
[[nodiscard]] Entity cluster_entity(const kafka::ClusterView& view);
[[nodiscard]] Entity broker_entity(const kafka::ClusterView& view, int32_t broker);

// How many replicas the partition is meant to have: those of a reassignment that are still being
// added do not count, as in Kafka's own under-replicated count.
[[nodiscard]] inline int assigned_replicas(const kafka::PartitionView& partition) {
  const auto& replicas = partition.replicas;
  const auto added =
      std::count_if(partition.adding.begin(), partition.adding.end(), [&](int32_t broker) {
        return std::find(replicas.begin(), replicas.end(), broker) != replicas.end();
      });
  return static_cast<int>(replicas.size()) - static_cast<int>(added);
}

}  // namespace highwater::collectors
