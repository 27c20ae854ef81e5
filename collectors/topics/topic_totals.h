// What the partitions of each topic come to: how many are in which state, what they hold. People
// plot and sum these; the rows they are made of are far more. Tables of part "partitions"; used by
// its interpreter, on its thread. Pure.
#pragma once

#include <memory>
#include <span>

#include "agent/core/observation.h"
#include "collectors/kafka/cluster_view.h"

namespace highwater::collectors {

class TopicTotals {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();

  // From the tables of partitions that the observation has, which are in the order of the view.
  // `topics` has a row for each topic of the view.
  static void add_to(Observation& observation, const kafka::ClusterView& view,
                     const std::shared_ptr<const KeySet>& topics);
};

}  // namespace highwater::collectors
