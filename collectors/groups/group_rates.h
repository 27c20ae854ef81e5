// How fast records come and are read, for every group and topic, and when a group that lags will
// have caught up. Part of "groups"; used by its interpreter.
//
// Rates are means over the last four minutes (longer for slow polls), so that commits in batches do
// not make them jump: known after a minute, or when the commits were seen to move six times, so
// that a batch more or less is a sixth. A group has caught up when less than ten seconds of records
// are unread; one that reads no faster than records come never does, and has no row.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "collectors/groups/group_progress.h"
#include "collectors/tables/column.h"
#include "collectors/tables/key_tracker.h"
#include "collectors/tables/sample_ring.h"

namespace highwater::collectors {

class GroupRates {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();

  void add_to(Observation& observation, const GroupReadings& readings,
              std::span<const TopicProgress> progress);

 private:
  struct Rates {
    double produced = 0;  // records in a second
    double consumed = 0;
  };
  // What is remembered of a group and topic.
  struct Memory {
    SampleRing<2> ring;
    double consumed = 0;
    uint8_t moves = 0;  // of the commits, as far as it matters
  };
  [[nodiscard]] static std::optional<SampleRing<2>::Interval> follow(const TopicProgress& progress,
                                                                     SteadyTime at, Duration length,
                                                                     Memory& memory);
  // In seconds; 0 when it has caught up, nothing when it does not catch up.
  [[nodiscard]] static std::optional<double> time_to_catch_up(double lag, const Rates& rates);
  void add_note(Observation& observation, const GroupReadings& readings, size_t row,
                const TopicProgress& progress, const Rates& rates,
                std::optional<double> catches_up);

  RowHistory<Memory> history_;
  KeyTracker catching_up_keys_{{"cluster", "group", "topic"}};
};

}  // namespace highwater::collectors
