#include "collectors/topics/partition_columns.h"

#include <algorithm>

namespace highwater::collectors {
namespace {

using kafka::OffsetView;
using kafka::PartitionView;
using kafka::TopicView;

const std::vector<std::string_view> kPartition{"cluster", "topic", "partition"};

const Measure kLeader{"partition_leader",
                      "Id of the broker that leads the partition; unknown while it has no leader, "
                      "or while the leader that Metadata names has failed.",
                      Unit::none, MeasureType::gauge, kPartition};
const Measure kLeaderEpoch{"partition_leader_epoch",
                           "Epoch of the partition's leader; it grows with every change of leader.",
                           Unit::none, MeasureType::gauge, kPartition};
const Measure kPreferredLeader{"partition_preferred_leader",
                               "Whether the first replica, the preferred one, leads the partition.",
                               Unit::boolean, MeasureType::gauge, kPartition};
const Measure kPreferredBroker{"partition_preferred_broker",
                               "Id of the broker with the partition's first replica, which leads "
                               "it by preference; -1 when Metadata names no replica.",
                               Unit::none, MeasureType::gauge, kPartition};
const Measure kLeaderless{"partition_leaderless",
                          "Whether the partition has no leader, so that nobody can write to it or "
                          "read from it.",
                          Unit::boolean, MeasureType::gauge, kPartition};
const Measure kReplicas{"partition_replicas",
                        "How many brokers hold a replica of the partition, those that a "
                        "reassignment is adding included.",
                        Unit::count, MeasureType::gauge, kPartition};
const Measure kInSync{"partition_in_sync_replicas",
                      "How many replicas are in sync with the leader; unknown while a broker among "
                      "them has failed.",
                      Unit::count, MeasureType::gauge, kPartition};
const Measure kUnderReplicated{"partition_under_replicated",
                               "Whether fewer replicas are in sync than were assigned before any "
                               "reassignment in progress; 0 for a partition without leader.",
                               Unit::boolean, MeasureType::gauge, kPartition};
const Measure kUnderMinIsr{"partition_under_min_isr",
                           "Whether fewer replicas are in sync than the topic's "
                           "min.insync.replicas, at most its number of replicas, so that producers "
                           "with acks=all fail; 0 for a partition without leader.",
                           Unit::boolean, MeasureType::gauge, kPartition};
const Measure kAtMinIsr{"partition_at_min_isr",
                        "Whether the replicas in sync are just the topic's min.insync.replicas "
                        "although more are assigned: one more loss stops producers with acks=all.",
                        Unit::boolean, MeasureType::gauge, kPartition};
const Measure kReassigning{"partition_reassigning",
                           "Whether the partition is being moved to other brokers.", Unit::boolean,
                           MeasureType::gauge, kPartition};
const Measure kLogStart{"partition_log_start_offset",
                        "Offset of the oldest record that the partition still holds.", Unit::none,
                        MeasureType::gauge, kPartition};
const Measure kHighWatermark{"partition_high_watermark",
                             "Offset after the newest record that all in-sync replicas have, up to "
                             "which consumers can read.",
                             Unit::none, MeasureType::gauge, kPartition};
const Measure kLastStable{"partition_last_stable_offset",
                          "Offset up to which no transaction is open; its distance to the high "
                          "watermark is what an open transaction holds back.",
                          Unit::none, MeasureType::gauge, kPartition};

constexpr std::array<const Measure*, 14> kMeasures{
    &kLeader,      &kLeaderEpoch, &kPreferredLeader, &kPreferredBroker, &kLeaderless,
    &kReplicas,    &kInSync,      &kUnderReplicated, &kUnderMinIsr,     &kAtMinIsr,
    &kReassigning, &kLogStart,    &kHighWatermark,   &kLastStable};

double flag(bool value) {
  return value ? 1 : 0;
}

Unknown when(bool condition, Unknown reason) {
  return condition ? reason : Unknown::known;
}

void add_offset(Column& column, const OffsetView& offset, bool leaderless) {
  const double value = offset.offset < 0 ? kNoValue : static_cast<double>(offset.offset);
  column.add(value, leaderless ? Unknown::leaderless : offset.reason);
}

}  // namespace

bool isr_contradicted(const PartitionView& partition, const BrokerRows& brokers) {
  if (partition.leader < 0 || !brokers.any_down()) return false;
  return std::any_of(partition.isr.begin(), partition.isr.end(),
                     [&](int32_t broker) { return brokers.failed(broker); });
}

std::span<const Measure* const> PartitionColumns::measures() {
  return kMeasures;
}

PartitionColumns::PartitionColumns(size_t rows)
    : leader_(kLeader, rows),
      leader_epoch_(kLeaderEpoch, rows),
      preferred_leader_(kPreferredLeader, rows),
      preferred_broker_(kPreferredBroker, rows),
      leaderless_(kLeaderless, rows),
      replicas_(kReplicas, rows),
      in_sync_(kInSync, rows),
      under_replicated_(kUnderReplicated, rows),
      under_min_isr_(kUnderMinIsr, rows),
      at_min_isr_(kAtMinIsr, rows),
      reassigning_(kReassigning, rows),
      log_start_(kLogStart, rows),
      high_watermark_(kHighWatermark, rows),
      last_stable_(kLastStable, rows) {}

void PartitionColumns::add(const TopicView& topic, const PartitionView& partition,
                           MetadataValidity validity) {
  add_leader(partition, validity);
  add_replication(topic, partition, validity);
  add_offsets(partition);
}

void PartitionColumns::add_leader(const PartitionView& partition, MetadataValidity validity) {
  const bool leaderless = partition.leader < 0;
  const Unknown stated =
      first_unknown(validity.listed, when(validity.leader_contradicted, Unknown::contradicted));
  const Unknown led = first_unknown(stated, when(leaderless, Unknown::leaderless));
  const int32_t leader = leaderless ? partition.last_leader : partition.leader;
  leader_.add(leader < 0 ? kNoValue : leader, led);
  leader_epoch_.add(partition.leader_epoch,
                    first_unknown(stated, when(partition.leader_epoch < 0, Unknown::leaderless)));
  preferred_leader_.add(flag(!partition.replicas.empty() && partition.replicas.front() == leader),
                        led);
  preferred_broker_.add(partition.replicas.empty() ? -1 : partition.replicas.front(),
                        validity.listed);
  leaderless_.add(flag(leaderless), stated);
}

void PartitionColumns::add_replication(const TopicView& topic, const PartitionView& partition,
                                       MetadataValidity validity) {
  const bool led = partition.leader >= 0;
  const auto in_sync = static_cast<int>(partition.isr.size());
  const int assigned = assigned_replicas(partition);
  const Unknown stated =
      first_unknown(validity.listed, when(validity.leader_contradicted, Unknown::contradicted));
  const Unknown isr = first_unknown(stated, when(validity.isr_contradicted, Unknown::contradicted));
  // The failed broker may still be among the replicas in sync: truly there are no more of them, so
  // what is short already stays known.
  const auto reason = [&](bool short_of_replicas) { return short_of_replicas ? stated : isr; };

  replicas_.add(static_cast<double>(partition.replicas.size()), validity.listed);
  reassigning_.add(flag(!partition.adding.empty() || !partition.removing.empty()), validity.listed);
  in_sync_.add(in_sync, isr);
  const bool under_replicated = led && in_sync < assigned;
  under_replicated_.add(flag(under_replicated), reason(under_replicated));
  if (led && !topic.config) {
    const Unknown config = first_unknown(topic.config_reason, Unknown::not_asked);
    under_min_isr_.add(kNoValue, first_unknown(isr, config));
    at_min_isr_.add(kNoValue, first_unknown(isr, config));
    return;
  }
  // Kafka itself asks for no more replicas in sync than there are.
  const int minimum = led ? std::min(topic.config->min_insync_replicas, assigned) : 0;
  const bool under_min_isr = led && in_sync < minimum;
  under_min_isr_.add(flag(under_min_isr), reason(under_min_isr));
  at_min_isr_.add(flag(led && in_sync == minimum && assigned > minimum), isr);
}

void PartitionColumns::add_offsets(const PartitionView& partition) {
  const bool leaderless = partition.leader < 0;
  add_offset(log_start_, partition.log_start, leaderless);
  add_offset(high_watermark_, partition.high_watermark, leaderless);
  add_offset(last_stable_, partition.last_stable, leaderless);
}

void PartitionColumns::move_to(Observation& observation,
                               const std::shared_ptr<const KeySet>& keys) && {
  for (Column* column : {&leader_, &leader_epoch_, &preferred_leader_, &preferred_broker_,
                         &leaderless_, &replicas_, &in_sync_, &under_replicated_, &under_min_isr_,
                         &at_min_isr_, &reassigning_, &log_start_, &high_watermark_, &last_stable_})
    observation.tables.push_back(std::move(*column).build(keys));
}

}  // namespace highwater::collectors
