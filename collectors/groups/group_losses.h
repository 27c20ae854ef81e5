// Losses between two polls: records that were deleted after one reading, and that the group's next
// commit went past before the next one. Part of "groups"; used by the group offsets, on the
// interpreter's thread.
//
// A commit that lies before the start of the log shows a loss by itself. One that lay before it
// only between two polls does not: then the start of the log is beyond the commit of the poll
// before, and the commit beyond the start. The group may have read those records just before they
// were deleted; it is taken for a loss where the step is far larger than any it made in the polls
// before.
#pragma once

#include <cstdint>
#include <memory>

#include "collectors/groups/group_readings.h"
#include "collectors/tables/row_history.h"

namespace highwater::collectors {

class GroupLosses {
 public:
  // For so long a loss of this kind is said.
  static constexpr Duration kSaid = std::chrono::minutes(10);

  // One call for each poll, before loss(); `keys` are those of the partitions.
  void begin(const std::shared_ptr<const KeySet>& keys) { memory_ = &history_.align(keys); }
  // The row's commit and the start and end of its log are known. How many records the group lost
  // in this way of late.
  [[nodiscard]] int64_t follow(size_t row, const GroupPartition& seen, SteadyTime now);

 private:
  struct Memory {
    int64_t committed = -1;  // -1: not known yet
    int64_t start = 0;
    int64_t end = 0;
    int64_t step = 0;  // the largest of late
    int64_t lost = 0;
    int polls = 0;          // before it is judged
    bool doubtful = false;  // what was unread was markers, or may have been
    SteadyTime said_until{};
  };

  RowHistory<Memory> history_;
  std::vector<Memory>* memory_ = nullptr;
};

}  // namespace highwater::collectors
