#include "collectors/partitions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "collectors/column.h"
#include "collectors/partition_columns.h"

namespace highwater::collectors {
namespace {

using kafka::PartitionView;
using kafka::TopicView;

const Measure kLogBytes{
    "partition_log_bytes",
    "Bytes of the partition's log on the broker; unknown while that broker does not tell.",
    Unit::bytes,
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

constexpr std::array<const Measure*, 3> kMeasures{&kLogBytes, &kBrokerLeads, &kBrokerHolds};

bool contains(const std::vector<int32_t>& brokers, int32_t broker) {
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

size_t partition_count(const kafka::ClusterView& view) {
  size_t count = 0;
  for (const TopicView& topic : view.topics) count += topic.partitions.size();
  return count;
}

}  // namespace

std::span<const Measure* const> PartitionsInterpreter::measures() {
  return kMeasures;
}

Observation PartitionsInterpreter::interpret(const kafka::ClusterView& view, PollInfo poll,
                                             Now now) {
  Observation observation = start_observation(view, "partitions", std::move(poll), now);
  numbers_.trim();
  count_brokers(view);
  add_partitions(observation, view);
  add_log_sizes(observation, view);
  return observation;
}

void PartitionsInterpreter::count_brokers(const kafka::ClusterView& view) {
  brokers_.begin(view);
  for (const TopicView& topic : view.topics) {
    for (const PartitionView& partition : topic.partitions) {
      for (const int32_t replica : partition.replicas) brokers_.include(replica);
      brokers_.include(partition.leader);
      brokers_.include(partition.last_leader);
    }
  }
  loads_.assign(brokers_.count(), Load{});
}

void PartitionsInterpreter::add_partitions(Observation& observation,
                                           const kafka::ClusterView& view) {
  PartitionColumns columns(keys_.expected_rows());
  Relation leads{"leads partitions", nullptr, nullptr, {}};
  Relation holds{"holds replicas of partitions", nullptr, nullptr, {}};
  leads.pairs.reserve(partition_count(view));
  for (const TopicView& topic : view.topics) {
    const Unknown listed = listing_reason(view, topic);
    for (const PartitionView& partition : topic.partitions) {
      const uint32_t row = keys_.add(view.cluster, topic.name, numbers_.of(partition.index));
      const bool contradicted = brokers_.failed(partition.leader);
      columns.add(topic, partition, {listed, contradicted, isr_contradicted(partition, brokers_)});
      count(partition, contradicted);
      relate(partition, row, leads, holds);
    }
  }
  const auto keys = keys_.finish();
  const auto brokers = brokers_.finish(view.cluster, numbers_);
  std::move(columns).move_to(observation, keys);
  leads.from = holds.from = keys;
  leads.to = holds.to = brokers;
  observation.relations.push_back(std::move(leads));
  observation.relations.push_back(std::move(holds));
  add_loads(observation, view, brokers);
}

void PartitionsInterpreter::count(const PartitionView& partition, bool contradicted) {
  for (const int32_t replica : partition.replicas) {
    if (const auto row = brokers_.row(replica)) ++loads_[*row].holds;
  }
  if (const auto row = brokers_.row(partition.leader)) {
    ++loads_[*row].leads;
    if (contradicted) loads_[*row].contradicted = true;
    if (contradicted) ++loads_[*row].lost;
  } else if (const auto last = brokers_.row(partition.last_leader)) {
    ++loads_[*last].lost;
  }
}

void PartitionsInterpreter::relate(const PartitionView& partition, uint32_t row, Relation& leads,
                                   Relation& holds) const {
  const int32_t leader = partition.leader >= 0 ? partition.leader : partition.last_leader;
  if (const auto broker = brokers_.row(leader)) leads.pairs.emplace_back(row, *broker);
  // Only where the broker may be the reason for something: this keeps the relation small.
  for (const int32_t replica : partition.replicas) {
    if (contains(partition.isr, replica) && !brokers_.failed(replica)) continue;
    if (const auto broker = brokers_.row(replica)) holds.pairs.emplace_back(row, *broker);
  }
}

void PartitionsInterpreter::add_loads(Observation& observation, const kafka::ClusterView& view,
                                      const std::shared_ptr<const KeySet>& brokers) {
  const Unknown reason = any_listing_reason(view);
  Column leads(kBrokerLeads, loads_.size());
  Column holds(kBrokerHolds, loads_.size());
  for (size_t row = 0; row < loads_.size(); ++row) {
    const Load& load = loads_[row];
    leads.add(load.leads,
              first_unknown(reason, load.contradicted ? Unknown::contradicted : Unknown::known));
    holds.add(load.holds, reason);
    const auto broker = view.brokers.find(brokers_.id(row));
    if (load.lost == 0 || broker == view.brokers.end() || !kafka::is_failed(broker->second.status))
      continue;
    observation.problems.push_back(
        {fmt::format("broker {} {}: {} partitions it led are unknown or leaderless", broker->first,
                     status_words(broker->second.status), load.lost),
         broker_entity(view, broker->first)});
  }
  observation.tables.push_back(std::move(leads).build(brokers));
  observation.tables.push_back(std::move(holds).build(brokers));
}

// One row per replica, so that a broker that stopped telling leaves unknown rows, not gaps.
void PartitionsInterpreter::add_log_sizes(Observation& observation,
                                          const kafka::ClusterView& view) {
  Column bytes(kLogBytes, log_keys_.expected_rows());
  for (const TopicView& topic : view.topics) {
    for (const PartitionView& partition : topic.partitions) {
      const Symbol& number = numbers_.of(partition.index);
      for (const int32_t replica : partition.replicas) {
        log_keys_.add(view.cluster, topic.name, number, numbers_.of(replica));
        const auto told = std::find_if(partition.log_dirs.begin(), partition.log_dirs.end(),
                                       [&](const auto& size) { return size.broker == replica; });
        const bool has = told != partition.log_dirs.end();
        const Unknown reason = brokers_.down(replica) ? Unknown::broker_unreachable
                               : has                  ? Unknown::known
                                                      : Unknown::not_asked;
        bytes.add(has ? static_cast<double>(told->bytes) : kNoValue, reason);
      }
    }
  }
  observation.tables.push_back(std::move(bytes).build(log_keys_.finish()));
}

}  // namespace highwater::collectors
