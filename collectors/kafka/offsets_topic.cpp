#include "collectors/kafka/offsets_topic.h"

#include <algorithm>
#include <limits>

#include "agent/core/utf8.h"

namespace highwater::kafka {
namespace {

constexpr uint32_t kReplacement = 0xFFFD;  // in place of what is not valid

uint32_t code_point(std::string_view sequence) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(sequence[i]) & 0xff; };
  switch (sequence.size()) {
    case 1:
      return byte(0);
    case 2:
      return (byte(0) & 0x1f) << 6 | (byte(1) & 0x3f);
    case 3:
      return (byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
    default:
      return (byte(0) & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 |
             (byte(3) & 0x3f);
  }
}

// Over the units of UTF-16, in which Java keeps texts.
uint32_t java_hash(std::string_view text) {
  uint32_t hash = 0;
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text.front());
    if (first < 0x80) {
      hash = 31 * hash + first;
      text.remove_prefix(1);
      continue;
    }
    const size_t length = utf8::sequence_length(text);
    const uint32_t point = length == 0 ? kReplacement : code_point(text.substr(0, length));
    if (point < 0x10000) {
      hash = 31 * hash + point;
    } else {
      hash = 31 * hash + (0xD800 + ((point - 0x10000) >> 10));
      hash = 31 * hash + (0xDC00 + ((point - 0x10000) & 0x3ff));
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return hash;
}

}  // namespace

int32_t offsets_partition(std::string_view group, int32_t partitions) {
  if (partitions <= 0) return 0;
  const auto hash = static_cast<int32_t>(java_hash(group));
  // Kafka's own: the smallest number has no counterpart, and counts as 0.
  const int32_t positive = hash == std::numeric_limits<int32_t>::min() ? 0 : std::abs(hash);
  return positive % partitions;
}

OffsetsTopic::OffsetsTopic(const ClusterView& view) {
  if (view.topics_reason != Unknown::known) return;
  for (const std::vector<TopicView>* topics : {&view.internal_topics, &view.topics}) {
    const auto found = std::ranges::lower_bound(
        *topics, kOffsetsTopic, {},
        [](const TopicView& topic) { return std::string_view(topic.name.text()); });
    if (found == topics->end() || found->name.text() != kOffsetsTopic) continue;
    if (found->reason == Unknown::known && !found->partitions.empty()) topic_ = &*found;
    return;
  }
}

bool OffsetsTopic::any_leaderless() const {
  return topic_ != nullptr &&
         std::ranges::any_of(topic_->partitions,
                             [](const PartitionView& partition) { return partition.leader < 0; });
}

std::span<const PartitionView> OffsetsTopic::partitions() const {
  if (topic_ == nullptr) return {};
  return topic_->partitions;
}

const PartitionView* OffsetsTopic::partition_of(std::string_view group) const {
  if (topic_ == nullptr) return nullptr;
  const auto& partitions = topic_->partitions;
  const int32_t wanted = offsets_partition(group, static_cast<int32_t>(partitions.size()));
  const auto found = std::ranges::lower_bound(partitions, wanted, {}, &PartitionView::index);
  return found == partitions.end() || found->index != wanted ? nullptr : &*found;
}

}  // namespace highwater::kafka
