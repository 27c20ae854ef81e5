#include "collectors/sources/finding.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "agent/core/diagnostic.h"
#include "collectors/sources/shown.h"

namespace highwater::sources {
namespace {

constexpr size_t kShownLabels = 8;
constexpr size_t kMostNames = 5'000;

std::string label_names(std::span<const TextLabel> labels) {
  if (labels.empty()) return "no labels";
  std::string text;
  for (size_t i = 0; i < std::min(labels.size(), kShownLabels); ++i)
    text += (i == 0 ? "" : ", ") + shown(labels[i].name);
  if (labels.size() > kShownLabels)
    text += fmt::format(" and {} more", labels.size() - kShownLabels);
  return text;
}

// The names of the samples on the page, each once.
std::vector<std::string> sample_names(std::string_view text) {
  std::vector<std::string> names;
  std::unordered_set<std::string_view> known;
  while (!text.empty() && names.size() < kMostNames) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    const std::string_view name = line.substr(0, line.find_first_of("{ \t"));
    if (!name.empty() && known.insert(name).second) names.emplace_back(name);
  }
  return names;
}

std::string absent_text(const Mapping& mapping, NearNames& names) {
  const auto& metrics = mapping.metrics;
  std::string text = metrics.size() == 1
                         ? fmt::format("{} is not on its page", metrics.front())
                         : fmt::format("none of {} is on its page", fmt::join(metrics, ", "));
  // What may be absent is never spoken of.
  if (mapping.may_be_absent) return text;
  for (const std::string& metric : metrics) {
    if (const std::string near = names.near(metric); !near.empty())
      return text + fmt::format(": did you mean '{}'?", shown(near));
  }
  return text;
}

}  // namespace

std::string NearNames::near(std::string_view metric) {
  if (!read_) names_ = sample_names(page_);
  read_ = true;
  // Names that differ more in length alone are not near.
  const size_t most = std::max<size_t>(1, metric.size() / 3);
  std::vector<std::string> candidates;
  for (const std::string& name : names_) {
    const size_t longer = std::max(name.size(), metric.size());
    if (longer - std::min(name.size(), metric.size()) > most || comparisons_left_ == 0) continue;
    --comparisons_left_;
    candidates.push_back(name);
  }
  return closest(metric, candidates);
}

void merge_findings(std::vector<Finding>& into, std::vector<Finding>&& more) {
  for (Finding& finding : more) {
    const auto same = std::ranges::find(into, finding.mapping, &Finding::mapping);
    if (same == into.end())
      into.push_back(std::move(finding));
    else if (finding.found < same->found)
      *same = std::move(finding);
  }
}

void MetricSearch::see_type(std::string_view family, std::string_view type,
                            std::string_view metric) {
  if (family != metric || (type != "histogram" && type != "summary")) {
    declared_ = true;
  } else {
    parts_ = fmt::format("{} is a {}: name one of its counters, {}_count or {}_sum", metric, type,
                         metric, metric);
  }
}

void MetricSearch::see_series(std::span<const TextLabel> labels) {
  if (!series_) labels_ = label_names(labels);
  series_ = true;
  for (size_t i = 0; i < filter_labels_.size(); ++i) {
    const std::string& wanted = mapping_->filters[i].label;
    if (filter_labels_[i] == 0 &&
        std::ranges::find(labels, wanted, &TextLabel::name) != labels.end())
      filter_labels_[i] = 1;
  }
}

void MetricSearch::lack_label(std::string_view dimension, std::span<const TextLabel> labels) {
  if (!unlabelled_.empty()) return;
  const int place = dimension_index(*mapping_->measure, dimension);
  const CellRule& rule = mapping_->cells[static_cast<size_t>(std::max(place, 0))];
  std::string wanted = rule.text;
  for (const std::string& other : rule.others) wanted += " or " + other;
  unlabelled_ = fmt::format("its series have no label {} for the dimension '{}': they have {}",
                            wanted, dimension, label_names(labels));
}

Finding MetricSearch::finding(size_t number, NearNames& names) const {
  if (rows_) return {number, Found::rows, {}};
  if (!unlabelled_.empty()) return {number, Found::lacking, unlabelled_};
  if (series_) {
    // A value that nothing has yet is normal; a label that nothing has is a mistake.
    for (size_t i = 0; i < filter_labels_.size(); ++i) {
      const SeriesFilter& filter = mapping_->filters[i];
      const bool empty_passes = std::ranges::any_of(
          filter.patterns, [](const Pattern& pattern) { return pattern.matches(""); });
      if (filter_labels_[i] == 0 && !filter.exclude && !empty_passes)
        return {number, Found::lacking,
                fmt::format("its series have no label {}, which 'select' looks at: they have {}",
                            filter.label, labels_)};
    }
    return {number, Found::nothing_yet, {}};
  }
  if (declared_) return {number, Found::nothing_yet, {}};
  if (!parts_.empty()) return {number, Found::lacking, parts_};
  return {number, Found::lacking, absent_text(*mapping_, names)};
}

std::string sought(const Mapping& mapping) {
  return mapping.path ? mapping.path->text() : mapping.metrics.front();
}

}  // namespace highwater::sources
