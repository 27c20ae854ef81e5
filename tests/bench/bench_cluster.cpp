#include "tests/bench/bench_cluster.h"

#include <string>
#include <vector>

#include "collectors/cluster/brokers.h"
#include "collectors/cluster/monitor.h"
#include "collectors/groups/groups.h"
#include "collectors/groups/rebalances.h"
#include "collectors/kafka/lag/time_lag.h"
#include "collectors/topics/partitions.h"
#include "collectors/topics/topics.h"

namespace highwater::bench {
namespace {

constexpr std::chrono::seconds kEvery(30);

kafka::TopicView make_topic(int number, int partitions) {
  kafka::TopicView topic;
  topic.name = Symbol("orders-" + std::to_string(1000 + number));
  topic.config.emplace();
  topic.config->retention_ms = 604'800'000;
  topic.config_reason = Unknown::known;
  for (int32_t i = 0; i < partitions; ++i) {
    kafka::PartitionView partition;
    partition.index = i;
    partition.leader = partition.last_leader = 1 + i % 3;
    partition.leader_epoch = 1;
    partition.replicas = {1 + i % 3, 1 + (i + 1) % 3, 1 + (i + 2) % 3};
    partition.isr = partition.replicas;
    partition.log_start = {0, Unknown::known};
    partition.high_watermark = partition.last_stable = {1'000'000, Unknown::known};
    partition.newest_stamp = kafka::kStampUnknown;
    for (const int32_t broker : partition.replicas) partition.log_dirs.push_back({broker, 4096});
    topic.partitions.push_back(partition);
  }
  return topic;
}

kafka::GroupView make_group(const kafka::ClusterView& view, int number, const Size& size) {
  kafka::GroupView group;
  group.id = Symbol("consumer-group-" + std::to_string(1000 + number));
  group.state = "Stable";
  group.protocol = "consumer";
  group.type = kafka::GroupType::classic;
  group.coordinator = 1 + number % 3;
  group.committed_reason = group.members_reason = Unknown::known;
  kafka::CommittedTopic committed{view.topics[static_cast<size_t>(number % size.topics)].name, {}};
  kafka::UnreadSince unread;
  unread.reason = Unknown::known;
  unread.any = true;
  const kafka::Millis written = kafka::to_millis(at(-60).steady);
  unread.time = {written, written, written};
  std::vector<int32_t> assigned;
  const int commits = size.commits / size.groups + (number < size.commits % size.groups ? 1 : 0);
  for (int32_t i = 0; i < commits; ++i) {
    committed.partitions.push_back({i, 999'000, Unknown::known, unread});
    assigned.push_back(i);
  }
  group.members.emplace();
  group.members->push_back({"member", "client", "/10.0.0.1", "", {{committed.topic, assigned}}});
  group.committed.push_back(std::move(committed));
  return group;
}

}  // namespace

kafka::ClusterView make_cluster(const Size& size) {
  kafka::ClusterView view;
  view.cluster = Symbol("production");
  view.reachable = view.ever_reached = true;
  view.topics_reason = view.groups_reason = Unknown::known;
  for (int32_t id = 1; id <= 3; ++id) {
    kafka::BrokerView broker;
    broker.id = id;
    broker.host = "kafka-" + std::to_string(id);
    broker.status = kafka::BrokerStatus::up;
    broker.listed = true;
    view.brokers.emplace(id, broker);
  }
  for (int i = 0; i < size.topics; ++i) view.topics.push_back(make_topic(i, size.partitions));
  for (int i = 0; i < size.groups; ++i) view.groups.push_back(make_group(view, i, size));
  return view;
}

Now at(int64_t seconds) {
  const std::chrono::seconds passed(seconds);
  return {SteadyTime(std::chrono::hours(100)) + passed,
          WallTime(std::chrono::hours(400'000)) + passed};
}

SnapshotPtr watch(const kafka::ClusterView& view) {
  using namespace collectors;
  BrokersInterpreter brokers;
  PartitionsInterpreter partitions;
  TopicsInterpreter topics;
  GroupsInterpreter groups;
  RebalancesInterpreter rebalances;
  MonitorInterpreter monitor;
  PollInfo poll;
  poll.cadence = kEvery;
  std::shared_ptr<Snapshot> snapshot;
  for (int64_t second = 0; second <= kWatched; second += kEvery.count()) {
    const Now now = at(second);
    snapshot = std::make_shared<Snapshot>();
    const auto publish = [&](Observation observation) {
      const auto made = std::make_shared<const Observation>(std::move(observation));
      snapshot->observations[{made->cluster, made->part}] = made;
    };
    publish(brokers.interpret(view, poll, now));
    publish(partitions.interpret(view, poll, now));
    publish(topics.interpret(view, poll, now));
    publish(groups.interpret(view, poll, now));
    publish(rebalances.interpret(view, poll, now));
    publish(monitor.interpret(*snapshot, view.cluster, now));
  }
  return snapshot;
}

}  // namespace highwater::bench
