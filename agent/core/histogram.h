// Histogram: how often something was how great, in buckets, since its collector began; the newest
// example in each bucket carries the trace that shows it. Filled by a collector, carried beside the
// tables of its observations, written by the metrics page. It is for dashboards and traces: rules
// judge measures. Plain data; any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "agent/core/ids.h"
#include "agent/core/measure.h"
#include "agent/core/symbol.h"
#include "agent/core/time.h"

namespace highwater {

struct Exemplar {
  TraceId trace;  // invalid: there is none
  double value = 0;
  WallTime at;
};

struct Histogram {
  const HistogramMeasure* measure = nullptr;
  std::vector<Symbol> cells;     // one per dimension
  std::vector<uint64_t> counts;  // of each bucket alone; the last is of what is above all bounds
  std::vector<Exemplar> exemplars;
  double sum = 0;

  Histogram(const HistogramMeasure& what, std::vector<Symbol> whose)
      : measure(&what),
        cells(std::move(whose)),
        counts(what.bounds.size() + 1),
        exemplars(counts.size()) {}

  void add(double value) {
    ++counts[bucket(value)];
    sum += value;
  }
  void show(const Exemplar& exemplar) { exemplars[bucket(exemplar.value)] = exemplar; }

  // A bound belongs to the bucket below it.
  [[nodiscard]] size_t bucket(double value) const {
    const auto& bounds = measure->bounds;
    return static_cast<size_t>(std::ranges::lower_bound(bounds, value) - bounds.begin());
  }
};

}  // namespace highwater
