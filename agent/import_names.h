// The names that a configuration adds to those an import knows: metrics of its sources, and its
// clusters. Main's thread of highwater-import.
#pragma once

#include "agent/config/config.h"
#include "agent/import/metrics.h"

namespace highwater::agent {

[[nodiscard]] std::vector<MappedMetric> mapped_metrics(const Config& config);

}  // namespace highwater::agent
