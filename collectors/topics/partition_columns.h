// The measures with one row per partition, and how each is judged. Used by the partitions
// interpreter alone.
#pragma once

#include <array>
#include <memory>
#include <span>

#include "collectors/interpreter.h"
#include "collectors/tables/broker_rows.h"
#include "collectors/tables/column.h"

namespace highwater::collectors {

// How far Metadata can be believed about one partition.
struct MetadataValidity {
  Unknown listed = Unknown::known;   // why Metadata is not fresh
  bool leader_contradicted = false;  // the leader it names has failed
  bool isr_contradicted = false;     // a failed broker stands among the in-sync replicas
};

// Of a partition that has a leader: without one nobody claims that the replicas are in sync.
[[nodiscard]] bool isr_contradicted(const kafka::PartitionView& partition,
                                    const BrokerRows& brokers);

class PartitionColumns {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();

  explicit PartitionColumns(size_t rows);
  void add(const kafka::TopicView& topic, const kafka::PartitionView& partition,
           MetadataValidity validity);
  void move_to(Observation& observation, const std::shared_ptr<const KeySet>& keys) &&;

 private:
  void add_leader(const kafka::PartitionView& partition, MetadataValidity validity);
  void add_replication(const kafka::TopicView& topic, const kafka::PartitionView& partition,
                       MetadataValidity validity);
  void add_offsets(const kafka::PartitionView& partition);

  Column leader_, leader_epoch_, preferred_leader_, preferred_broker_, leaderless_;
  Column replicas_, in_sync_, under_replicated_, under_min_isr_, at_min_isr_, reassigning_;
  Column log_start_, high_watermark_, last_stable_;
};

}  // namespace highwater::collectors
