#include "collectors/tables/topic_index.h"

#include <algorithm>

namespace highwater::collectors {

void TopicIndex::update(const kafka::ClusterView& view, NumberSymbols& numbers) {
  view_ = &view;
  index_names(view);
  first_rows_.clear();
  uint32_t row = 0;
  for (const kafka::TopicView& topic : view.topics) {
    first_rows_.push_back(row);
    tracker_.begin(view.cluster, topic.name);
    for (const kafka::PartitionView& partition : topic.partitions)
      row = tracker_.add(partition.index) + 1;
  }
  keys_ = tracker_.finish(numbers);
}

void TopicIndex::index_names(const kafka::ClusterView& view) {
  if (std::equal(names_.begin(), names_.end(), view.topics.begin(), view.topics.end(),
                 [](const Symbol& name, const auto& topic) { return name == topic.name; }))
    return;
  names_.clear();
  by_name_.clear();
  for (const kafka::TopicView& topic : view.topics) {
    by_name_.emplace(topic.name, static_cast<uint32_t>(names_.size()));
    names_.push_back(topic.name);
  }
}

std::optional<TopicIndex::Place> TopicIndex::find(const Symbol& topic) const {
  const auto found = by_name_.find(topic);
  if (found == by_name_.end()) return std::nullopt;
  return Place{&view_->topics[found->second], found->second, first_rows_[found->second]};
}

std::optional<uint32_t> TopicIndex::position(const kafka::TopicView& topic, int32_t partition) {
  const auto& partitions = topic.partitions;
  // Partitions without gaps are the rule.
  const auto guess = static_cast<size_t>(partition);
  if (partition >= 0 && guess < partitions.size() && partitions[guess].index == partition)
    return static_cast<uint32_t>(guess);
  const auto found = std::lower_bound(
      partitions.begin(), partitions.end(), partition,
      [](const kafka::PartitionView& view, int32_t wanted) { return view.index < wanted; });
  if (found == partitions.end() || found->index != partition) return std::nullopt;
  return static_cast<uint32_t>(found - partitions.begin());
}

}  // namespace highwater::collectors
