// What a scrape costs, and how many series and bytes it has: the cluster of which
// docs/performance.md speaks, by the detail of the metrics page.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>

#include "collectors/registry.h"
#include "exporters/metrics/prometheus.h"
#include "exporters/metrics/self_metrics.h"
#include "tests/bench/bench_cluster.h"

namespace highwater {
namespace {

Report& report() {
  static Report made = [] {
    Report report;
    report.snapshot = bench::watch(bench::make_cluster());
    return report;
  }();
  return made;
}

void scrape(benchmark::State& state, MetricsFormat format, MetricsDetail detail, bool cached) {
  const Report& world = report();
  const Catalogue catalogue = collectors::make_catalogue();
  const SelfMetrics self;
  MetricsOptions options;
  options.detail = detail;
  auto page = std::make_unique<MetricsPage>(catalogue, options);
  size_t bytes = 0;
  size_t series = 0;
  for (auto _ : state) {
    if (!cached) page = std::make_unique<MetricsPage>(catalogue, options);
    bytes = 0;
    Exposition out(format, [&](std::string_view piece) {
      benchmark::DoNotOptimize(piece.data());
      bytes += piece.size();
      return true;
    });
    page->write(&world, bench::at(bench::kWatched), out);
    self.write(out);
    out.finish();
  }
  // Once more, not timed: lines that are not comments.
  bool line_start = true;
  Exposition out(format, [&](std::string_view piece) {
    for (const char c : piece) {
      series += line_start && c != '#' ? 1 : 0;
      line_start = c == '\n';
    }
    return true;
  });
  page->write(&world, bench::at(bench::kWatched), out);
  self.write(out);
  out.finish();
  state.counters["series"] = static_cast<double>(series);
  state.counters["bytes"] = static_cast<double>(bytes);
}

using enum MetricsDetail;
BENCHMARK_CAPTURE(scrape, text, MetricsFormat::text, standard, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(scrape, openmetrics, MetricsFormat::openmetrics, standard, true)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(scrape, full_detail, MetricsFormat::text, full, true)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(scrape, first_of_a_new_world, MetricsFormat::text, full, false)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace highwater

BENCHMARK_MAIN();
