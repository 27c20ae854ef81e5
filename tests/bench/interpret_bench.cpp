// What interpreting costs when nothing changes but offsets: a cluster of 2,000 partitions, 510
// groups and 5,400 committed offsets, which is what docs/performance.md speaks of.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "collectors/brokers.h"
#include "collectors/groups.h"
#include "collectors/monitor.h"
#include "collectors/partitions.h"
#include "collectors/topics.h"

namespace highwater::collectors {
namespace {

constexpr int kTopics = 20;
constexpr int kPartitions = 100;
constexpr int kGroups = 510;
constexpr int kCommits = 5400;

Now at(int64_t seconds) {
  const std::chrono::seconds passed(seconds);
  return {SteadyTime(std::chrono::hours(100)) + passed,
          WallTime(std::chrono::hours(400'000)) + passed};
}

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

template <class Interpreter>
void interpret(benchmark::State& state) {
  const kafka::ClusterView view = make_cluster();
  Interpreter interpreter;
  int64_t seconds = 0;
  for (auto _ : state) benchmark::DoNotOptimize(interpreter.interpret(view, {}, at(++seconds)));
}
BENCHMARK(interpret<BrokersInterpreter>)->Name("brokers");
BENCHMARK(interpret<PartitionsInterpreter>)->Name("partitions");
BENCHMARK(interpret<TopicsInterpreter>)->Name("topics");
BENCHMARK(interpret<GroupsInterpreter>)->Name("groups");

void all_of_one_poll(benchmark::State& state) {
  const kafka::ClusterView view = make_cluster();
  BrokersInterpreter brokers;
  PartitionsInterpreter partitions;
  TopicsInterpreter topics;
  GroupsInterpreter groups;
  MonitorInterpreter monitor;
  int64_t seconds = 0;
  for (auto _ : state) {
    const Now now = at(++seconds);
    Snapshot snapshot;
    const auto publish = [&](Observation observation) {
      const auto made = std::make_shared<const Observation>(std::move(observation));
      snapshot.observations[{made->cluster, made->part}] = made;
    };
    publish(brokers.interpret(view, {}, now));
    publish(partitions.interpret(view, {}, now));
    publish(topics.interpret(view, {}, now));
    publish(groups.interpret(view, {}, now));
    publish(monitor.interpret(snapshot, view.cluster, now));
  }
}
BENCHMARK(all_of_one_poll);

}  // namespace
}  // namespace highwater::collectors

BENCHMARK_MAIN();
