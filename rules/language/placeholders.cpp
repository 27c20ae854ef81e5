#include "rules/language/placeholders.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "agent/core/diagnostic.h"

namespace highwater::rules {
namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

void sort_dimensions(const Measure& measure, const RowScope& scope, PlaceholderNames& names) {
  for (size_t i = 0; i < measure.dimensions.size(); ++i) {
    const bool same =
        !scope.aggregated || std::ranges::find(scope.per, static_cast<int>(i)) != scope.per.end();
    (same ? names.allowed : names.varying).emplace_back(measure.dimensions[i]);
  }
}

TextError wrong_name(size_t open, std::string_view name, const PlaceholderNames& names) {
  if (contains(names.varying, name)) {
    return {open, fmt::format("'{{{}}}' differs from row to row of one alert", name),
            std::string(names.advice)};
  }
  return {open, fmt::format("there is no placeholder '{{{}}}'", name),
          did_you_mean(name, names.allowed)};
}

}  // namespace

PlaceholderNames placeholders_of(const AlertRule& rule) {
  PlaceholderNames names{{}, {}, "add it to 'per', or use {count} and {note}"};
  sort_dimensions(*rule.when.left, rule, names);
  names.allowed.insert(names.allowed.end(), std::begin(kPlaceholders), std::end(kPlaceholders));
  return names;
}

PlaceholderNames placeholders_of(const SloRule& rule) {
  PlaceholderNames names{{}, {}, "add it to 'per', or leave it out"};
  const SliSource& source = rule.sli.is_events() ? *rule.sli.total : rule.sli.first;
  sort_dimensions(*source.measure, source.scope, names);
  names.allowed.insert(names.allowed.end(), std::begin(kSloPlaceholders),
                       std::end(kSloPlaceholders));
  return names;
}

std::vector<TextError> check_placeholders(std::string_view text, const PlaceholderNames* names) {
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
    } else if (names != nullptr && !contains(names->allowed, name)) {
      errors.push_back(wrong_name(open, name, *names));
    }
    open = end;
  }
  return errors;
}

}  // namespace highwater::rules
