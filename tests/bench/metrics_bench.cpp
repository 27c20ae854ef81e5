// What a scrape costs: a cluster of 2,000 partitions, 510 groups and 5,400 committed offsets, which
// is what docs/performance.md speaks of.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "exporters/prometheus.h"
#include "exporters/self_metrics.h"

namespace highwater {
namespace {

constexpr int kPartitions = 2000;
constexpr int kPartitionMeasures = 14;
constexpr int kGroupRows = 5400;
constexpr int kGroupMeasures = 3;

struct World {
  std::vector<std::unique_ptr<std::string>> names;
  std::vector<std::unique_ptr<Measure>> measures;
  std::vector<const Measure*> listed;
  std::shared_ptr<const KeySet> partitions;
  std::shared_ptr<const KeySet> offsets;
  Report report;

  World() {
    partitions = make_keys({"cluster", "topic", "partition"}, kPartitions, [](int i, int k) {
      const std::string cells[] = {"production", "orders-topic-" + std::to_string(i / 10),
                                   std::to_string(i % 10)};
      return cells[k];
    });
    offsets = make_keys({"cluster", "group", "topic", "partition"}, kGroupRows, [](int i, int k) {
      const std::string cells[] = {"production", "consumer-group-" + std::to_string(i / 11),
                                   "orders-topic-" + std::to_string(i / 27),
                                   std::to_string(i % 10)};
      return cells[k];
    });
    auto snapshot = std::make_shared<Snapshot>();
    add(*snapshot, "partitions", partitions, kPartitionMeasures);
    add(*snapshot, "groups", offsets, kGroupMeasures);
    report.snapshot = snapshot;
  }

  template <class Cell>
  static std::shared_ptr<const KeySet> make_keys(std::vector<std::string_view> dimensions, int rows,
                                                 Cell cell) {
    std::vector<Symbol> cells;
    for (int i = 0; i < rows; ++i) {
      for (size_t k = 0; k < dimensions.size(); ++k)
        cells.emplace_back(cell(i, static_cast<int>(k)));
    }
    return std::make_shared<const KeySet>(std::move(dimensions), std::move(cells));
  }

  void add(Snapshot& snapshot, std::string_view part, const std::shared_ptr<const KeySet>& keys,
           int count) {
    auto observation = std::make_shared<Observation>();
    observation->cluster = Symbol("production");
    observation->part = part;
    observation->cadence = std::chrono::hours(1);
    for (int i = 0; i < count; ++i) {
      names.push_back(std::make_unique<std::string>(std::string(part) + "_under_replicated_" +
                                                    std::to_string(i)));
      measures.push_back(std::make_unique<Measure>());
      Measure& measure = *measures.back();
      measure.name = *names.back();
      measure.help = "A measure.";
      measure.dimensions.assign(keys->dimensions().begin(), keys->dimensions().end());
      listed.push_back(&measure);
      TableBuilder table(measure, keys);
      // Flags, offsets and fractions in turn.
      for (size_t row = 0; row < keys->rows(); ++row)
        table.set(row, i % 3 == 0   ? static_cast<double>(row % 2)
                       : i % 3 == 1 ? 123456789.0 + static_cast<double>(row)
                                    : static_cast<double>(row) / 7);
      observation->tables.push_back(std::move(table).build());
    }
    snapshot.observations[{observation->cluster, part}] = observation;
  }
};

void scrape(benchmark::State& state, MetricsFormat format, bool cached) {
  const World world;
  const Catalogue catalogue(world.listed);
  const SelfMetrics self;
  auto page = std::make_unique<MetricsPage>(catalogue, MetricsOptions{});
  size_t bytes = 0;
  for (auto _ : state) {
    if (!cached) page = std::make_unique<MetricsPage>(catalogue, MetricsOptions{});
    bytes = 0;
    Exposition out(format, [&](std::string_view piece) {
      benchmark::DoNotOptimize(piece.data());
      bytes += piece.size();
      return true;
    });
    page->write(&world.report, {}, out);
    self.write(out);
    out.finish();
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}

BENCHMARK_CAPTURE(scrape, text, MetricsFormat::text, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(scrape, openmetrics, MetricsFormat::openmetrics, true)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(scrape, first_of_a_new_world, MetricsFormat::text, false)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace highwater

BENCHMARK_MAIN();
