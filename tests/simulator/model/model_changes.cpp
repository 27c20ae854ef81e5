// Changes of a scenario that are no broker's death: leaders, groups, topics, rates, rights.
#include <fmt/format.h>

#include <algorithm>

#include "tests/simulator/model/consumption.h"
#include "tests/simulator/model/model.h"

namespace highwater::simulator {
namespace {

// How long a group needs to give its partitions to other members.
constexpr Duration kRebalance = std::chrono::seconds(1);

}  // namespace

Result<void> Model::on(const fault::Slow& fault) {
  auto broker = find_broker(fault.broker);
  if (!broker) return tl::unexpected(broker.error());
  (*broker)->disturbance.delay = fault.delay;
  return {};
}

Result<void> Model::on(const fault::HalfAnswer& fault) {
  auto broker = find_broker(fault.broker);
  if (!broker) return tl::unexpected(broker.error());
  (*broker)->half_answers = fault.times;
  return {};
}

Result<void> Model::on(const fault::Garbage& fault) {
  auto broker = find_broker(fault.broker);
  if (!broker) return tl::unexpected(broker.error());
  (*broker)->garbage = fault.times;
  (*broker)->disturbance.whole_frame = fault.whole_frame;
  return {};
}

Result<void> Model::on(const fault::LeaderChange& fault) {
  const Result<Topic*> topic = find_topic(fault.topic, fault.partition);
  if (!topic) return tl::unexpected(topic.error());
  Partition& partition = *(*topic)->partition(fault.partition);
  if (!partition.in_isr(fault.to))
    return fail(fmt::format("broker {} is not in the ISR of {}-{}", fault.to, fault.topic,
                            fault.partition));
  if (partition.leader != fault.to) controller().set_leader(**topic, partition, fault.to);
  settle();
  return {};
}

Result<void> Model::on(const fault::PreferredElection&) {
  controller().elect_preferred();
  settle();
  return {};
}

Result<void> Model::on(const fault::MoveCoordinators&) {
  controller().move_coordinators();
  settle();
  return {};
}

Result<void> Model::on(const fault::Loading& fault) {
  if (auto broker = find_broker(fault.broker); !broker) return tl::unexpected(broker.error());
  Topic* offsets = world_.topic(kOffsetsTopic);
  if (offsets == nullptr) return fail("there are no groups to load");
  for (Partition& partition : offsets->partitions) {
    if (partition.leader == fault.broker) partition.loading_until = now_ + fault.duration;
  }
  return {};
}

Result<void> Model::on(const fault::Denied& fault) {
  world_.denied = fault;
  return {};
}

Result<void> Model::on(const fault::FallBehind& fault) {
  if (auto broker = find_broker(fault.broker); !broker) return tl::unexpected(broker.error());
  if (fault.behind) {
    controller().leave_isrs(fault.broker);
  } else if (world_.alive.contains(fault.broker)) {
    controller().join_isrs(fault.broker);
  }
  settle();
  return {};
}

Result<void> Model::on(const fault::Reassign& fault) {
  const Result<Topic*> topic = find_topic(fault.topic, fault.partition);
  if (!topic) return tl::unexpected(topic.error());
  for (const std::int32_t broker : fault.to) {
    if (auto found = find_broker(broker); !found) return tl::unexpected(found.error());
  }
  if (fault.to.empty()) return fail("a partition needs a replica");
  controller().begin_reassignment(*(*topic)->partition(fault.partition), fault.to);
  after(fault.duration, [this, fault] {
    const Result<Topic*> still = find_topic(fault.topic, fault.partition);
    if (!still) return;
    controller().end_reassignment(**still, *(*still)->partition(fault.partition), fault.to);
    settle();
  });
  return {};
}

Result<void> Model::on(const fault::CreateTopic& fault) {
  if (world_.topic(fault.topic.name) != nullptr)
    return fail(fmt::format("there is a topic '{}' already", fault.topic.name));
  add_topic(world_, fault.topic, now_);
  settle();
  return {};
}

Result<void> Model::on(const fault::DeleteTopic& fault) {
  if (world_.topic(fault.topic) == nullptr)
    return fail(fmt::format("there is no topic '{}'", fault.topic));
  delete_topic(world_, fault.topic);
  return {};
}

Result<void> Model::on(const fault::AlterConfig& fault) {
  const Result<Topic*> topic = find_topic(fault.topic, 0);
  if (!topic) return tl::unexpected(topic.error());
  (*topic)->config[fault.name] = fault.value;
  apply_retention(world_, **topic);
  settle();
  return {};
}

Result<void> Model::on(const fault::DeleteRecords& fault) {
  const Result<Topic*> topic = find_topic(fault.topic, fault.partition);
  if (!topic) return tl::unexpected(topic.error());
  const std::int64_t end = (*topic)->log.high_watermark(fault.partition, now_);
  (*topic)->log.delete_before(fault.partition, std::min(fault.before, end));
  return {};
}

Result<void> Model::on(const fault::CreateGroup& fault) {
  if (world_.group(fault.group.name) != nullptr)
    return fail(fmt::format("there is a group '{}' already", fault.group.name));
  if (world_.topic(kOffsetsTopic) == nullptr)
    add_offsets_topic(world_, offsets_partitions_, offsets_replication_factor_, now_);
  add_group(world_, fault.group, now_);
  start_committing(fault.group, now_ + fault.group.commit_every);
  settle();
  return {};
}

Result<void> Model::on(const fault::DeleteGroup& fault) {
  if (world_.groups.erase(fault.group) == 0)
    return fail(fmt::format("there is no group '{}'", fault.group));
  committing_.erase(fault.group);
  return {};
}

Result<void> Model::on(const fault::Members& fault) {
  const Result<Group*> group = find_group(fault.group);
  if (!group) return tl::unexpected(group.error());
  read_on(world_, **group, now_);
  (*group)->spec.members = fault.count;
  (*group)->spec.first_member = fault.first;
  (*group)->spec.offsets_only = (*group)->spec.offsets_only && fault.count == 0;
  ++(*group)->epoch;
  (*group)->rebalancing_until = now_ + kRebalance;
  return {};
}

Result<void> Model::on(const fault::Rebalance& fault) {
  const Result<Group*> group = find_group(fault.group);
  if (!group) return tl::unexpected(group.error());
  read_on(world_, **group, now_);
  ++(*group)->epoch;
  (*group)->rebalancing_until = now_ + fault.duration;
  return {};
}

Result<void> Model::on(const fault::ChangeConsume& fault) {
  const Result<Group*> group = find_group(fault.group);
  if (!group) return tl::unexpected(group.error());
  change_consume(world_, **group, fault.consume, now_);
  return {};
}

Result<void> Model::on(const fault::ChangeProduce& fault) {
  const Result<Topic*> topic = find_topic(fault.topic, 0);
  if (!topic) return tl::unexpected(topic.error());
  (*topic)->log.set_rate(fault.rate, now_);
  return {};
}

Result<void> Model::on(const fault::OpenTransaction& fault) {
  const Result<Topic*> topic = find_topic(fault.topic, fault.partition);
  if (!topic) return tl::unexpected(topic.error());
  if (!(*topic)->log.open_transaction(fault.partition, fault.records, now_))
    return fail(fmt::format("{}-{} has an open transaction already", fault.topic, fault.partition));
  if (world_.topic(kTransactionsTopic) == nullptr) add_transactions_topic(world_, now_);
  return {};
}

Result<void> Model::on(const fault::EndTransaction& fault) {
  const Result<Topic*> topic = find_topic(fault.topic, fault.partition);
  if (!topic) return tl::unexpected(topic.error());
  if (!(*topic)->log.end_transaction(fault.partition, now_, fault.abort))
    return fail(fmt::format("{}-{} has no open transaction", fault.topic, fault.partition));
  return {};
}

Result<Topic*> Model::find_topic(const std::string& name, std::int32_t partition) {
  Topic* topic = world_.topic(name);
  if (topic == nullptr) return fail(fmt::format("there is no topic '{}'", name));
  if (topic->partition(partition) == nullptr)
    return fail(fmt::format("topic '{}' has no partition {}", name, partition));
  return topic;
}

Result<Group*> Model::find_group(const std::string& name) {
  Group* group = world_.group(name);
  if (group == nullptr) return fail(fmt::format("there is no group '{}'", name));
  return group;
}

}  // namespace highwater::simulator
