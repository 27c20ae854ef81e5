// Which rows of a measure become series of the metrics page. Rules, SLOs, the API and recordings
// see every row; series are paid for, so what is exported is what people plot and sum. Used by the
// metrics page, its reference and everything that is generated for Prometheus. Any thread.
//
// Measures with a row per topic, group or partition must be listed in exported.cpp: a test compares
// the list with the catalogue. All others are few, and always exported.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "agent/core/measure.h"

namespace highwater {

enum class Exported : uint8_t {
  always,   // every known row
  nonzero,  // known rows that are not 0; a row that is missing is 0, or counted as unknown
  full,     // every known row, only with `metrics: {detail: full}`
};

// How much of the measures the metrics page shows: `metrics: {detail: ...}`.
enum class MetricsDetail : uint8_t { standard, full };

[[nodiscard]] Exported exported(const Measure& measure);
// The same with the detail in force: with full detail every row is exported.
[[nodiscard]] Exported exported(const Measure& measure, MetricsDetail detail);

// Whether a cluster has as many rows of the measure as topics, groups or partitions, or more.
[[nodiscard]] bool grows_with_cluster(const Measure& measure);
[[nodiscard]] std::span<const std::pair<std::string_view, Exported>> listed_exports();

}  // namespace highwater
