#include "collectors/groups/group_progress.h"

#include <algorithm>
#include <utility>

namespace highwater::collectors {
namespace {

constexpr Duration kTick = std::chrono::milliseconds(100);
// Each after other records; by chance a group rarely stops so often just before the end.
constexpr uint8_t kRestsOneShort = 3;

// No member reads for the group, though some did before: then Kafka lets its tools move offsets.
bool is_unattended(const kafka::GroupView& group) {
  return group.state == "Empty" && !group.protocol.empty() && group.listed == Unknown::known;
}

bool anything_unread(const GroupPartition& seen) {
  const kafka::UnreadSince& unread = seen.commit->unread;
  if (unread.reason == Unknown::known) return unread.any;
  if (unread.reason == Unknown::may_be_marker) return false;
  return seen.lag() > 0;
}

}  // namespace

std::span<const TopicProgress> GroupProgress::update(const GroupReadings& readings, Now now) {
  if (!began_) began_ = now.steady - kTick;
  const Poll poll{now, static_cast<Tick>((now.steady - *began_) / kTick),
                  static_cast<Tick>(readings.window / kTick)};
  std::vector<Memory>& partitions = partitions_.align(readings.partition_keys);
  std::vector<TopicProgress>& topics = topics_.align(readings.topic_keys);
  for (size_t i = 0; i < readings.topics.size(); ++i) {
    const GroupTopic& topic = readings.topics[i];
    TopicProgress& progress = topics[i];
    start(readings, i, partitions, poll);
    const bool unattended = is_unattended(readings.view.groups[topic.group]);
    for (uint32_t row = topic.first_row; row < topic.end_row; ++row) {
      follow(readings.partitions[row], partitions[row], progress, poll,
             unattended && progress.unattended);
      judge(partitions[row], row, progress, poll);
    }
    progress.unattended = unattended;
  }
  for (const UncommittedPartition& one : readings.uncommitted)
    follow_uncommitted(readings.partitions[one.row], partitions[one.row], topics[one.topic], poll);
  return topics;
}

SteadyTime GroupProgress::time_of(Tick tick) const {
  return *began_ + tick * kTick;
}

void GroupProgress::start(const GroupReadings& readings, size_t row,
                          std::vector<Memory>& partitions, const Poll& poll) {
  const GroupTopic& topic = readings.topics[row];
  std::vector<TopicProgress>& topics = topics_.align(readings.topic_keys);
  TopicProgress& progress = topics[row];
  progress.stuck = progress.slow = progress.rewound = 0;
  progress.uncommitted = progress.maybe_uncommitted = progress.one_short = 0;
  if (progress.moved == SteadyTime{}) progress.moved = poll.now.steady;
  if (progress.began == 0 || progress.topic != topic.topic->id) {
    progress.began = poll.tick;
    progress.topic = topic.topic->id;
    for (uint32_t place = topic.first_row; place < topic.end_row; ++place) partitions[place] = {};
  }
  progress.watched = poll.tick - progress.began >= poll.window;
}

void GroupProgress::follow(const GroupPartition& seen, Memory& before, TopicProgress& progress,
                           const Poll& poll, bool unattended) {
  if (seen.reason != Unknown::known && seen.reason != Unknown::may_be_marker) return;
  const int64_t committed = seen.commit->offset;
  const int64_t end = seen.partition->high_watermark.offset;
  const int64_t lag = seen.lag();
  follow_rest(seen.reason == Unknown::known ? lag : 0,
              committed == before.committed && end == before.end, before);
  if (before.rests_one_short >= kRestsOneShort) ++progress.one_short;
  if (before.committed < 0) {
    before.moved = before.not_shrinking = poll.tick;
    before.lag_at_move = lag;
  } else {
    progress.produced += static_cast<double>(std::max<int64_t>(0, end - before.end));
    progress.consumed += static_cast<double>(std::max<int64_t>(0, committed - before.committed));
    if (committed != before.committed) {
      follow_move(seen, before, progress, poll, unattended);
      if (committed < before.committed) before.rewound = poll.tick;
      // What stood still and moves again has its chance.
      if (lag < before.lag_at_move || poll.tick - before.moved >= poll.window)
        before.not_shrinking = poll.tick;
      before.lag_at_move = lag;
      before.moved = poll.tick;
    }
  }
  before.committed = committed;
  before.end = end;
  if (!anything_unread(seen)) {
    before.unread = 0;
    before.not_shrinking = poll.tick;
  } else if (before.unread == 0) {
    before.unread = poll.tick;
  }
}

// A client that commits the offset of the last record, not of the next, has a lag of 1 at rest.
void GroupProgress::follow_rest(int64_t lag, bool at_rest, Memory& memory) {
  if (!at_rest) {
    memory.rested = false;
  } else if (lag != 1) {
    memory.rests_one_short = 0;
  } else if (!std::exchange(memory.rested, true) && memory.rests_one_short < kRestsOneShort) {
    ++memory.rests_one_short;
  }
}

void GroupProgress::follow_move(const GroupPartition& seen, const Memory& before,
                                TopicProgress& progress, const Poll& poll, bool unattended) {
  progress.moved = poll.now.steady;
  const bool back = seen.commit->offset < before.committed;
  if (!back && !unattended) return;
  const bool first =
      !progress.move || progress.move->seen != poll.now.steady || progress.move->back != back;
  if (!first) {
    ++progress.move->partitions;
    return;
  }
  ++(back ? progress.rewinds : progress.skips);
  progress.move = OffsetMove{poll.now.steady,  poll.now.wall,       back, seen.commit->partition,
                             before.committed, seen.commit->offset, 1};
}

void GroupProgress::judge(const Memory& memory, uint32_t row, TopicProgress& progress,
                          const Poll& poll) const {
  if (memory.rewound != 0 && poll.tick - memory.rewound < poll.window) ++progress.rewound;
  if (memory.unread == 0 || poll.tick - memory.unread < poll.window) return;
  if (poll.tick - memory.moved < poll.window) {
    if (poll.tick - memory.not_shrinking >= poll.window) ++progress.slow;
    return;
  }
  const SteadyTime since = time_of(memory.moved);
  if (progress.stuck++ == 0 || since < progress.stuck_since) {
    progress.stuck_since = since;
    progress.stuck_row = row;
  }
}

void GroupProgress::follow_uncommitted(const GroupPartition& seen, Memory& before,
                                       TopicProgress& progress, const Poll& poll) {
  if (!seen.partition->high_watermark.known()) return;
  const int64_t end = seen.partition->high_watermark.offset;
  if (before.end < 0 || before.committed >= 0) {
    before = {};
    before.end = end;
  }
  // It counts from the first record that came.
  if (before.moved == 0 && end > before.end) before.moved = poll.tick;
  if (before.moved == 0) return;
  ++(poll.tick - before.moved >= poll.window ? progress.uncommitted : progress.maybe_uncommitted);
}

}  // namespace highwater::collectors
