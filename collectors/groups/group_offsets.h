// Committed offsets, lag and losses of every group: the join of what coordinators say about commits
// and leaders about ends. Tables of part "groups"; used by its interpreter.
//
// Lag counts the records that the group can still read (record_counts.h). Whatever stands
// between us and either number is the row's reason. A group whose topic was deleted loses its rows
// with the topic.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "agent/core/watch_first.h"
#include "collectors/groups/group_activity.h"
#include "collectors/groups/group_capacity.h"
#include "collectors/groups/group_losses.h"
#include "collectors/groups/group_progress.h"
#include "collectors/groups/group_rates.h"
#include "collectors/groups/group_readings.h"
#include "collectors/groups/group_verdicts.h"
#include "collectors/groups/lag_window.h"
#include "collectors/groups/offset_resets.h"
#include "collectors/groups/retention_margin.h"
#include "collectors/interpreter.h"
#include "collectors/tables/column.h"
#include "collectors/tables/key_tracker.h"
#include "collectors/tables/number_symbols.h"
#include "collectors/tables/numbered_keys.h"
#include "collectors/tables/row_history.h"
#include "collectors/tables/topic_index.h"
#include "collectors/topics/partition_skew.h"

namespace highwater::collectors {

class GroupOffsets {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();
  [[nodiscard]] static std::span<const WatchFirst> watch_first();

  // `groups` has one row per group of the view, as has `activities`.
  void add_to(Observation& observation, const kafka::ClusterView& view,
              const std::shared_ptr<const KeySet>& groups,
              std::span<const GroupActivity> activities, NumberSymbols& numbers);

 private:
  // The runs of one group.
  struct GroupRuns {
    uint32_t first_run = 0;
    uint32_t end_run = 0;
    bool any_assigned = false;
  };
  // What is remembered about a group's topic.
  struct Memory {
    LagWindow window;
    double committed_sum = kNoValue;
    std::optional<SteadyTime> moved;  // when a commit was last seen to move
  };
  struct Rows;

  void add_group(const kafka::ClusterView& view, const kafka::GroupView& group, uint32_t group_row,
                 Rows& rows);
  void add_topic(const kafka::ClusterView& view, const kafka::GroupView& group,
                 const kafka::CommittedTopic& committed, const TopicIndex::Place& place,
                 uint32_t group_row, Rows& rows);
  void add_commit(const kafka::CommittedOffset& commit, const kafka::GroupView& group,
                  const kafka::PartitionView* partition, Unknown listed, GroupTopic& run,
                  Rows& rows);
  bool note_assigned(const kafka::GroupView& group);
  void add_uncommitted(const kafka::ClusterView& view, const kafka::GroupView& group,
                       uint32_t group_row, Rows& rows);
  void add_losses(const kafka::ClusterView& view, Rows& rows,
                  const std::shared_ptr<const KeySet>& keys);
  void note_beyond_end(const kafka::ClusterView& view, Observation& observation,
                       const Rows& rows) const;
  void judge_runs(std::vector<Memory>& memory, std::span<const GroupActivity> activities, Now now);
  void add_sums(Observation& observation, std::vector<Memory>& memory,
                const std::shared_ptr<const KeySet>& keys);
  void add_maxima(Observation& observation, const kafka::ClusterView& view);
  void add_doings(Observation& observation, const GroupReadings& readings);

  TopicIndex topics_;
  NumberedKeys<3, 1> keys_{{"cluster", "group", "topic", "partition"}};
  KeyTracker sum_keys_{{"cluster", "group", "topic"}};
  KeyTracker max_keys_{{"cluster", "group"}};
  RowHistory<Memory> history_;  // by row of sum_keys_
  // Of the poll in hand; kept to reuse their memory.
  std::vector<GroupTopic> runs_;     // by row of sum_keys_: what each group committed in one topic
  std::vector<GroupRuns> by_group_;  // by group
  struct Assigned {
    uint32_t topic;
    uint32_t position;
    uint32_t row;
  };
  std::vector<Assigned> assigned_;          // of the group in hand
  std::vector<uint64_t> topic_assigned_;    // by topic: the last group that reads it
  std::vector<uint64_t> topic_committed_;   // by topic: the last group that has a run in it
  std::vector<uint64_t> row_committed_;     // by partition: the last group that has a commit in it
  std::vector<uint32_t> topic_run_;         // by topic: the row of the last run in it
  uint64_t stamp_ = 0;                      // of the group in hand; grows for ever
  std::vector<GroupPartition> partitions_;  // by row of keys_
  std::vector<UncommittedPartition> uncommitted_;  // in rising order of rows
  std::vector<size_t> assigned_topics_;  // by group: partitions of the topics its members read
  GroupLosses losses_;
  GroupProgress progress_;
  GroupRates rates_;
  GroupVerdicts verdicts_;
  RetentionMargin retention_;
  PartitionSkew skew_;
};

}  // namespace highwater::collectors
