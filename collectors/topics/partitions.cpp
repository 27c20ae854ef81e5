#include "collectors/topics/partitions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "agent/core/plain_text.h"
#include "collectors/cluster/log_dirs.h"
#include "collectors/groups/stranded_groups.h"
#include "collectors/tables/column.h"
#include "collectors/topics/partition_columns.h"

namespace highwater::collectors {
namespace {

using kafka::PartitionView;
using kafka::TopicView;

const Measure kLogBytes{
    "partition_log_bytes",
    "Bytes of the partition's log on the broker; unknown while that broker does not report it.",
    Unit::bytes,
    MeasureType::gauge,
    {"cluster", "topic", "partition", "broker"}};
const Measure kReplicaInSync{
    "partition_replica_in_sync",
    "Whether the broker's replica is in sync with the partition's leader, or was when the "
    "partition lost it; unknown while the broker, or the leader that Metadata names, has failed.",
    Unit::boolean,
    MeasureType::gauge,
    {"cluster", "topic", "partition", "broker"}};
const Measure kBrokerLeads{"broker_leader_partitions",
                           "How many partitions the broker leads; unknown while it has failed and "
                           "Metadata still names it as a leader.",
                           Unit::count,
                           MeasureType::gauge,
                           {"cluster", "broker"}};
const Measure kBrokerHolds{"broker_replica_partitions",
                           "How many partitions have a replica on the broker.",
                           Unit::count,
                           MeasureType::gauge,
                           {"cluster", "broker"}};
const Measure kBrokerLogBytes{
    "broker_log_bytes",
    "Bytes of all logs on the broker; unknown while that broker does not report them.",
    Unit::bytes,
    MeasureType::gauge,
    {"cluster", "broker"}};
const Measure kImbalance{
    "broker_leader_imbalance_ratio",
    "Share of the partitions whose first replica, the preferred leader, is on the broker that it "
    "does not lead, as Kafka counts it for leader.imbalance.per.broker.percentage; 0 when it is "
    "the first of none, unknown while the broker is down.",
    Unit::ratio,
    MeasureType::gauge,
    {"cluster", "broker"}};

constexpr std::array<const Measure*, 6> kMeasures{&kLogBytes,    &kReplicaInSync,  &kBrokerLeads,
                                                  &kBrokerHolds, &kBrokerLogBytes, &kImbalance};

template <class Brokers>
bool contains(const Brokers& brokers, int32_t broker) {
  return std::find(brokers.begin(), brokers.end(), broker) != brokers.end();
}

// Why what is counted over all partitions would be wrong.
Unknown any_listing_reason(const kafka::ClusterView& view) {
  for (const TopicView& topic : view.topics) {
    const Unknown reason = listing_reason(view, topic);
    if (reason != Unknown::known && !topic.partitions.empty()) return reason;
  }
  return view.topics_reason;
}

}  // namespace

std::span<const Measure* const> PartitionsInterpreter::measures() {
  return kMeasures;
}

Observation PartitionsInterpreter::interpret(const kafka::ClusterView& view, PollInfo poll,
                                             Now now) {
  Observation observation = start_observation(view, "partitions", std::move(poll), now);
  numbers_.trim();
  find_brokers(view);
  add_partitions(observation, view);
  activity_.add_to(observation, view, brokers_, now);
  TopicTotals::add_to(observation, view, activity_.topics());
  dead_letters_.add_to(observation, view, now);
  deleted_topics_.add_to(observation, view, now.steady);
  open_transactions_.add_to(observation, view, now);
  return observation;
}

void PartitionsInterpreter::find_brokers(const kafka::ClusterView& view) {
  brokers_.begin(view);
  kafka::for_each_topic(view, [this](const TopicView& topic) {
    for (const PartitionView& partition : topic.partitions) {
      for (const int32_t replica : partition.replicas) brokers_.include(replica);
      brokers_.include(partition.leader);
      brokers_.include(partition.last_leader);
    }
  });
  loads_.assign(brokers_.count(), Load{});
}

void PartitionsInterpreter::add_partitions(Observation& observation,
                                           const kafka::ClusterView& view) {
  PartitionColumns columns(keys_.expected_rows());
  Column log_bytes(kLogBytes, log_keys_.expected_rows());
  Column in_sync(kReplicaInSync, log_keys_.expected_rows());
  Relation leads{"leads partitions", nullptr, nullptr, {}};
  leads.words = {"partition", "partitions", "offline", "failed over"};
  Relation holds{"holds replicas of partitions", nullptr, nullptr, {}};
  holds.words = {"partition", "partitions", "with a copy less", {}};
  leads.pairs.reserve(keys_.expected_rows());
  for (const TopicView& topic : view.topics) {
    const Unknown listed = listing_reason(view, topic);
    keys_.begin(view.cluster, topic.name);
    log_keys_.begin(view.cluster, topic.name);
    for (const PartitionView& partition : topic.partitions) {
      const uint32_t row = keys_.add(partition.index);
      const bool contradicted = brokers_.failed(partition.leader);
      columns.add(topic, partition, {listed, contradicted, isr_contradicted(partition, brokers_)});
      add_to_brokers(partition, row, contradicted, leads, holds);
      add_replicas(partition,
                   first_unknown(listed, contradicted ? Unknown::contradicted : Unknown::known),
                   log_bytes, in_sync);
    }
  }
  add_internal(observation, view, columns, leads, holds);
  leads.from = holds.from = keys_.finish(numbers_);
  leads.to = holds.to = brokers_.finish(view.cluster, numbers_);
  std::move(columns).move_to(observation, leads.from);
  const std::shared_ptr<const KeySet> replicas = log_keys_.finish(numbers_);
  observation.tables.push_back(std::move(log_bytes).build(replicas));
  observation.tables.push_back(std::move(in_sync).build(replicas));
  add_loads(observation, view, leads.to);
  relate_offline_dirs(observation, view, leads.from);
  observation.relations.push_back(std::move(leads));
  observation.relations.push_back(std::move(holds));
}

void PartitionsInterpreter::add_to_brokers(const PartitionView& partition, uint32_t row,
                                           bool contradicted, Relation& leads, Relation& holds) {
  for (const int32_t replica : partition.replicas) {
    const auto broker = brokers_.row(replica);
    if (!broker) continue;
    ++loads_[*broker].holds;
    relate_missing(partition, replica, row, holds);
  }
  if (!partition.replicas.empty()) {
    const int32_t preferred = *partition.replicas.begin();
    if (const auto first = brokers_.row(preferred)) {
      ++loads_[*first].preferred;
      if (partition.leader != preferred) ++loads_[*first].led_by_others;
    }
  }
  const bool leaderless = partition.leader < 0;
  const auto broker = brokers_.row(leaderless ? partition.last_leader : partition.leader);
  if (!broker) return;
  leads.pairs.emplace_back(row, *broker);
  Load& load = loads_[*broker];
  if (!leaderless) ++load.leads;
  if (leaderless || contradicted) ++load.lost;
  load.contradicted = load.contradicted || contradicted;
}

// Kafka's own topics have these rows only, so that rules see them; they count for no broker.
void PartitionsInterpreter::add_internal(Observation& observation, const kafka::ClusterView& view,
                                         PartitionColumns& columns, Relation& leads,
                                         Relation& holds) {
  for (const TopicView& topic : view.internal_topics) {
    if (topic.excluded) continue;
    const Unknown listed = listing_reason(view, topic);
    keys_.begin(view.cluster, topic.name);
    for (const PartitionView& partition : topic.partitions) {
      const uint32_t row = keys_.add(partition.index);
      const bool contradicted = brokers_.failed(partition.leader);
      columns.add(topic, partition, {listed, contradicted, isr_contradicted(partition, brokers_)});
      for (const int32_t replica : partition.replicas)
        relate_missing(partition, replica, row, holds);
      if (partition.leader >= 0 && !contradicted) continue;
      if (const auto broker = brokers_.row(partition.last_leader))
        leads.pairs.emplace_back(row, *broker);
    }
  }
  note_stranded_groups(observation, view);
}

// Only where the broker may be the reason for something: this keeps the relation small.
void PartitionsInterpreter::relate_missing(const PartitionView& partition, int32_t replica,
                                           uint32_t row, Relation& holds) const {
  const auto broker = brokers_.row(replica);
  // KRaft leaves the last replica of a partition in its ISR. Who led it is not known when it had no
  // leader before the agent came.
  const bool never_led = partition.leader < 0 && partition.last_leader < 0;
  if (broker && (never_led || !contains(partition.isr, replica) || brokers_.failed(replica)))
    holds.pairs.emplace_back(row, *broker);
}

// One row per replica, so that a broker that stopped telling leaves unknown rows, not gaps.
void PartitionsInterpreter::add_replicas(const PartitionView& partition, Unknown stated,
                                         Column& bytes, Column& in_sync) {
  for (const int32_t replica : partition.replicas) {
    log_keys_.add(partition.index, replica);
    const bool listed = contains(partition.isr, replica);
    const bool contradicted = listed && partition.leader >= 0 && brokers_.failed(replica);
    in_sync.add(listed ? 1 : 0,
                first_unknown(stated, contradicted ? Unknown::contradicted : Unknown::known));
    const auto size = std::find_if(partition.log_dirs.begin(), partition.log_dirs.end(),
                                   [&](const auto& one) { return one.broker == replica; });
    const bool has = size != partition.log_dirs.end();
    const Unknown reason = brokers_.down(replica) ? Unknown::broker_unreachable
                           : has                  ? Unknown::known
                                                  : Unknown::not_asked;
    bytes.add(has ? static_cast<double>(size->bytes) : kNoValue, reason);
    const auto broker = brokers_.row(replica);
    if (!broker) continue;
    Load& load = loads_[*broker];
    load.log_bytes += has ? static_cast<double>(size->bytes) : 0;
    load.log_reason = first_unknown(load.log_reason, reason);
  }
}

void PartitionsInterpreter::add_loads(Observation& observation, const kafka::ClusterView& view,
                                      const std::shared_ptr<const KeySet>& brokers) const {
  const Unknown reason = any_listing_reason(view);
  Column leads(kBrokerLeads, loads_.size());
  Column holds(kBrokerHolds, loads_.size());
  Column log_bytes(kBrokerLogBytes, loads_.size());
  Column imbalance(kImbalance, loads_.size());
  for (size_t row = 0; row < loads_.size(); ++row) {
    const Load& load = loads_[row];
    const Unknown contradicted = load.contradicted ? Unknown::contradicted : Unknown::known;
    leads.add(load.leads, first_unknown(reason, contradicted));
    holds.add(load.holds, reason);
    log_bytes.add(load.log_bytes, first_unknown(reason, load.log_reason));
    const bool down = brokers_.down(brokers_.id(row));
    imbalance.add(
        load.preferred == 0 ? 0 : static_cast<double>(load.led_by_others) / load.preferred,
        first_unknown(reason, down ? Unknown::broker_unreachable : Unknown::known));
    const auto broker = view.brokers.find(brokers_.id(row));
    if (load.lost == 0 || broker == view.brokers.end() || !kafka::is_failed(broker->second.status))
      continue;
    observation.problems.push_back(
        {fmt::format("broker {} {}: {} it led {} unknown or leaderless", broker->first,
                     status_words(broker->second.status), counted(load.lost, "partition"),
                     load.lost == 1 ? "is" : "are"),
         broker_entity(view, broker->first)});
  }
  observation.tables.push_back(std::move(leads).build(brokers));
  observation.tables.push_back(std::move(holds).build(brokers));
  observation.tables.push_back(std::move(log_bytes).build(brokers));
  observation.tables.push_back(std::move(imbalance).build(brokers));
}

}  // namespace highwater::collectors
