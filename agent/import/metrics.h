// What metrics are called as measures: those of Highwater, kafka_exporter, kminion and
// kafka-lag-exporter, and those that a configuration takes from its sources. Used by the importers;
// pure, any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/measure.h"
#include "agent/core/result.h"

namespace highwater::agent {

// A metric that a configuration makes a measure of.
struct MappedMetric {
  std::string metric;
  const Measure* measure = nullptr;
  std::vector<std::pair<std::string, std::string>> labels;  // label -> dimension
  std::vector<std::pair<std::string, std::string>> fixed;   // dimension -> its one value
  double scale = 1;                                         // measure = metric * scale
  std::string remark;  // in what else the two differ; may be empty
};

// The names that queries can be read with.
struct MetricNames {
  const Catalogue& catalogue;
  std::vector<MappedMetric> mapped = {};
  std::vector<std::string> clusters = {};  // of the configuration; empty without one
};

class KnownMetric {
 public:
  // Fails with why there is no measure that means the same. The names must outlive it.
  [[nodiscard]] static Result<KnownMetric> find(std::string_view metric, const MetricNames& names);

  [[nodiscard]] const Measure& measure() const { return *measure_; }
  // The dimension that the metric's label is; empty when the measure has none like it.
  [[nodiscard]] std::string_view dimension(std::string_view label) const;
  // What tells the metric's rows apart, without `cluster`.
  [[nodiscard]] std::vector<std::string> dimensions() const;
  // A dimension over which the metric is already the largest value of ours; mostly empty.
  [[nodiscard]] std::string_view largest_over() const { return largest_over_; }
  [[nodiscard]] const MappedMetric* mapped() const { return mapped_; }  // null: of no configuration

 private:
  explicit KnownMetric(const Measure& measure) : measure_(&measure) {}
  const Measure* measure_;
  const MappedMetric* mapped_ = nullptr;
  std::string_view largest_over_;
};

// The measure that is the sum, or the largest value, of this one's rows over exactly these
// dimensions; null when there is none.
[[nodiscard]] const Measure* rolled_up(const Measure& measure, std::string_view aggregation,
                                       const std::vector<std::string>& over,
                                       const Catalogue& catalogue);

// A label that Prometheus adds to everything it scrapes: "job", "instance", "namespace".
[[nodiscard]] bool is_target_label(std::string_view label);

}  // namespace highwater::agent
