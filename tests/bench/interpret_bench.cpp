// What interpreting costs when nothing changes but offsets.
#include <benchmark/benchmark.h>

#include "collectors/cluster/brokers.h"
#include "collectors/cluster/monitor.h"
#include "collectors/groups/groups.h"
#include "collectors/groups/rebalances.h"
#include "collectors/topics/partitions.h"
#include "collectors/topics/topics.h"
#include "tests/bench/bench_cluster.h"

namespace highwater::collectors {
namespace {

using bench::at;
using bench::make_cluster;

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
BENCHMARK(interpret<RebalancesInterpreter>)->Name("rebalances");

void all_of_one_poll(benchmark::State& state) {
  const kafka::ClusterView view = make_cluster();
  BrokersInterpreter brokers;
  PartitionsInterpreter partitions;
  TopicsInterpreter topics;
  GroupsInterpreter groups;
  RebalancesInterpreter rebalances;
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
    publish(rebalances.interpret(view, {}, now));
    publish(monitor.interpret(snapshot, view.cluster, now));
  }
}
BENCHMARK(all_of_one_poll);

}  // namespace
}  // namespace highwater::collectors

BENCHMARK_MAIN();
