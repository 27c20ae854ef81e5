// Topics that were deleted while they were watched, also when another of the same name was created.
// A table of part "partitions"; used by its interpreter, on its thread.
#pragma once

#include <map>
#include <span>
#include <utility>
#include <vector>

#include "collectors/interpreter.h"
#include "collectors/tables/key_tracker.h"

namespace highwater::collectors {

class DeletedTopics {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();

  void add_to(Observation& observation, const kafka::ClusterView& view, SteadyTime now);

 private:
  void find_deleted(const kafka::ClusterView& view, SteadyTime now);

  std::vector<std::pair<Symbol, kafka::TopicId>> listed_;  // as last known; by name
  std::map<Symbol, SteadyTime> deleted_;                   // when that was seen
  KeyTracker keys_{{"cluster", "topic"}};
};

}  // namespace highwater::collectors
