#include "rules/language/condition_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "agent/core/diagnostic.h"

namespace highwater::rules {
namespace {

constexpr std::string_view kOperatorCharacters = "=!<>~";
constexpr std::string_view kBrackets = "(){}[]";
constexpr std::string_view kSpaces = " \t\r\n";
constexpr std::string_view kForm = "write MEASURE OPERATOR NUMBER, like 'group_lag_records > 1000'";
constexpr std::string_view kMetricPrefix = "highwater_";

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

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

// The three parts of a condition, as they stand in the text.
struct Words {
  std::string_view left;
  std::string_view comparison;
  std::string_view right;
};

Words split(std::string_view text) {
  Words words;
  text = trimmed(text);
  words.left = text.substr(0, text.find_first_of(" \t\r\n=!<>~"));
  text = trimmed(text.substr(words.left.size()));
  const size_t length = text.find_first_not_of(kOperatorCharacters);
  words.comparison =
      length == 0 ? text.substr(0, text.find_first_of(kSpaces)) : text.substr(0, length);
  words.right = trimmed(text.substr(words.comparison.size()));
  return words;
}

class Parser {
 public:
  Parser(std::string_view text, const Catalogue& catalogue) : text_(text), catalogue_(catalogue) {}

  ParsedCondition parse();

 private:
  void read_right(std::string_view right);
  void read_threshold(std::string_view right);
  bool read_comparison(std::string_view word);
  const Measure* read_measure(std::string_view word);
  void check_threshold(std::string_view right);
  void check_measures(std::string_view right);
  void error(std::string_view at, std::string what, std::string advice = "");

