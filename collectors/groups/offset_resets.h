// Offsets that moved by other means than reading: how often, and from where to where. Part of
// "groups"; used by its interpreter.
//
// Back is always such a move. Forward is one when the group had no members before and after; a
// consumer that came and went between two polls looks the same.
#pragma once

#include <span>

#include "collectors/groups/group_progress.h"
#include "collectors/tables/column.h"

namespace highwater::collectors {

class OffsetResets {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();

  static void add_to(Observation& observation, const GroupReadings& readings,
                     std::span<const TopicProgress> progress);
};

}  // namespace highwater::collectors
