// TopicIndex: from a topic's name and a partition's number to its view and to its row among all
// partitions. Used by the group offsets, on the interpreter's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "collectors/kafka/cluster_view.h"
#include "collectors/tables/number_symbols.h"
#include "collectors/tables/numbered_keys.h"

namespace highwater::collectors {

class TopicIndex {
 public:
  // Follows the view, which must outlive the use of find() until the next update.
  void update(const kafka::ClusterView& view, NumberSymbols& numbers);

  struct Place {
    const kafka::TopicView* view = nullptr;
    uint32_t topic = 0;      // its number in the view
    uint32_t first_row = 0;  // of its first partition in keys()
  };
  // Nothing for a topic that was deleted or is excluded.
  [[nodiscard]] std::optional<Place> find(const Symbol& topic) const;
  // Where in `topic.partitions` the partition stands.
  [[nodiscard]] static std::optional<uint32_t> position(const kafka::TopicView& topic,
                                                        int32_t partition);

  // {cluster, topic, partition} of every partition of the view.
  [[nodiscard]] const std::shared_ptr<const KeySet>& keys() const { return keys_; }
  [[nodiscard]] size_t topics() const { return first_rows_.size(); }

 private:
  void index_names(const kafka::ClusterView& view);

  const kafka::ClusterView* view_ = nullptr;
  std::vector<uint32_t> first_rows_;  // by topic
  std::vector<Symbol> names_;         // those that by_name_ was made of
  std::unordered_map<Symbol, uint32_t> by_name_;
  NumberedKeys<2, 1> tracker_{{"cluster", "topic", "partition"}};
  std::shared_ptr<const KeySet> keys_;
};

}  // namespace highwater::collectors
