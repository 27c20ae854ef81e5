// What SLOs cost the pipeline: one SLO by time with four tiers over 30 days on 10,000 groups, one
// in twenty of them ill, polled every 15 s.
#include <benchmark/benchmark.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "rules/engine.h"

namespace highwater::rules {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr size_t kGroups = 10'000;
constexpr size_t kOneIn = 20;
constexpr int kHoursBefore = 3;

const Measure kLag{
    "group_lag_seconds", "Help.", Unit::seconds, MeasureType::gauge, {"cluster", "group"}};

SloRule make_rule() {
  SloRule rule;
  rule.name = "lag";
  rule.sli.first.measure = &kLag;
  rule.sli.first.scope.aggregated = true;
  rule.sli.first.scope.per = {0, 1};
  rule.sli.good.high = 300;
  rule.objective = 0.995;
  rule.window.length = hours(30 * 24);
  rule.tiers = default_tiers(rule.window.length);
  rule.summary = "{group} burns";
  return rule;
}

// An engine that has seen some hours of it.
class World {
 public:
  World() : engine_(RuleSet({}, {make_rule()})) {
    std::vector<Symbol> cells;
    for (size_t i = 0; i < kGroups; ++i) {
      cells.emplace_back("prod");
      cells.emplace_back("group-" + std::to_string(i));
    }
    keys_ = std::make_shared<const KeySet>(kLag.dimensions, std::move(cells));
    for (int i = 0; i < kHoursBefore * 240; ++i) poll();
  }

  Report poll() {
    now.steady += seconds(15);
    now.wall += seconds(15);
    auto observation = std::make_shared<Observation>();
    observation->cluster = Symbol("prod");
    observation->part = "groups";
    observation->at = now;
    observation->cadence = seconds(15);
    TableBuilder table(kLag, keys_);
    for (size_t i = 0; i < kGroups; ++i)
      table.set(i, i % kOneIn == 0 && random_() % 100 < 5 ? 400 : 10);
    observation->tables.push_back(std::move(table).build());
    Snapshot snapshot;
    snapshot.observations[{Symbol("prod"), "groups"}] = std::move(observation);
    return engine_.evaluate(std::make_shared<const Snapshot>(std::move(snapshot)), now);
  }
  [[nodiscard]] const Engine& engine() const { return engine_; }

  Now now{SteadyTime(hours(100)), WallTime(hours(490'000))};

 private:
  Engine engine_;
  std::shared_ptr<const KeySet> keys_;
  std::mt19937 random_{1};
};

World& world() {
  static World instance;
  return instance;
}

// Filling the table is part of it: a tenth of a millisecond.
void judge(benchmark::State& state) {
  World& judged = world();
  for (auto _ : state) benchmark::DoNotOptimize(judged.poll());
}
BENCHMARK(judge)->Name("evaluate 10,000 budgets, one in twenty ill")->Unit(benchmark::kMillisecond);

void save(benchmark::State& state) {
  World& saved = world();
  size_t bytes = 0;
  for (auto _ : state) {
    const auto records = saved.engine().state(saved.now, true);
    bytes = 0;
    for (const StateRecord& record : records)
      bytes += record.kind.size() + record.key.size() + record.value.size();
  }
  state.counters["bytes each"] = static_cast<double>(bytes) / kGroups;
}
BENCHMARK(save)->Name("their state as records, each minute")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace highwater::rules

BENCHMARK_MAIN();
