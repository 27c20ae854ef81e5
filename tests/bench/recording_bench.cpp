// What a recording takes on the disk, and of the recorder's thread: the cluster of 2,000
// partitions, 510 groups and 5,400 committed offsets, polled as it is by default. `moving` is the
// share of partitions, in percent, to which 50 records a second are written and read; the rest
// stands still.
#include <benchmark/benchmark.h>

#include <random>

#include "agent/recording/ring.h"
#include "collectors/cluster/brokers.h"
#include "collectors/cluster/monitor.h"
#include "collectors/groups/groups.h"
#include "collectors/topics/partitions.h"
#include "collectors/topics/topics.h"
#include "tests/bench/bench_cluster.h"

namespace highwater::agent {
namespace {

Now at(int64_t seconds) {
  // Answers do not come on the second.
  const std::chrono::nanoseconds passed(seconds * 1'000'000'000 + seconds * 7919 % 1'000'003);
  return {SteadyTime(std::chrono::hours(100)) + passed,
          WallTime(std::chrono::hours(400'000)) + passed};
}

struct Count final : RecordingFolder {
  explicit Count(uint64_t& total) : bytes(total) {}
  Result<std::vector<RecordingFile>> list() override { return std::vector<RecordingFile>{}; }
  Result<void> begin(uint64_t) override { return {}; }
  Result<void> append(std::string_view text) override {
    bytes += text.size();
    return {};
  }
  Result<void> remove(uint64_t) override { return {}; }
  uint64_t& bytes;
};

// A poll of everything each `period` seconds, of the agent itself each five.
class Watched {
 public:
  Watched(int moving, int period) : moving_(moving), period_(period) {}

  void second(int64_t number) {
    const Now now = at(number);
    move();
    if (number % period_ == 0) {
      publish(brokers_.interpret(view_, {}, now));
      publish(partitions_.interpret(view_, {}, now));
      publish(topics_.interpret(view_, {}, now));
      publish(groups_.interpret(view_, {}, now));
    }
    if (number % 5 == 0) publish(monitor_.interpret(snapshot, view_.cluster, now));
  }

  Snapshot snapshot;

 private:
  [[nodiscard]] bool moves(const Symbol& topic, int32_t partition) const {
    return (topic.text().back() * 7 + partition * 37) % 100 < moving_;
  }
  int64_t some() { return 40 + static_cast<int64_t>(random_() % 20); }

  void move() {
    for (kafka::TopicView& topic : view_.topics) {
      for (kafka::PartitionView& partition : topic.partitions) {
        if (!moves(topic.name, partition.index)) continue;
        partition.high_watermark.offset += some();
        partition.last_stable = partition.high_watermark;
      }
    }
    for (kafka::GroupView& group : view_.groups) {
      for (kafka::CommittedTopic& topic : group.committed) {
        for (auto& commit : topic.partitions) {
          if (moves(topic.topic, commit.partition)) commit.offset += some();
        }
      }
    }
  }

  void publish(Observation observation) {
    const auto made = std::make_shared<const Observation>(std::move(observation));
    snapshot.observations[{made->cluster, made->part}] = made;
  }

  const int moving_;
  const int period_;
  std::mt19937 random_{1};
  kafka::ClusterView view_ = bench::make_cluster();
  collectors::BrokersInterpreter brokers_;
  collectors::PartitionsInterpreter partitions_;
  collectors::TopicsInterpreter topics_;
  collectors::GroupsInterpreter groups_;
  collectors::MonitorInterpreter monitor_;
};

void record(benchmark::State& state) {
  uint64_t bytes = 0;
  Watched watched(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  RecordingRing ring(std::make_unique<Count>(bytes), 100'000'000, TraceId::random());
  int64_t number = 0;
  for (auto _ : state) {
    state.PauseTiming();
    watched.second(++number);
    state.ResumeTiming();
    if (!ring.write(watched.snapshot, at(number), false)) state.SkipWithError("not written");
  }
  state.counters["MB/h"] = static_cast<double>(bytes) / static_cast<double>(number) * 3600 / 1e6;
}
BENCHMARK(record)
    ->ArgNames({"moving", "poll"})
    ->ArgsProduct({{0, 10, 100}, {10, 1}})
    ->Iterations(600);

}  // namespace
}  // namespace highwater::agent

BENCHMARK_MAIN();
