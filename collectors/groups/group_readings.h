// GroupReadings: what one poll says of every group, topic by topic and partition by partition. Made
// by the group offsets; read by the interpreters of what a group does (group_progress.h and those
// after it), on the interpreter's thread, during one interpretation.
#pragma once

#include <memory>
#include <span>

#include "collectors/groups/group_activity.h"
#include "collectors/groups/time_lag_columns.h"
#include "collectors/interpreter.h"

namespace highwater::collectors {

// A row of {cluster, group, topic, partition}.
struct GroupPartition {
  const kafka::CommittedOffset* commit = nullptr;   // null: a member reads it, and never committed
  const kafka::PartitionView* partition = nullptr;  // null: Metadata does not list it at the moment
  Unknown reason = Unknown::known;                  // why its lag is unknown

  // Records from the commit on that the log still holds; deleted ones are lost, and no lag, and
  // transaction markers at the end are none. Only while `reason` is known.
  [[nodiscard]] int64_t lag() const {
    if (commit->unread.reason == Unknown::known && commit->unread.only_markers) return 0;
    const int64_t next = std::max(commit->offset, partition->log_start.offset);
    return std::max<int64_t>(0, partition->high_watermark.offset - next);
  }
};

// A row of {cluster, group, topic}.
struct GroupTopic {
  uint32_t group = 0;  // its number in the view
  const kafka::TopicView* topic = nullptr;
  uint32_t first_row = 0;  // of the partitions that it committed to
  uint32_t end_row = 0;
  double lag_sum = 0;
  double lag_max = 0;
  double committed_sum = 0;
  bool committed_known = true;
  bool any_commit = false;
  uint32_t beyond_end = 0;          // partitions whose commit is beyond the end of the log
  bool assigned = false;            // some member of the group reads the topic
  bool read = false;                // somebody reads it for the group, as far as is known
  Unknown reason = Unknown::known;  // of the lag, by the worst partition with a commit
  TimeLagColumns::Worst age;        // of the oldest unread record, by partitions with a commit

  // What is certain of some partitions stands, whatever the last offsets of others may be.
  void settle() {
    if (reason == Unknown::may_be_marker && lag_sum > 0) reason = Unknown::known;
    if (age.reason == Unknown::may_be_marker && age.seconds > 0) age.reason = Unknown::known;
  }
  // Of what does not depend on an offset more or less.
  [[nodiscard]] Unknown offsets_reason() const {
    return reason == Unknown::may_be_marker ? Unknown::known : lag_reason();
  }
  // Of numbers about all that it committed to.
  [[nodiscard]] Unknown lag_reason() const {
    return any_commit ? reason : first_unknown(reason, Unknown::no_commit);
  }
};

// A partition that a member reads and that the group never committed an offset of.
struct UncommittedPartition {
  uint32_t row = 0;    // of the partition
  uint32_t topic = 0;  // row of the group's topic
};

struct GroupReadings {
  const kafka::ClusterView& view;
  std::span<const GroupTopic> topics;
  std::span<const GroupPartition> partitions;
  std::span<const UncommittedPartition> uncommitted;
  std::span<const GroupActivity> activities;  // by group of the view
  std::shared_ptr<const KeySet> group_keys;
  std::shared_ptr<const KeySet> topic_keys;
  std::shared_ptr<const KeySet> partition_keys;
  Duration window{};  // lag_window_length(): what "in the last minutes" means
};

}  // namespace highwater::collectors
