// What SLOs cost: 10,000 entities of an SLO by time with four tiers over 30 days, one in twenty of
// them ill with some hundreds of faults, and as many of an SLO by events whose rate varies. This is
// what docs/performance.md speaks of.
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "rules/slo/burn.h"

namespace highwater::rules {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr size_t kEntities = 10'000;
constexpr unsigned kOneIn = 20;
constexpr Duration kWindow = hours(24 * 30);
const WallTime kStart = WallTime(hours(24 * 20'000));

SloRule make_rule() {
  SloRule rule;
  rule.objective = 0.999;
  rule.window = {SloWindow::Kind::rolling, kWindow, ""};
  rule.tiers = {{14.4, hours(1), minutes(5), Severity::page},
                {6, hours(6), minutes(30), Severity::page},
                {3, hours(24), hours(2), Severity::ticket},
                {1, hours(72), hours(6), Severity::ticket}};
  return rule;
}

// Polled every 15 s for a month, bad at `faults` of a thousand polls; `events` at each poll, or 0.
BudgetCurve live(unsigned seed, uint32_t faults, uint32_t events) {
  std::mt19937 random(seed);
  BudgetCurve curve(kStart);
  while (curve.end() < kStart + kWindow) {
    const double total = events == 0 ? 15 : static_cast<double>(events + random() % events);
    const double bad = random() % 1000 < faults ? (events == 0 ? 15 : 1) : 0;
    curve.extend(curve.end() + seconds(15), {bad, total, seconds(15)});
    curve.thin(curve.end(), kWindow);
  }
  return curve;
}

// Two hundred that differ, ten of them ill, repeated.
const std::vector<BudgetCurve>& time_curves() {
  static const std::vector<BudgetCurve> curves = [] {
    std::vector<BudgetCurve> made;
    made.reserve(kEntities);
    for (unsigned i = 0; i < 200; ++i) made.push_back(live(i, i % kOneIn == 0 ? 10 : 0, 0));
    for (size_t i = made.size(); i < kEntities; ++i) made.emplace_back(made[i % 200]);
    return made;
  }();
  return curves;
}

const std::vector<BudgetCurve>& event_curves() {
  static const std::vector<BudgetCurve> curves(kEntities, live(1, 2, 500));
  return curves;
}

size_t count_bytes(const std::vector<BudgetCurve>& curves) {
  size_t bytes = 0;
  for (const BudgetCurve& curve : curves) bytes += curve.bytes();
  return bytes;
}

void report(benchmark::State& state, const std::vector<BudgetCurve>& curves) {
  state.counters["bytes_each"] = static_cast<double>(count_bytes(curves) / curves.size());
  state.counters["points_of_first"] = static_cast<double>(curves.front().points());
  state.counters["bytes_of_first"] = static_cast<double>(curves.front().bytes());
}

void judge_all(benchmark::State& state, const std::vector<BudgetCurve>& curves) {
  const SloRule rule = make_rule();
  for (auto _ : state) {
    size_t burning = 0;
    for (const BudgetCurve& curve : curves) {
      for (const SloTier& tier : rule.tiers) {
        burning += judge_tier(rule, tier, curve, curve.end()).burning ? 1 : 0;
      }
    }
    benchmark::DoNotOptimize(burning);
  }
  report(state, curves);
}

void JudgeTime(benchmark::State& state) {
  judge_all(state, time_curves());
}
BENCHMARK(JudgeTime)->Unit(benchmark::kMillisecond);

void JudgeEvents(benchmark::State& state) {
  judge_all(state, event_curves());
}
BENCHMARK(JudgeEvents)->Unit(benchmark::kMillisecond);

void BudgetStatusTime(benchmark::State& state) {
  const std::vector<BudgetCurve>& curves = time_curves();
  const SloRule rule = make_rule();
  for (auto _ : state) {
    for (const BudgetCurve& curve : curves) {
      benchmark::DoNotOptimize(budget_status(rule, curve, curve.end()));
    }
  }
}
BENCHMARK(BudgetStatusTime)->Unit(benchmark::kMillisecond);

void ExtendAndThin(benchmark::State& state) {
  std::vector<BudgetCurve> curves = time_curves();
  for (auto _ : state) {
    for (BudgetCurve& curve : curves) {
      curve.extend(curve.end() + seconds(15), {0, 15, seconds(15)});
      curve.thin(curve.end(), kWindow);
    }
  }
}
BENCHMARK(ExtendAndThin)->Unit(benchmark::kMillisecond);

void encode_all(benchmark::State& state, const std::vector<BudgetCurve>& curves) {
  size_t size = 0;
  for (auto _ : state) {
    size = 0;
    for (const BudgetCurve& curve : curves) size += curve.encode().size();
  }
  state.counters["bytes_each"] = static_cast<double>(size / curves.size());
}

void EncodeTime(benchmark::State& state) {
  encode_all(state, time_curves());
}
BENCHMARK(EncodeTime)->Unit(benchmark::kMillisecond);

void EncodeEvents(benchmark::State& state) {
  encode_all(state, event_curves());
}
BENCHMARK(EncodeEvents)->Unit(benchmark::kMillisecond);

void DecodeTime(benchmark::State& state) {
  std::vector<std::string> encoded;
  for (const BudgetCurve& curve : time_curves()) encoded.push_back(curve.encode());
  for (auto _ : state) {
    for (const std::string& bytes : encoded) benchmark::DoNotOptimize(BudgetCurve::decode(bytes));
  }
}
BENCHMARK(DecodeTime)->Unit(benchmark::kMillisecond);

// Of one entity that burns in its slowest tier, whose windows hold most points.
void clear_one(benchmark::State& state, const BudgetCurve& curve) {
  const SloRule rule = make_rule();
  const SloTier& tier = rule.tiers.back();
  if (!clears_at(rule, tier, curve, curve.end())) state.SkipWithError("it does not burn");
  for (auto _ : state) benchmark::DoNotOptimize(clears_at(rule, tier, curve, curve.end()));
}

void ClearsAtTime(benchmark::State& state) {
  clear_one(state, live(1, 10, 0));
}
BENCHMARK(ClearsAtTime)->Unit(benchmark::kMicrosecond);

void ClearsAtEvents(benchmark::State& state) {
  clear_one(state, live(1, 1000, 500));
}
BENCHMARK(ClearsAtEvents)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace highwater::rules

BENCHMARK_MAIN();
