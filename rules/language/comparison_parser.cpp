#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "rules/language/condition_parser.h"

namespace highwater::rules {
namespace {

constexpr std::array<Comparison, 6> kComparisons{Comparison::equal,   Comparison::not_equal,
                                                 Comparison::less,    Comparison::less_or_equal,
                                                 Comparison::greater, Comparison::greater_or_equal};

// What people write instead of an operator, from other languages and from speech.
constexpr std::array<std::pair<std::string_view, std::string_view>, 37> kMeant{
    {{"=", "=="},     {"===", "=="},  {"is", "=="},     {"eq", "=="},     {"equals", "=="},
     {"equal", "=="}, {":", "=="},    {"!", "!="},      {"<>", "!="},     {"><", "!="},
     {"=!", "!="},    {"!==", "!="},  {"not", "!="},    {"ne", "!="},     {"\u2260", "!="},
     {"=>", ">="},    {">==", ">="},  {"gte", ">="},    {"ge", ">="},     {"\u2265", ">="},
     {"=<", "<="},    {"<==", "<="},  {"lte", "<="},    {"le", "<="},     {"\u2264", "<="},
     {"over", ">"},   {"above", ">"}, {"exceeds", ">"}, {"greater", ">"}, {"gt", ">"},
     {">>", ">"},     {"more", ">"},  {"under", "<"},   {"below", "<"},   {"less", "<"},
     {"lt", "<"},     {"<<", "<"}}};

}  // namespace

std::optional<Comparison> parse_comparison(std::string_view word, TextError& error) {
  for (const Comparison comparison : kComparisons) {
    if (comparison_text(comparison) == word) return comparison;
  }
  const auto* const meant =
      std::ranges::find(kMeant, word, &std::pair<std::string_view, std::string_view>::first);
  error.what = fmt::format("'{}' is no comparison", word);
  error.advice = "one of: == != < <= > >=";
  if (meant != kMeant.end()) error.advice = fmt::format("did you mean '{}'?", meant->second);
  if (word == "=~" || word == "!~")
    error.advice = "choose rows by name with 'select' and 'exclude'";
  return std::nullopt;
}

}  // namespace highwater::rules
