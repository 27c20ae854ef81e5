// What metrics of Highwater, kafka_exporter, kminion and kafka-lag-exporter are called as measures.
// Used by the importers; pure, any thread.
#pragma once

#include <string>
#include <string_view>

#include "agent/core/measure.h"
#include "agent/core/result.h"

namespace highwater::agent {

class KnownMetric {
 public:
  // Fails with why there is no measure that means the same.
  [[nodiscard]] static Result<KnownMetric> find(std::string_view metric,
                                                const Catalogue& catalogue);

  [[nodiscard]] const Measure& measure() const { return *measure_; }
  // The dimension that the metric's label is; empty when the measure has none like it.
  [[nodiscard]] std::string_view dimension(std::string_view label) const;

 private:
  explicit KnownMetric(const Measure& measure) : measure_(&measure) {}
  const Measure* measure_;
};

// A label that Prometheus adds to everything it scrapes: "job", "instance", "namespace".
[[nodiscard]] bool is_target_label(std::string_view label);

}  // namespace highwater::agent
