#include "collectors/groups/group_losses.h"

#include <algorithm>

namespace highwater::collectors {
namespace {

// How a group usually reads is not known before.
constexpr int kPolls = 4;

}  // namespace

int64_t GroupLosses::follow(size_t row, const GroupPartition& seen, SteadyTime now) {
  Memory& memory = (*memory_)[row];
  const int64_t committed = seen.commit->offset;
  const int64_t start = seen.partition->log_start.offset;
  const int64_t end = seen.partition->high_watermark.offset;
  if (now >= memory.said_until) memory.lost = 0;
  // Nothing lies beyond the end of a log: what says so is wrong, or the end is older.
  if (start > end || committed > end) return memory.lost;
  if (memory.committed >= 0 && committed > memory.committed) {
    const int64_t step = committed - memory.committed;
    // What was deleted before the last poll is a loss that was seen.
    const int64_t from = std::max(memory.committed, memory.start);
    const bool any_record =
        kafka::tail_content(*seen.partition, from, start) != kafka::LogTail::Content::nothing;
    const int64_t deleted = any_record ? start - from : 0;
    const bool had_unread = memory.committed < memory.end && !memory.doubtful;
    if (memory.polls >= kPolls && had_unread && deleted > 2 * memory.step && committed >= start) {
      memory.lost += deleted;
      memory.said_until = now + kSaid;
    } else {
      memory.step = std::max(memory.step - memory.step / 8, step);
    }
  }
  memory.polls = std::min(memory.polls + 1, kPolls);
  memory.committed = committed;
  memory.start = start;
  memory.end = end;
  const kafka::UnreadSince& unread = seen.commit->unread;
  memory.doubtful = unread.only_markers || unread.reason == Unknown::may_be_marker;
  return memory.lost;
}

}  // namespace highwater::collectors
