// Which partition of __consumer_offsets a group belongs to. The leader of that partition is the
// group's coordinator, and the only broker that lists it. Pure, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "collectors/kafka/cluster_view.h"

namespace highwater::kafka {

inline constexpr std::string_view kOffsetsTopic = "__consumer_offsets";

// As Kafka computes it: the hash of Java's String, without its sign, modulo the partitions. 0 when
// there are none.
[[nodiscard]] int32_t offsets_partition(std::string_view group, int32_t partitions);

// __consumer_offsets by the newest Metadata. Must not outlive the view's topics.
class OffsetsTopic {
 public:
  explicit OffsetsTopic(const ClusterView& view);

  // False while the topic is not listed: there was never a group, or the right to see it is
  // missing.
  [[nodiscard]] bool known() const { return topic_ != nullptr; }
  [[nodiscard]] bool any_leaderless() const;
  // None while the topic is not known.
  [[nodiscard]] std::span<const PartitionView> partitions() const;
  // The partition of the group; null when its place is not known.
  [[nodiscard]] const PartitionView* partition_of(std::string_view group) const;

 private:
  const TopicView* topic_ = nullptr;
};

}  // namespace highwater::kafka