  std::string_view text_;
  const Catalogue& catalogue_;
  ParsedCondition parsed_;
};

bool starts_like_a_measure(std::string_view word) {
  const char c = word.front();
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool starts_like_a_number(std::string_view word) {
  return (word.front() >= '0' && word.front() <= '9') || word.front() == '-' ||
         word.front() == '.' || word.front() == '+';
}

bool is_word_of_a_number(std::string_view word) {
  return word == "true" || word == "false" || word == "nan" || word == "NaN" || word == "NAN" ||
         word == "inf" || word == "Inf" || word == "infinity" || word == "Infinity";
}

ParsedCondition Parser::parse() {
  const Words words = split(text_);
  if (words.left.empty() && words.comparison.empty()) {
    error(text_, "the condition is empty", std::string(kForm));
    return std::move(parsed_);
  }
  if (words.left.empty()) {
    error(words.comparison, fmt::format("there is no measure before '{}'", words.comparison),
          std::string(kForm));
    return std::move(parsed_);
  }
  if (starts_like_a_number(words.left)) {
    error(words.left, "the measure comes first, then what it is compared with", std::string(kForm));
    return std::move(parsed_);
  }
  parsed_.condition.left = read_measure(words.left);
  // What follows is a language of its own, not ours.
  if (words.left.find_first_of(kBrackets) != std::string_view::npos) return std::move(parsed_);
  if (words.comparison.empty()) {
    error(words.left, fmt::format("'{}' is compared with nothing", words.left), std::string(kForm));
    return std::move(parsed_);
  }
  if (!read_comparison(words.comparison)) return std::move(parsed_);
  if (words.right.empty()) {
    error(words.comparison, fmt::format("nothing stands after '{}'", words.comparison),
          std::string(kForm));
    return std::move(parsed_);
  }
  read_right(words.right);
  return std::move(parsed_);
}

void Parser::read_right(std::string_view right) {
  const size_t space = right.find_first_of(kSpaces);
  const std::string_view rest =
      space == std::string_view::npos ? std::string_view{} : trimmed(right.substr(space));
  if (!rest.empty() && right.find_first_of(kBrackets) > space) {
    const std::string_view next = rest.substr(0, rest.find_first_of(kSpaces));
    const bool joined = next == "and" || next == "or" || next == "AND" || next == "OR" ||
                        next == "&&" || next == "||" || next == "unless";
    error(rest, joined ? "a rule makes one comparison" : fmt::format("'{}' is too much here", rest),
          joined ? "write a rule for each"
                 : "write one number or measure; a duration without spaces, like 1m30s");
    return;
  }
  if (is_word_of_a_number(right) || !starts_like_a_measure(right)) {
    read_threshold(right);
    return;
  }
  parsed_.condition.right = read_measure(right);
  if (parsed_.condition.left != nullptr && parsed_.condition.right != nullptr)
    check_measures(right);
}

void Parser::read_threshold(std::string_view right) {
  if (parsed_.condition.left == nullptr) return;
  ParsedNumber number = parse_number(right, *parsed_.condition.left);
  if (number.error) {
    error(right, std::move(number.error->what), std::move(number.error->advice));
    return;
  }
  parsed_.condition.threshold = number.value;
  check_threshold(right);
}

bool Parser::read_comparison(std::string_view word) {
  TextError wrong;
  const std::optional<Comparison> comparison = parse_comparison(word, wrong);
  if (comparison) {
    parsed_.condition.comparison = *comparison;
    return true;
  }
  error(word, std::move(wrong.what), std::move(wrong.advice));
  return false;
}

const Measure* Parser::read_measure(std::string_view word) {
  if (word.find('{') != std::string_view::npos) {
    error(word, "a measure stands alone, without braces", "choose rows with 'select'");
    return nullptr;
  }
  if (word.find_first_of("()[]") != std::string_view::npos) {
    error(word, "functions are not known here",
          "name a measure that already is what you look for; 'per' makes one alert of many rows");
    return nullptr;
  }
  const Measure* const measure = catalogue_.find(word);
  if (measure == nullptr) {
    const std::string_view bare =
        word.starts_with(kMetricPrefix) ? word.substr(kMetricPrefix.size()) : word;
    error(word, fmt::format("there is no measure '{}'", word),
          catalogue_.find(bare) != nullptr ? fmt::format("did you mean '{}'?", bare)
                                           : did_you_mean(bare, catalogue_.names()));
    return nullptr;
  }
  if (measure->unit == Unit::info) {
    error(word, fmt::format("'{}' is always 1: what it says is in its dimensions", word),
          "use a measure that changes");
  }
  return measure;
}

bool is_equality(Comparison comparison) {
  return comparison == Comparison::equal || comparison == Comparison::not_equal;
}

void Parser::check_threshold(std::string_view right) {
  const Condition& condition = parsed_.condition;
  if (condition.left->unit == Unit::boolean) {
    const bool zero_or_one = condition.threshold == 0 || condition.threshold == 1;
    if (!zero_or_one || !is_equality(condition.comparison)) {
      error(zero_or_one ? text_ : right,
            fmt::format("'{}' is only ever 0 or 1", condition.left->name),
            "compare it with '== 1' or '== 0'");
    }
  } else if (condition.left->type == MeasureType::counter && is_equality(condition.comparison)) {
    error(text_,
          fmt::format("'{}' is a counter: it grows past a number without stopping at it",
                      condition.left->name),
          "compare it with '>' or '>='");
  }
}

void Parser::check_measures(std::string_view right) {
  const Measure& left_measure = *parsed_.condition.left;
  const Measure& right_measure = *parsed_.condition.right;
  if (&left_measure == &right_measure) {
    error(right, fmt::format("'{}' is compared with itself", right), std::string(kForm));
    return;
  }
  if (left_measure.unit != right_measure.unit && left_measure.unit != Unit::none &&
      right_measure.unit != Unit::none) {
    error(right,
          fmt::format("'{}' is in {}, '{}' in {}", left_measure.name, unit_name(left_measure.unit),
                      right, unit_name(right_measure.unit)),
          "compare measures of the same unit");
  }
  if (!is_equality(parsed_.condition.comparison) && left_measure.unit == Unit::boolean) {
    error(text_, fmt::format("'{}' is only ever 0 or 1", left_measure.name),
          "compare it with '==' or '!='");
  }
  if (is_equality(parsed_.condition.comparison) &&
      (left_measure.type == MeasureType::counter || right_measure.type == MeasureType::counter)) {
    error(text_, "a counter grows past a number without stopping at it",
          "compare it with '>' or '<'");
  }
  for (const std::string_view dimension : right_measure.dimensions) {
    if (dimension_index(left_measure, dimension) >= 0) continue;
    const bool swappable = std::ranges::all_of(left_measure.dimensions, [&](std::string_view name) {
      return dimension_index(right_measure, name) >= 0;
    });
    error(right,
          fmt::format("'{}' has the dimension '{}', which '{}' has not", right_measure.name,
                      dimension, left_measure.name),
          swappable ? fmt::format("put '{}' on the left and turn the comparison round", right)
                    : "the left measure must have every dimension of the right one");
    return;
  }
}

// `at` is a part of the text.
void Parser::error(std::string_view at, std::string what, std::string advice) {
  const size_t offset = at.data() >= text_.data() && at.data() <= text_.data() + text_.size()
                            ? static_cast<size_t>(at.data() - text_.data())
                            : 0;
  parsed_.errors.push_back({offset, std::move(what), std::move(advice)});
}

}  // namespace

ParsedCondition parse_condition(std::string_view text, const Catalogue& catalogue) {
  return Parser(text, catalogue).parse();
}

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
