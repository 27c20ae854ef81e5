// GroupProgress: how far each group and its topics moved since the poll before, partition by
// partition. The history that the rates and verdicts of groups share; on the interpreter's thread.
//
// A partition that cannot be read stands still here until it can be, and then makes up for it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "collectors/group_readings.h"
#include "collectors/row_history.h"

namespace highwater::collectors {

// What one group and topic saw in one poll.
struct TopicProgress {
  double produced = 0;  // records, since the watch began; only of partitions with a commit
  double consumed = 0;  // offsets that were committed, since the watch began; never goes back
};

class GroupProgress {
 public:
  // By row of the topics; valid until the next update.
  std::span<const TopicProgress> update(const GroupReadings& readings);

 private:
  // 16 bytes for each partition and group.
  struct Memory {
    int64_t committed = -1;
    int64_t end = -1;
  };
  static void follow(const GroupPartition& seen, Memory& before, TopicProgress& progress);

  RowHistory<Memory> partitions_;
  RowHistory<TopicProgress> topics_;
};

}  // namespace highwater::collectors
