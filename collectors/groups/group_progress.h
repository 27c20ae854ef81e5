// GroupProgress: how far each group and its topics moved since the poll before, partition by
// partition: the history that the rates, verdicts and moves of groups share. On the interpreter's
// thread.
//
// A partition that cannot be read stands still here until it can be, and then makes up for it. A
// topic that was created anew under its name starts over.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "collectors/groups/group_readings.h"
#include "collectors/tables/row_history.h"

namespace highwater::collectors {

// Committed offsets that did not move by reading.
struct OffsetMove {
  SteadyTime seen{};
  WallTime at{};
  bool back = false;
  int32_t partition = -1;  // the first of them
  int64_t before = 0;
  int64_t after = 0;
  uint32_t partitions = 0;
};

// What one group and topic saw since the watch began.
struct TopicProgress {
  double produced = 0;  // records; only of partitions with a commit
  double consumed = 0;  // offsets that were committed; never goes back
  uint64_t rewinds = 0;
  uint64_t skips = 0;
  std::optional<OffsetMove> move;  // the last one
  SteadyTime moved{};              // when a commit was last seen to move; before that, the start
  kafka::TopicId topic{};
  bool unattended = false;  // the group had no members
  uint32_t began = 0;       // its watch, as GroupProgress counts time

  // As of this poll. Before it was watched through a whole window, none of the counts can say 0.
  bool watched = false;
  // In partitions.
  uint32_t stuck = 0;        // unread records all through the window, and the commit stood still
  uint32_t slow = 0;         // the commit moves, and yet the lag did not shrink within the window
  uint32_t rewound = 0;      // the commit went back within the window
  uint32_t uncommitted = 0;  // records came for a member all through the window; never a commit
  uint32_t maybe_uncommitted = 0;  // they have been coming for less than the window
  uint32_t one_short = 0;          // whenever it is at rest, the lag is 1
  uint32_t stuck_row = 0;          // the partition that has stood still for longest
  SteadyTime stuck_since{};
};

class GroupProgress {
 public:
  // By row of the topics; valid until the next update.
  std::span<const TopicProgress> update(const GroupReadings& readings, Now now);

 private:
  // Tenths of a second since the watch began; 0: never.
  using Tick = uint32_t;
  // One for each partition and group: small.
  struct Memory {
    int64_t committed = -1;  // -1: no commit was seen
    int64_t end = -1;        // without a commit: when a member was first seen to read it
    int64_t lag_at_move = 0;
    Tick moved = 0;          // the commit; or it was first seen
    Tick unread = 0;         // since when in each poll something was unread
    Tick not_shrinking = 0;  // since when the lag did not shrink from move to move
    Tick rewound = 0;
    uint8_t rests_one_short = 0;  // in a row, each after other records; the lag was 1
    bool rested = false;          // counted
  };
  struct Poll {
    Now now;
    Tick tick = 0;
    Tick window = 0;
  };

  [[nodiscard]] SteadyTime time_of(Tick tick) const;
  void start(const GroupReadings& readings, size_t row, std::vector<Memory>& partitions,
             const Poll& poll);
  static void follow(const GroupPartition& seen, Memory& before, TopicProgress& progress,
                     const Poll& poll, bool unattended);
  static void follow_move(const GroupPartition& seen, const Memory& before, TopicProgress& progress,
                          const Poll& poll, bool unattended);
  static void follow_rest(int64_t lag, bool at_rest, Memory& memory);
  void judge(const Memory& memory, uint32_t row, TopicProgress& progress, const Poll& poll) const;
  static void follow_uncommitted(const GroupPartition& seen, Memory& before,
                                 TopicProgress& progress, const Poll& poll);

  RowHistory<Memory> partitions_;
  RowHistory<TopicProgress> topics_;
  std::optional<SteadyTime> began_;
};

}  // namespace highwater::collectors
