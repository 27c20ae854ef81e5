// The catalogue: the only place where a quantity is declared. Help text, rule validation, metrics,
// generated documents and tests all read it; a metric that is not in a catalogue cannot exist.
// Immutable after start; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace highwater {

enum class MeasureType : uint8_t { gauge, counter };

// Base units of Prometheus; `boolean` is 0 or 1, `info` is always 1 and carries its facts in
// dimensions.
enum class Unit : uint8_t { none, boolean, info, seconds, bytes, records, count, ratio };

// One quantity. `name` is snake_case without prefix ("group_lag_records"); a counter's name ends in
// "_total", a measure in seconds or bytes names its unit. `dimensions` starts with "cluster".
struct Measure {
  std::string_view name;
  std::string_view
      help;  // one sentence; says the range, and what unknown means where that is not obvious
  Unit unit = Unit::none;
  MeasureType type = MeasureType::gauge;
  std::vector<std::string_view> dimensions;
};

// What is counted in buckets, for dashboards and traces. No rule can name it: rules judge measures.
struct HistogramMeasure {
  std::string_view name;  // of the whole; names its unit
  std::string_view help;
  Unit unit = Unit::none;
  std::vector<std::string_view> dimensions;
  std::vector<double> bounds;  // upper ones, ascending; what is above them all has a bucket too
};

// All measures of all collectors, in the order of registration. Measures live as long as the
// program; a Measure's address is its identity.
class Catalogue {
 public:
  // Throws std::logic_error when two measures have one name or a name breaks the rules above: a
  // mistake in the program, found at start and by the tests.
  explicit Catalogue(std::vector<const Measure*> measures,
                     std::vector<const HistogramMeasure*> histograms = {});

  [[nodiscard]] const Measure* find(std::string_view name) const;  // null when there is none
  [[nodiscard]] std::span<const Measure* const> measures() const { return measures_; }
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] std::span<const HistogramMeasure* const> histograms() const { return histograms_; }
  // Whether the name is that of a measure, of a histogram, or of one of a histogram's series.
  [[nodiscard]] bool has(std::string_view name) const;
  // The histogram of which this is a series ("..._bucket", "..._sum", "..._count"); null: none.
  [[nodiscard]] const HistogramMeasure* find_histogram(std::string_view series) const;

 private:
  std::vector<const Measure*> measures_;
  std::vector<const HistogramMeasure*> histograms_;
};

[[nodiscard]] std::string_view unit_name(Unit unit);
// The dimension's place in the measure, or -1.
[[nodiscard]] int dimension_index(const Measure& measure, std::string_view dimension);

}  // namespace highwater
