#include "collectors/group_progress.h"

#include <algorithm>

namespace highwater::collectors {

std::span<const TopicProgress> GroupProgress::update(const GroupReadings& readings) {
  std::vector<Memory>& partitions = partitions_.align(readings.partition_keys);
  std::vector<TopicProgress>& topics = topics_.align(readings.topic_keys);
  for (size_t i = 0; i < readings.topics.size(); ++i) {
    const GroupTopic& topic = readings.topics[i];
    for (uint32_t row = topic.first_row; row < topic.end_row; ++row)
      follow(readings.partitions[row], partitions[row], topics[i]);
  }
  return topics;
}

void GroupProgress::follow(const GroupPartition& seen, Memory& before, TopicProgress& progress) {
  if (seen.reason != Unknown::known) return;
  const int64_t committed = seen.commit->offset;
  const int64_t end = seen.partition->high_watermark.offset;
  if (before.end >= 0) {
    progress.produced += static_cast<double>(std::max<int64_t>(0, end - before.end));
    progress.consumed += static_cast<double>(std::max<int64_t>(0, committed - before.committed));
  }
  before = {committed, end};
}

}  // namespace highwater::collectors
