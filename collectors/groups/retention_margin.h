// Retention margin: how far the group's oldest unread records are from being deleted. Part of
// "groups"; used by its interpreter.
//
// Records are deleted once they are older than the topic's retention.ms, or once the log after them
// is larger than its retention.bytes. Kafka deletes whole segments and never the one it writes to,
// so they may stay for longer: the margin is a lower bound. By bytes it rests on the mean size of
// the log's records and on how fast what is unread came in. Topics that keep their records for ever
// have no row.
#pragma once

#include <span>

#include "collectors/groups/group_readings.h"
#include "collectors/tables/column.h"
#include "collectors/tables/key_tracker.h"
#include "collectors/tables/row_history.h"
#include "collectors/tables/sample_ring.h"

namespace highwater::collectors {

class RetentionMargin {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();

  void add_to(Observation& observation, const GroupReadings& readings);

 private:
  // Of the partition that comes first.
  struct Margin {
    double seconds;        // infinite: no partition has one
    double records;        // from the start of the log to the oldest unread one
    double share = 1;      // of what retention grants
    bool complete = true;  // all that is needed of every partition was told
  };
  struct Columns;

  [[nodiscard]] static Margin margin_of(const GroupTopic& topic, const GroupReadings& readings,
                                        SteadyTime read);
  static void narrow(Margin& margin, const GroupPartition& seen, const kafka::TopicConfig& config,
                     double age);

  KeyTracker keys_{{"cluster", "group", "topic"}};
  RowHistory<SampleRing<1>> rings_;  // of the margin in seconds, by row of the topics
};

}  // namespace highwater::collectors
