// Fuzz target for JSON of sources and the paths into it:  json_source_fuzz FOLDER
// -max_total_time=600
//
// The input is a path, a line break, and a document. Wherever the path leads in the document is
// what it says of itself: a walk and a direct look find the same.
#include <cstdint>
#include <cstdlib>

#include "collectors/sources/json_page.h"
#include "collectors/sources/readings.h"

namespace highwater::sources {
namespace {

void require(bool promise) {
  if (!promise) std::abort();
}

const Measure kValue{"fuzz_value", "x.", Unit::none, MeasureType::gauge, {"cluster", "a"}};

void check_walk(const JsonPath& path, std::string_view text) {
  const JsonLimits limits{.depth = 32, .values = 5000};
  const auto page = JsonPage::parse(text, limits);
  if (!page) {
    require(!page.error().message.empty() && page.error().message.size() < 300);
    return;
  }
  size_t places = 0;
  page->walk(path, [&](const JsonValue& value, const std::vector<JsonBinding>& bindings) {
    require(++places <= limits.values && bindings.size() == path.wildcards());
    const JsonValue again = page->at(path, bindings);
    require(again.kind == value.kind && again.label() == value.label());
  });
}

void check_rows(const JsonPath& path, std::string_view text) {
  SourcePlan plan;
  plan.sources.resize(1);
  plan.sources[0].name = Symbol("fuzz");
  plan.sources[0].cluster = Symbol("prod");
  plan.sources[0].format = PageFormat::json;
  Mapping mapping;
  mapping.measure = &kValue;
  mapping.sources = {0};
  mapping.path = path;
  mapping.cells.resize(2);
  mapping.cells[0].from = CellRule::From::cluster;
  mapping.cells[1].from = path.wildcards() > 0 ? CellRule::From::wildcard : CellRule::From::source;
  mapping.words = {{"on", 1}};
  plan.mappings.push_back(std::move(mapping));
  const auto readings = read_page({std::string(text), "application/json"}, plan, 0,
                                  WallTime(std::chrono::hours(24 * 365 * 50)));
  if (!readings) return;
  for (const Reading& reading : readings->rows) {
    require(reading.cells.size() == 2 && !reading.cells[1].empty());
    if (reading.reason == Unknown::known) require(reading.value - reading.value == 0);
  }
}

}  // namespace
}  // namespace highwater::sources

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace highwater::sources;  // NOLINT(google-build-using-namespace)
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(input.find('\n'), input.size());
  const auto path = JsonPath::parse(input.substr(0, end));
  if (!path) return 0;
  const std::string_view text = input.substr(std::min(end + 1, input.size()));
  check_walk(*path, text);
  check_rows(*path, text);
  return 0;
}
