// Part "partitions": leaders, replicas and offsets of every partition, and what each broker leads
// and holds. Used by the poll of one cluster, on that cluster's thread.
//
// While a broker that Metadata lists has failed on the wire, what Metadata says of its partitions
// is no evidence: their leader and in-sync replicas are unknown (contradicted). An orderly stopped
// broker contradicts nothing. A partition without leader is leaderless, and nothing else: it is
// neither under-replicated nor under min ISR. Kafka's own topics are judged as well; what they hold
// is of no interest.
#pragma once

#include <span>
#include <vector>

#include "collectors/interpreter.h"
#include "collectors/tables/broker_rows.h"
#include "collectors/tables/column.h"
#include "collectors/tables/number_symbols.h"
#include "collectors/tables/numbered_keys.h"
#include "collectors/topics/dead_letters.h"
#include "collectors/topics/deleted_topics.h"
#include "collectors/topics/open_transactions.h"
#include "collectors/topics/topic_activity.h"
#include "collectors/topics/topic_totals.h"

namespace highwater::collectors {

class PartitionColumns;

class PartitionsInterpreter {
 public:
  // Without those of PartitionColumns, TopicActivity, TopicTotals, DeadLetters, DeletedTopics and
  // OpenTransactions.
  [[nodiscard]] static std::span<const Measure* const> measures();

  explicit PartitionsInterpreter(std::vector<Pattern> dead_letters = usual_dead_letters())
      : dead_letters_(std::move(dead_letters)) {}

  [[nodiscard]] Observation interpret(const kafka::ClusterView& view, PollInfo poll, Now now);

 private:
  // What one broker leads and holds, counted on the way through the partitions.
  struct Load {
    uint32_t leads = 0;
    uint32_t holds = 0;
    uint32_t preferred = 0;      // partitions whose first replica it has
    uint32_t led_by_others = 0;  // of those
    double log_bytes = 0;
    Unknown log_reason = Unknown::known;  // why log_bytes lacks something
    uint32_t lost = 0;  // partitions it led, or still leads by Metadata, that nobody can serve now
    bool contradicted = false;
  };

  void find_brokers(const kafka::ClusterView& view);
  void add_partitions(Observation& observation, const kafka::ClusterView& view);
  // Counts what brokers lead and hold, and relates the partition to them.
  void add_to_brokers(const kafka::PartitionView& partition, uint32_t row, bool contradicted,
                      Relation& leads, Relation& holds);
  void relate_missing(const kafka::PartitionView& partition, int32_t replica, uint32_t row,
                      Relation& holds) const;
  void add_internal(Observation& observation, const kafka::ClusterView& view,
                    PartitionColumns& columns, Relation& leads, Relation& holds);
  // `stated`: why Metadata is no evidence of the partition.
  void add_replicas(const kafka::PartitionView& partition, Unknown stated, Column& bytes,
                    Column& in_sync);
  void add_loads(Observation& observation, const kafka::ClusterView& view,
                 const std::shared_ptr<const KeySet>& brokers) const;

  NumberSymbols numbers_;
  BrokerRows brokers_;
  std::vector<Load> loads_;  // by broker row
  NumberedKeys<2, 1> keys_{{"cluster", "topic", "partition"}};
  NumberedKeys<2, 2> log_keys_{{"cluster", "topic", "partition", "broker"}};
  TopicActivity activity_;
  DeadLetters dead_letters_;
  DeletedTopics deleted_topics_;
  OpenTransactions open_transactions_;
};

}  // namespace highwater::collectors
