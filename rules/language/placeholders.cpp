#include "rules/language/placeholders.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "agent/core/diagnostic.h"
#include "rules/text.h"

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

bool is_number(std::string_view name) {
  return std::ranges::find(kNumberPlaceholders, name) != std::end(kNumberPlaceholders);
}

bool has_right_forms(const PlaceholderParts& parts) {
  if (parts.name == "now") return parts.forms.size() == 2;
  if (is_number(parts.name)) return parts.forms.empty() || parts.forms.size() == 2;
  return parts.forms.empty() || (parts.name == "kind" && parts.forms.size() == 1);
}

TextError wrong_forms(size_t open, std::string_view name) {
  if (is_number(name))
    return {open, fmt::format("'{{{}}}' takes two forms, or none", name),
            fmt::format("write {{{}:{}}}", name, name == "now" ? "is|was" : "topic|topics")};
  return {open, fmt::format("'{{{}}}' takes no forms", name),
          fmt::format("write {{{}}}; {{count:topic|topics}} has two forms", name)};
}

}  // namespace

PlaceholderNames placeholders_of(const AlertRule& rule) {
  PlaceholderNames names{{}, {}, "add it to 'per', or use {names} and {count}"};
  sort_dimensions(*rule.when.left, rule, names);
  names.allowed.insert(names.allowed.end(), std::begin(kPlaceholders), std::end(kPlaceholders));
  if (names.varying.empty()) return names;
  names.allowed.insert(names.allowed.end(), std::begin(kPlaceholdersWithPer),
                       std::end(kPlaceholdersWithPer));
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
    const PlaceholderParts parts(text.substr(open + 1, end - open - 1));
    const std::string_view name = parts.name;
    if (name.empty()) {
      errors.push_back({open, "'{}' names nothing", "write {topic}, or leave the braces out"});
    } else if (names != nullptr && !contains(names->allowed, name)) {
      errors.push_back(wrong_name(open, name, *names));
    } else if (!has_right_forms(parts)) {
      errors.push_back(wrong_forms(open, name));
    }
    open = end;
  }
  return errors;
}

}  // namespace highwater::rules
