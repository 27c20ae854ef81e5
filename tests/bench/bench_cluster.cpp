#include "tests/bench/bench_cluster.h"

#include <string>
#include <vector>

namespace highwater::bench {
namespace {

constexpr int kTopics = 20;
constexpr int kPartitions = 100;
constexpr int kGroups = 510;
constexpr int kCommits = 5400;

kafka::TopicView make_topic(int number) {
  kafka::TopicView topic;
  topic.name = Symbol("orders-" + std::to_string(1000 + number));
  topic.config.emplace();
  topic.config_reason = Unknown::known;
  for (int32_t i = 0; i < kPartitions; ++i) {
    kafka::PartitionView partition;
    partition.index = i;
    partition.leader = partition.last_leader = 1 + i % 3;
    partition.replicas = {1 + i % 3, 1 + (i + 1) % 3, 1 + (i + 2) % 3};
    partition.isr = partition.replicas;
    partition.log_start = {0, Unknown::known};
    partition.high_watermark = partition.last_stable = {1'000'000, Unknown::known};
    for (const int32_t broker : partition.replicas) partition.log_dirs.push_back({broker, 4096});
    topic.partitions.push_back(partition);
  }
  return topic;
}

kafka::GroupView make_group(const kafka::ClusterView& view, int number) {
  kafka::GroupView group;
  group.id = Symbol("consumer-group-" + std::to_string(1000 + number));
  group.state = "Stable";
  group.protocol = "consumer";
  group.type = kafka::GroupType::classic;
  group.coordinator = 1 + number % 3;
  group.committed_reason = group.members_reason = Unknown::known;
  kafka::CommittedTopic committed{view.topics[static_cast<size_t>(number % kTopics)].name, {}};
  std::vector<int32_t> assigned;
  const int commits = kCommits / kGroups + (number < kCommits % kGroups ? 1 : 0);
  for (int32_t i = 0; i < commits; ++i) {
    committed.partitions.push_back({i, 999'000, Unknown::known});
    assigned.push_back(i);
  }
  group.members.emplace();
  group.members->push_back({"member", "client", "/10.0.0.1", "", {{committed.topic, assigned}}});
  group.committed.push_back(std::move(committed));
  return group;
}

}  // namespace

kafka::ClusterView make_cluster() {
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
  for (int i = 0; i < kTopics; ++i) view.topics.push_back(make_topic(i));
  for (int i = 0; i < kGroups; ++i) view.groups.push_back(make_group(view, i));
  return view;
}

}  // namespace highwater::bench
