// Room: whether the topics that a group reads have partitions enough for its members. Part of
// "groups"; used by its interpreter. Pure.
//
// A partition is read by one member at a time, so members beyond their number have nothing to do.
// With fewer than two for each member the load cannot be spread evenly, and there is no room to
// grow.
#pragma once

#include <memory>
#include <span>

#include "collectors/interpreter.h"
#include "collectors/tables/column.h"

namespace highwater::collectors {

class GroupCapacity {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();

  // `partitions`: by group of the view, of all topics that its members read.
  static void add_to(Observation& observation, const kafka::ClusterView& view,
                     const std::shared_ptr<const KeySet>& groups,
                     std::span<const size_t> partitions);
};

}  // namespace highwater::collectors
