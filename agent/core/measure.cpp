#include "agent/core/measure.h"

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <stdexcept>

namespace highwater {
namespace {

bool is_snake_case(std::string_view name) {
  return !name.empty() && name.front() >= 'a' && name.front() <= 'z' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

std::string what_is_wrong(const Measure& measure) {
  if (!is_snake_case(measure.name)) return "the name is not snake_case";
  if (measure.help.empty()) return "it has no help text";
  if (measure.dimensions.empty() || measure.dimensions.front() != "cluster")
    return "the first dimension is not cluster";
  const bool total = measure.name.ends_with("_total");
  if (total != (measure.type == MeasureType::counter))
    return "a counter, and only a counter, ends in _total";
  return {};
}

std::string what_is_wrong(const HistogramMeasure& histogram) {
  Measure plain{histogram.name, histogram.help, histogram.unit, MeasureType::gauge,
                histogram.dimensions};
  std::string wrong = what_is_wrong(plain);
  if (wrong.empty() && histogram.bounds.empty()) wrong = "it has no bounds";
  if (wrong.empty() && !std::ranges::is_sorted(histogram.bounds, std::less_equal<>()))
    wrong = "its bounds do not ascend";
  return wrong;
}

constexpr std::array<std::string_view, 3> kSeries{"_bucket", "_sum", "_count"};

}  // namespace

Catalogue::Catalogue(std::vector<const Measure*> measures,
                     std::vector<const HistogramMeasure*> histograms)
    : measures_(std::move(measures)), histograms_(std::move(histograms)) {
  const auto refuse = [](std::string_view name, const std::string& why) {
    throw std::logic_error("measure '" + std::string(name) + "': " + why);
  };
  std::set<std::string_view> seen;
  for (const Measure* measure : measures_) {
    std::string wrong = what_is_wrong(*measure);
    if (wrong.empty() && !seen.insert(measure->name).second) wrong = "the name is taken";
    if (!wrong.empty()) refuse(measure->name, wrong);
  }
  for (const HistogramMeasure* histogram : histograms_) {
    std::string wrong = what_is_wrong(*histogram);
    if (wrong.empty() && !seen.insert(histogram->name).second) wrong = "the name is taken";
    if (!wrong.empty()) refuse(histogram->name, wrong);
  }
  for (const Measure* measure : measures_) {
    if (find_histogram(measure->name) != nullptr)
      refuse(measure->name, "it is called like a series of a histogram");
  }
}

const Measure* Catalogue::find(std::string_view name) const {
  const auto found = std::find_if(measures_.begin(), measures_.end(),
                                  [&](const Measure* measure) { return measure->name == name; });
  return found == measures_.end() ? nullptr : *found;
}

bool Catalogue::has(std::string_view name) const {
  const bool histogram = std::ranges::any_of(
      histograms_, [&](const HistogramMeasure* one) { return one->name == name; });
  return histogram || find(name) != nullptr || find_histogram(name) != nullptr;
}

const HistogramMeasure* Catalogue::find_histogram(std::string_view series) const {
  for (const HistogramMeasure* histogram : histograms_) {
    if (!series.starts_with(histogram->name)) continue;
    const std::string_view rest = series.substr(histogram->name.size());
    if (std::ranges::find(kSeries, rest) != kSeries.end()) return histogram;
  }
  return nullptr;
}

std::vector<std::string> Catalogue::names() const {
  std::vector<std::string> names;
  for (const Measure* measure : measures_) names.emplace_back(measure->name);
  return names;
}

std::string_view unit_name(Unit unit) {
  switch (unit) {
    case Unit::none:
      return "none";
    case Unit::boolean:
      return "boolean";
    case Unit::info:
      return "info";
    case Unit::seconds:
      return "seconds";
    case Unit::bytes:
      return "bytes";
    case Unit::records:
      return "records";
    case Unit::count:
      return "count";
    case Unit::ratio:
      return "ratio";
  }
  return "none";
}

int dimension_index(const Measure& measure, std::string_view dimension) {
  const auto found = std::find(measure.dimensions.begin(), measure.dimensions.end(), dimension);
  return found == measure.dimensions.end() ? -1
                                           : static_cast<int>(found - measure.dimensions.begin());
}

}  // namespace highwater
