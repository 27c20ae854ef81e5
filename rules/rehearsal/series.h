// Series: what a measure's row was at each step of time, in the notation of `promtool test rules`.
// Made by the readers of test files and of series to replay, played by the Rehearsal; pure, any
// thread.
//
// `10`            one sample
// `0+10x5`        0 10 20 30 40 50: a sample, and five more, each greater by ten; also `9-3x2`
// `7x5`           7, and five more of it
// `_` `_x5`       no sample, five times none: the row cannot be read, it is unknown; before the
//                 first sample and after `stale` it is not there
// `unknown`       the row is there and cannot be read, also before its first sample; `unknownx5`
// `stale`         the row is gone; `stalex5`
//
// After the last of its samples a row is gone. Samples alike are kept as one run, so that a month
// of `0x40000` is a few bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/core/measure.h"
#include "agent/core/symbol.h"
#include "rules/language/condition_parser.h"

namespace highwater::rules {

constexpr uint64_t kMostSamples = 10'000'000;  // of one series

enum class Reading : uint8_t { value, unknown, gone };

// Samples alike, one a step: value, value + growth, ...
struct SampleRun {
  Reading reading = Reading::gone;
  double value = 0;
  double growth = 0;
  uint64_t count = 0;
};

class SeriesValues {
 public:
  // Where a reader stands; steps are read in rising order.
  struct Cursor {
    size_t run = 0;
    uint64_t begin = 0;  // the step at which the run begins
  };
  struct At {
    Reading reading = Reading::gone;
    double value = 0;
  };

  void add(const SampleRun& run);
  [[nodiscard]] uint64_t size() const { return size_; }
  [[nodiscard]] const std::vector<SampleRun>& runs() const { return runs_; }
  // How it stands at a step; gone from size() on.
  [[nodiscard]] At at(uint64_t step, Cursor& cursor) const;

 private:
  std::vector<SampleRun> runs_;
  uint64_t size_ = 0;
};

struct ParsedValues {
  SeriesValues values;
  std::optional<TextError> error;
};
// `measure` says what its values can be.
[[nodiscard]] ParsedValues parse_values(std::string_view text, const Measure& measure);

struct Series {
  const Measure* measure = nullptr;
  std::vector<Symbol> cells;  // in the order of the measure's dimensions
  SeriesValues values;
  int line = 0;  // in its file
};

// The row a series is about.
struct ParsedRow {
  const Measure* measure = nullptr;  // null after an error, or when it was to be skipped
  std::vector<Symbol> cells;
  std::optional<TextError> error;
};
struct RowNotation {
  const Catalogue& catalogue;
  std::string_view cluster;  // stands in for a missing label
  // What was written for Prometheus: measures that are none of ours are skipped, and what a scrape
  // adds to each series (job, instance) is left out.
  bool foreign = false;
};
// `highwater_group_lag_records{cluster="prod",group="payments",topic="orders",partition="0"}`, the
// prefix may be missing.
[[nodiscard]] ParsedRow parse_row(std::string_view text, const RowNotation& notation);

}  // namespace highwater::rules
