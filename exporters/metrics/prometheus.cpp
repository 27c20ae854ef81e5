#include "exporters/metrics/prometheus.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "exporters/metrics/prometheus_state.h"

namespace highwater {
namespace {

std::string_view unit_of(Unit unit) {
  switch (unit) {
    case Unit::seconds:
    case Unit::bytes:
    case Unit::records:
    case Unit::ratio:
      return unit_name(unit);
    case Unit::none:
    case Unit::boolean:
    case Unit::info:
    case Unit::count:
      return {};
  }
  return {};
}

// Suffixes that Prometheus reserves for other types are fine for what has no type: a configuration
// may name its measures so.
FamilyType type_of(const Measure& measure) {
  if (measure.unit == Unit::info && measure.name.ends_with("_info")) return FamilyType::info;
  for (const std::string_view reserved : {"_sum", "_count", "_bucket", "_created", "_info"}) {
    if (measure.name.ends_with(reserved)) return FamilyType::untyped;
  }
  switch (measure.type) {
    case MeasureType::gauge:
      return FamilyType::gauge;
    case MeasureType::counter:
      return FamilyType::counter;
  }
  return FamilyType::untyped;
}

void write_table(const Table& table, std::string_view name, Exported rows,
                 const RenderedLabels& labels, Exposition& out) {
  for (size_t row = 0; row < table.rows(); ++row) {
    if (!table.known(row) || std::isnan(table.values[row])) continue;
    if (rows == Exported::nonzero && table.values[row] == 0) continue;
    out.sample(name, labels.row(row), table.values[row]);
  }
}

void write_histogram(const Histogram& histogram, const std::string& name, bool traces,
                     Exposition& out) {
  std::vector<LabelView> labels;
  for (size_t i = 0; i < histogram.cells.size(); ++i)
    labels.emplace_back(histogram.measure->dimensions[i], histogram.cells[i].text());
  const std::string own = render_labels(labels);
  labels.emplace_back("le", "");
  uint64_t up_to = 0;
  const auto& bounds = histogram.measure->bounds;
  for (size_t i = 0; i < histogram.counts.size(); ++i) {
    const std::string bound =
        bound_text(i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity());
    labels.back().second = bound;
    up_to += histogram.counts[i];
    out.sample(name + "_bucket", render_labels(labels), static_cast<double>(up_to),
               traces ? histogram.exemplars[i] : Exemplar{});
  }
  out.sample(name + "_sum", own, histogram.sum);
  out.sample(name + "_count", own, static_cast<double>(up_to));
}

}  // namespace

MetricsPage::MetricsPage(const Catalogue& catalogue, MetricsOptions options)
    : options_(std::move(options)) {
  replace(catalogue);
}

void MetricsPage::replace(const Catalogue& catalogue) {
  const std::lock_guard lock(mutex_);
  histograms_.assign(catalogue.histograms().begin(), catalogue.histograms().end());
  families_.clear();
  for (const Measure* measure : catalogue.measures()) {
    const Exported rows = exported(*measure, options_.detail);
    std::string name = "highwater_" + std::string(measure->name);
    // An age is told as of the scrape, not as of when rules were last judged.
    if (rows == Exported::full || name == families::kCollectorAge.name) continue;
    families_.push_back({measure, std::move(name), type_of(*measure), rows});
  }
}

void MetricsPage::write(const Report* report, Now now, Exposition& out) {
  const std::lock_guard lock(mutex_);
  write_build_info(options_.build, out);
  if (report == nullptr) return;
  if (report->snapshot != nullptr) {
    write_measures(*report->snapshot, now.steady, out);
    write_histograms(*report->snapshot, now.steady, out);
    write_collectors(*report->snapshot, now.steady, out);
  }
  write_alerts(*report, out);
  cache_.sweep();
}

void MetricsPage::write_measures(const Snapshot& snapshot, SteadyTime now, Exposition& out) {
  // A family stands in one piece, whichever clusters and parts its tables come from.
  std::unordered_map<const Measure*, std::vector<const Table*>> tables;
  for (const auto& [key, observation] : snapshot.observations) {
    if (is_stale(*observation, now)) continue;
    for (const Table& table : observation->tables) {
      if (table.rows() > 0) tables[table.measure].push_back(&table);
    }
  }
  for (const Family& family : families_) {
    const auto found = tables.find(family.measure);
    if (found == tables.end()) continue;
    out.family(family.name, family.measure->help, family.type, unit_of(family.measure->unit));
    for (const Table* table : found->second) {
      if (out.reader_gone()) return;
      write_table(*table, family.name, family.rows, *cache_.labels(table->keys), out);
    }
  }
}

void MetricsPage::write_histograms(const Snapshot& snapshot, SteadyTime now,
                                   Exposition& out) const {
  for (const HistogramMeasure* measure : histograms_) {
    const std::string name = "highwater_" + std::string(measure->name);
    bool begun = false;
    for (const auto& [key, observation] : snapshot.observations) {
      if (is_stale(*observation, now)) continue;
      for (const Histogram& histogram : observation->histograms) {
        if (histogram.measure != measure) continue;
        if (!begun) out.family(name, measure->help, FamilyType::histogram, unit_of(measure->unit));
        begun = true;
        write_histogram(histogram, name, options_.traces, out);
      }
    }
  }
}

}  // namespace highwater
