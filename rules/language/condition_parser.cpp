#include "rules/language/condition_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "agent/core/diagnostic.h"
#include "agent/core/plain_text.h"
#include "rules/language/window_parser.h"

namespace highwater::rules {
namespace {

constexpr std::string_view kOperatorCharacters = "=!<>~";
constexpr std::string_view kBrackets = "(){}[]";
constexpr std::string_view kSpaces = " \t\r\n";
constexpr std::string_view kForm = "write MEASURE OPERATOR NUMBER, like 'group_lag_records > 1000'";
constexpr std::string_view kRateForm = "write rate(COUNTER, 5m) > 10/s";
constexpr std::string_view kRatioForm = "write ratio(COUNTER, TOTAL, 5m) > 1%";
constexpr std::string_view kMetricPrefix = "highwater_";

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
  ParsedCondition parse_call(const Call& call);
  void read_call(const Call& call, std::string_view form);
  const Measure* read_counter(std::string_view word, const Call& call);
  void read_past(std::string_view right);
  void check_window(std::string_view at);
  void refuse_counter(const Measure& counter, std::string_view at);
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
  if (const std::optional<Call> call = find_call(text_)) return parse_call(*call);
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

ParsedCondition Parser::parse_call(const Call& call) {
  Condition& condition = parsed_.condition;
  const bool is_rate = call.name == "rate";
  if (!is_rate && call.name != "ratio") {
    error(call.name, fmt::format("there is no function '{}'", call.name),
          advice_for_function(call.name));
    return std::move(parsed_);
  }
  const std::string_view form = is_rate ? kRateForm : kRatioForm;
  condition.kind = is_rate ? ConditionKind::rate : ConditionKind::ratio;
  if (!call.closed) {
    error(call.text, fmt::format("the parenthesis of '{}(' is never closed", call.name),
          std::string(form));
    return std::move(parsed_);
  }
  read_call(call, form);
  const Words words = split(call.rest);
  // "over" instead of an operator is read as a measure.
  const std::string_view comparison = words.left.empty() ? words.comparison : words.left;
  const std::string_view right =
      words.left.empty() ? words.right : trimmed(call.rest.substr(words.left.size()));
  if (comparison.empty() || (right.empty() && words.left.empty())) {
    error(call.text, fmt::format("'{}' is compared with nothing", call.text), std::string(form));
    return std::move(parsed_);
  }
  if (!read_comparison(comparison)) return std::move(parsed_);
  ParsedNumber number = parse_threshold(right, condition);
  if (number.error) {
    error(right, std::move(number.error->what), std::move(number.error->advice));
    return std::move(parsed_);
  }
  condition.threshold = number.value;
  if (parsed_.errors.empty()) check_window(text_);
  return std::move(parsed_);
}

// What is between the parentheses.
void Parser::read_call(const Call& call, std::string_view form) {
  Condition& condition = parsed_.condition;
  const size_t wanted = condition.kind == ConditionKind::rate ? 2 : 3;
  const auto& arguments = call.arguments;
  if (const size_t brace = call.text.find('{'); brace != std::string_view::npos) {
    error(call.text.substr(brace), "a measure stands alone, without braces",
          "choose rows with 'select'");
    return;
  }
  if (const size_t bracket = call.text.find('['); bracket != std::string_view::npos) {
    const std::string_view window = call.text.substr(bracket + 1);
    error(call.text.substr(bracket), "a window stands behind a comma, without brackets",
          wanted == 2
              ? fmt::format("write rate({}, {})", arguments[0].substr(0, arguments[0].find('[')),
                            window.substr(0, window.find_first_of("])")))
              : std::string(form));
    return;
  }
  if (arguments.size() != wanted || std::ranges::any_of(arguments, &std::string_view::empty)) {
    error(call.text,
          fmt::format("'{}' takes {}", call.name,
                      wanted == 2 ? "a counter and a window" : "a counter, a total and a window"),
          std::string(form));
    condition.left = catalogue_.find(arguments[0]);
    return;
  }
  condition.left = read_counter(arguments[0], call);
  if (wanted == 3) condition.right = read_counter(arguments[1], call);
  if (wanted == 3 && condition.left != nullptr && condition.left == condition.right)
    error(arguments[1], fmt::format("'{}' is compared with itself", arguments[1]),
          "the second counter counts everything, the first a part of it");
  ParsedWindow window = parse_window(arguments.back());
  if (window.error)
    error(arguments.back(), std::move(window.error->what), std::move(window.error->advice));
  condition.window = window.window;
}

const Measure* Parser::read_counter(std::string_view word, const Call& call) {
  const Measure* const measure = read_measure(word);
  if (measure == nullptr || measure->type == MeasureType::counter || measure->unit == Unit::info)
    return measure;
  error(word, fmt::format("'{}' is a gauge: {}() is of counters", word, call.name),
        fmt::format("compare it with a number, or with its own past: '{} > 3x 1h ago'", word));
  return measure;
}

void Parser::read_past(std::string_view right) {
  Condition& condition = parsed_.condition;
  ParsedPast past = parse_past(right);
  if (past.error) {
    error(right.substr(past.error->offset), std::move(past.error->what),
          std::move(past.error->advice));
    return;
  }
  condition.kind = ConditionKind::past;
  condition.threshold = past.factor;
  condition.window = past.ago;
  if (condition.left == nullptr) return;
  if (condition.left->type == MeasureType::counter) return refuse_counter(*condition.left, text_);
  if (condition.left->unit == Unit::boolean)
    error(text_, fmt::format("'{}' is only ever 0 or 1", condition.left->name),
          "compare it with '== 1' or '== 0'");
  if (parsed_.errors.empty()) check_window(text_);
}

void Parser::check_window(std::string_view at) {
  if (std::optional<TextError> wrong = check_window_threshold(parsed_.condition))
    error(at, std::move(wrong->what), std::move(wrong->advice));
}

// A counter that is compared with anything but time.
void Parser::refuse_counter(const Measure& counter, std::string_view at) {
  error(at,
        fmt::format("'{}' is a counter: it only grows, and stays above any number", counter.name),
        fmt::format("compare how fast it grows, 'rate({0}, 5m) > 10/s', or its share of another, "
                    "'ratio({0}, TOTAL, 5m) > 1%'",
                    counter.name));
}

void Parser::read_right(std::string_view right) {
  if (looks_like_past(right)) return read_past(right);
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
  } else if (condition.left->type == MeasureType::counter) {
    refuse_counter(*condition.left, text_);
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
  for (const Measure* measure : {&left_measure, &right_measure}) {
    if (measure->type == MeasureType::counter) return refuse_counter(*measure, text_);
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

}  // namespace highwater::rules
