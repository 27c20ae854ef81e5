// Fuzz target for pages in Prometheus' text formats:  prometheus_text_fuzz FOLDER
// -max_total_time=600
//
// The first byte says what the page is taken for: OpenMetrics, or text. What is read must be what
// the types promise, and a mistake says something in plain characters. Then the whole way to the
// rows of measures is gone, twice: nothing may grow, and counters may not go back.
#include <cstdint>
#include <cstdlib>

#include "collectors/sources/interpreter.h"
#include "collectors/sources/prometheus_text.h"

namespace highwater::sources {
namespace {

void require(bool promise) {
  if (!promise) std::abort();
}

const Measure kTotal{"fuzz_total", "x.", Unit::records, MeasureType::counter, {"cluster", "a"}};
const Measure kGauge{"fuzz_value", "x.", Unit::none, MeasureType::gauge, {"cluster", "a"}};

SourcePlan make_plan() {
  SourcePlan plan;
  plan.sources.resize(1);
  plan.sources[0].name = Symbol("fuzz");
  plan.sources[0].cluster = Symbol("prod");
  for (const Measure* measure : {&kTotal, &kGauge}) {
    Mapping mapping;
    mapping.measure = measure;
    mapping.sources = {0};
    mapping.metrics = {"x", "y_total"};
    mapping.cells.resize(2);
    mapping.cells[0].from = CellRule::From::cluster;
    mapping.cells[1].from = CellRule::From::label;
    mapping.cells[1].text = "a";
    plan.mappings.push_back(std::move(mapping));
  }
  return plan;
}

void check_samples(std::string_view text, bool openmetrics) {
  TextLimits limits;
  limits.samples = 1000;
  limits.line = 4096;
  size_t visited = 0;
  const auto read = read_prometheus_text(
      text, openmetrics, limits, [](std::string_view name) { return name.size() % 2 == 1; },
      [&](const TextSample& sample) {
        ++visited;
        require(!sample.name.empty() && sample.labels.size() <= limits.labels);
        for (const TextLabel& label : sample.labels) require(!label.name.empty());
      });
  if (read) {
    require(*read >= visited && *read <= limits.samples && is_text(text));
  } else {
    require(!read.error().message.empty() && read.error().message.size() < 400);
    for (const char c : read.error().message) require(c >= ' ' && c <= '~');
  }
}

void check_rows(std::string_view text, bool openmetrics) {
  static const SourcePlan plan = make_plan();
  SourcesInterpreter interpreter(plan, {Symbol("prod")});
  const Now now{SteadyTime(std::chrono::hours(1)), WallTime(std::chrono::hours(24 * 365 * 50))};
  const Page page{std::string(text), openmetrics ? "application/openmetrics-text" : "text/plain"};
  double before = 0;
  for (int round = 0; round < 2; ++round) {
    Scrape scrape;
    scrape.at = now;
    auto readings = read_page(page, plan, 0, now.wall);
    if (readings)
      scrape.readings = std::move(*readings);
    else
      scrape.failure = readings.error();
    require(scrape.readings.rows.size() <= kMostReadings);
    interpreter.take(std::move(scrape));
    double sum = 0;
    for (const Observation& observation : interpreter.observe(now)) {
      for (const Table& table : observation.tables) {
        require(table.keys->rows() == table.rows());
        for (size_t row = 0; row < table.rows(); ++row) {
          if (!table.known(row)) continue;
          require(table.values[row] - table.values[row] == 0);  // finite
          if (table.measure == &kTotal) sum += table.values[row];
        }
      }
    }
    require(sum >= before);
    before = sum;
  }
}

}  // namespace
}  // namespace highwater::sources

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  highwater::sources::check_samples(text, data[0] % 2 == 1);
  highwater::sources::check_rows(text, data[0] % 2 == 1);
  return 0;
}
