// Verdicts: what is wrong with how a group reads a topic, told from its commits without a threshold
// on lag. Part of "groups"; used by its interpreter.
//
// The verdicts are those of LinkedIn's Burrow ("Consumer Lag Evaluation Rules" in its wiki): a
// window of commits per partition; fine when anything in it was fully read; stalled when commits
// come and do not move; stopped when none come; rewound when they go back; a warning when they move
// and the lag never shrinks. What differs, because Burrow reads every commit from Kafka's internal
// topic and we see in each poll only what stands committed:
//  * The window is time, the same as for the growth of lag (two minutes or eight polls), not ten
//    commits.
//  * A commit of the same offset cannot be told from none. A partition that stands still is
//    stalled while the group has members, and stopped when it has none.
//  * Records that a reader of committed transactions cannot see yet, and transaction markers, are
//    not unread.
//  * Stopped is said only of a group that, until it stopped, was in use for most of the time it was
//    watched (of the last two days at most): those that run now and then, and those that have been
//    away for two days, are fine. Of a group never seen in use it is unknown for a day.
//  * One more: members read a partition, records come, and no offset was ever committed.
#pragma once

#include <span>

#include "agent/core/watch_first.h"
#include "collectors/groups/group_progress.h"
#include "collectors/tables/column.h"
#include "collectors/tables/key_tracker.h"

namespace highwater::collectors {

class GroupVerdicts {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();
  [[nodiscard]] static std::span<const WatchFirst> watch_first();

  void add_to(Observation& observation, const GroupReadings& readings,
              std::span<const TopicProgress> progress);

 private:
  // Which share of the time a group is in use, lately more than long ago.
  class Habit {
   public:
    void follow(bool in_use, SteadyTime now);
    // Whether it is, or was until it stopped, in use most of the time.
    [[nodiscard]] bool is_use() const;
    // Whether it has been in use without a break for two hours, or since the watch began.
    [[nodiscard]] bool runs_long(SteadyTime now) const;
    [[nodiscard]] bool known() const;

   private:
    SteadyTime last_{};
    SteadyTime last_used_{};
    SteadyTime began_{};  // the poll before it came into use; none when it was from the start
    bool in_use_ = false;
    bool usual_ = false;  // when it was last in use
    double used_ = 0;     // seconds
    double watched_ = 0;
  };

  static void add_in_use_lag(Column& column, const GroupTopic& topic, const TopicProgress& seen,
                             const GroupActivity& activity, const Habit& habit, SteadyTime now);
  // Whom to look at where the group stands still.
  void add_member(Column& members, const GroupReadings& readings, size_t row,
                  const TopicProgress& progress);
  static void add_note(Observation& observation, const GroupReadings& readings, size_t row,
                       const TopicProgress& progress);
  static void add_one_short_note(Observation& observation, const GroupReadings& readings,
                                 size_t row, const TopicProgress& progress);

  RowHistory<Habit> habits_;  // by group
  KeyTracker member_keys_{{"cluster", "group", "topic", "partition", "client_id", "host"}};
};

}  // namespace highwater::collectors
