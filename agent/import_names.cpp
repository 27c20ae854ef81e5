#include "agent/import_names.h"

#include <fmt/format.h>

#include <algorithm>

namespace highwater::agent {
namespace {

using sources::CellRule;

MappedMetric mapped(const std::string& metric, const sources::Mapping& mapping,
                    const Config& config) {
  MappedMetric one;
  one.metric = metric;
  one.measure = mapping.measure;
  one.scale = mapping.scale;
  for (size_t i = 0; i < mapping.cells.size() && i < mapping.measure->dimensions.size(); ++i) {
    const CellRule& cell = mapping.cells[i];
    const std::string dimension(mapping.measure->dimensions[i]);
    switch (cell.from) {
      case CellRule::From::label:
        one.labels.emplace_back(cell.text, dimension);
        break;
      case CellRule::From::constant:
        one.fixed.emplace_back(dimension, cell.text);
        break;
      case CellRule::From::source:
        if (mapping.sources.size() == 1)
          one.fixed.emplace_back(dimension, config.sources.sources[mapping.sources[0]].name.text());
        break;
      case CellRule::From::cluster:
      case CellRule::From::path:
      case CellRule::From::wildcard:
        break;
    }
  }
  if (!mapping.filters.empty())
    one.remark = fmt::format("the configuration makes '{}' of some series of '{}' only",
                             mapping.measure->name, metric);
  return one;
}

}  // namespace

std::vector<MappedMetric> mapped_metrics(const Config& config) {
  std::vector<MappedMetric> metrics;
  for (const sources::Mapping& mapping : config.sources.mappings) {
    for (const std::string& metric : mapping.metrics) {
      const auto known = std::ranges::find(metrics, metric, &MappedMetric::metric);
      if (known == metrics.end())
        metrics.push_back(mapped(metric, mapping, config));
      else if (known->measure != mapping.measure)
        known->remark =
            fmt::format("the configuration makes several measures of '{}': '{}' was taken", metric,
                        known->measure->name);
    }
  }
  return metrics;
}

}  // namespace highwater::agent
