#include "exporters/dashboards/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "agent/core/exported.h"
#include "exporters/dashboards/layout.h"
#include "exporters/metrics/own_families.h"

namespace highwater::dashboards {
namespace {

constexpr std::string_view kPrefix = "highwater_";
constexpr std::string_view kBucket = "_bucket";

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

// What stands at the start of `text` and is taken off it.
std::string_view take_name(std::string_view& text) {
  size_t length = 0;
  while (length < text.size() && is_name(text[length])) ++length;
  const std::string_view name = text.substr(0, length);
  text.remove_prefix(length);
  return name;
}

// Matchers in braces, without the braces; empty when there are none.
std::string_view take_matchers(std::string_view& text) {
  if (!text.starts_with('{')) return {};
  const size_t end = text.find('}');
  if (end == std::string_view::npos)
    throw std::logic_error(fmt::format("no closing brace: {}", text));
  const std::string_view matchers = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  return matchers;
}

struct Metric {
  std::string name;  // as it is on the metrics page
  std::vector<std::string_view> labels;
};

std::vector<std::string_view> split_labels(std::string_view list) {
  std::vector<std::string_view> labels;
  while (!list.empty()) {
    const size_t end = list.find(", ");
    labels.push_back(list.substr(0, end));
    list.remove_prefix(end == std::string_view::npos ? list.size() : end + 2);
  }
  return labels;
}

// Of a measure, of the series of a histogram, or of another family of the page.
Metric metric_of(std::string_view name, const Catalogue& catalogue) {
  if (const Measure* const measure = catalogue.find(name)) {
    if (exported(*measure) == Exported::full)
      throw std::logic_error(fmt::format("{} is exported with full detail alone", name));
    return {fmt::format("highwater_{}", name), measure->dimensions};
  }
  if (const HistogramMeasure* const histogram = catalogue.find_histogram(name))
    return {fmt::format("highwater_{}", name), histogram->dimensions};
  for (const OwnFamily* family : own_families()) {
    const std::string_view own =
        family->name.starts_with(kPrefix) ? family->name.substr(kPrefix.size()) : family->name;
    const bool bucket = family->type == FamilyType::histogram && name.ends_with(kBucket) &&
                        name.substr(0, name.size() - kBucket.size()) == own;
    if (bucket || name == own) {
      return {fmt::format("{}{}", family->name, bucket ? kBucket : ""),
              split_labels(family->labels)};
    }
  }
  throw std::logic_error(fmt::format("no measure and no family {}", name));
}

}  // namespace

std::string expand(std::string_view expression, const Catalogue& catalogue,
                   const std::vector<std::string_view>& variables) {
  std::string expanded;
  while (!expression.empty()) {
    const size_t at = expression.find('@');
    expanded += expression.substr(0, at);
    if (at == std::string_view::npos) break;
    expression.remove_prefix(at + 1);
    const std::string_view name = take_name(expression);
    const Metric metric = metric_of(name, catalogue);
    std::string matchers(take_matchers(expression));
    for (const std::string_view variable : variables) {
      // Every series has the agent's label: the scrape adds it.
      if (variable != kInstance &&
          std::ranges::find(metric.labels, variable) == metric.labels.end())
        continue;
      matchers += fmt::format("{}{}=~\"${}\"", matchers.empty() ? "" : ",", variable, variable);
    }
    expanded += metric.name;
    if (!matchers.empty()) expanded += fmt::format("{{{}}}", matchers);
  }
  return expanded;
}

}  // namespace highwater::dashboards
