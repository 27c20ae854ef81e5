#include "rules/placeholders.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "agent/core/diagnostic.h"

namespace highwater::rules {
namespace {

std::vector<std::string> allowed_names(const Measure& measure, bool aggregated,
                                       const std::vector<int>& per) {
  std::vector<std::string> names;
  for (size_t i = 0; i < measure.dimensions.size(); ++i) {
    if (!aggregated || std::ranges::find(per, static_cast<int>(i)) != per.end())
      names.emplace_back(measure.dimensions[i]);
  }
  names.insert(names.end(), std::begin(kPlaceholders), std::end(kPlaceholders));
  return names;
}

}  // namespace

std::vector<TextError> check_placeholders(std::string_view text, const Measure* measure,
                                          bool aggregated, const std::vector<int>& per) {
  std::vector<TextError> errors;
  for (size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{', open)) {
    const size_t end = text.find_first_of("{}", open + 1);
    if (end != std::string_view::npos && text[end] == '{' && end == open + 1) {
      errors.push_back({open, "'{{' is no placeholder", "write {topic}, with one brace"});
      const size_t close = text.find("}}", end);
      if (close == std::string_view::npos) break;
      open = close;
      continue;
    }
    if (end == std::string_view::npos || text[end] == '{') {
      errors.push_back({open, "this '{' is never closed", "write {topic}, or leave the brace out"});
      ++open;
      continue;
    }
    const std::string_view name = text.substr(open + 1, end - open - 1);
    if (name.empty()) {
      errors.push_back({open, "'{}' names nothing", "write {topic}, or leave the braces out"});
    } else if (measure != nullptr) {
      const std::vector<std::string> names = allowed_names(*measure, aggregated, per);
      if (std::ranges::find(names, name) == names.end()) {
        const bool not_in_per = dimension_index(*measure, name) >= 0;
        errors.push_back({open,
                          not_in_per
                              ? fmt::format("'{{{}}}' differs from row to row of one alert", name)
                              : fmt::format("there is no placeholder '{{{}}}'", name),
                          not_in_per ? "add it to 'per', or use {count} and {note}"
                                     : did_you_mean(name, names)});
      }
    }
    open = end;
  }
  return errors;
}

}  // namespace highwater::rules
