#include "exporters/dashboards/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <stdexcept>

namespace highwater::dashboards {
namespace {

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

// Of a measure, or of the series of a histogram.
std::span<const std::string_view> dimensions_of(std::string_view name, const Catalogue& catalogue) {
  if (const Measure* const measure = catalogue.find(name)) return measure->dimensions;
  if (const HistogramMeasure* const histogram = catalogue.find_histogram(name))
    return histogram->dimensions;
  throw std::logic_error(fmt::format("no measure {}", name));
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
    const auto dimensions = dimensions_of(name, catalogue);
    std::string matchers(take_matchers(expression));
    for (const std::string_view variable : variables) {
      if (std::ranges::find(dimensions, variable) == dimensions.end()) continue;
      matchers += fmt::format("{}{}=~\"${}\"", matchers.empty() ? "" : ",", variable, variable);
    }
    expanded += fmt::format("highwater_{}{{{}}}", name, matchers);
  }
  return expanded;
}

}  // namespace highwater::dashboards
