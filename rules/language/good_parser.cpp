#include "rules/language/good_parser.h"

#include <fmt/format.h>

#include <utility>

#include "agent/core/plain_text.h"

namespace highwater::rules {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";
constexpr std::string_view kOperatorCharacters = "=!<>~";

// Cuts the first word off.
std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find_first_of(kSpaces));
  text = trimmed(text.substr(word.size()));
  return word;
}

class Parser {
 public:
  Parser(std::string_view text, const Measure& measure) : text_(text), measure_(measure) {}

  ParsedGood parse();

 private:
  void read_between(std::string_view rest);
  void read_comparison(std::string_view word, std::string_view right);
  void report_first_word(std::string_view word);
  std::optional<double> read_number(std::string_view word);
  void set_range(Comparison comparison, double number);
  void check_boolean(Comparison comparison, double number);
  void check_that_it_differs();
  void error(std::string_view at, std::string what, std::string advice);
  [[nodiscard]] std::string form() const;

  std::string_view text_;
  const Measure& measure_;
  ParsedGood parsed_;
};

ParsedGood Parser::parse() {
  std::string_view rest = trimmed(text_);
  if (rest.empty()) {
    error(text_, "'good' is empty", form());
    return std::move(parsed_);
  }
  const size_t length = rest.find_first_not_of(kOperatorCharacters);
  std::string_view first;
  if (length == 0) {
    first = take_word(rest);
  } else {
    first = rest.substr(0, length);
    rest = trimmed(rest.substr(first.size()));
  }
  if (first == "between") {
    read_between(rest);
  } else {
    read_comparison(first, rest);
  }
  if (parsed_.errors.empty()) check_that_it_differs();
  return std::move(parsed_);
}

void Parser::read_between(std::string_view rest) {
  const std::string_view low = take_word(rest);
  const std::string_view joined = take_word(rest);
  const std::string_view high = take_word(rest);
  if (joined != "and" || high.empty() || !rest.empty()) {
    error(text_, fmt::format("'{}' is no range", trimmed(text_)),
          "write it like \"between 1 and 5\"");
    return;
  }
  if (measure_.unit == Unit::boolean) {
    error(text_, fmt::format("'{}' is only ever 0 or 1", measure_.name), form());
    return;
  }
  const std::optional<double> from = read_number(low);
  const std::optional<double> to = read_number(high);
  if (!from || !to) return;
  if (*from > *to) {
    error(low, fmt::format("nothing lies between {} and {}", low, high),
          fmt::format("write \"between {} and {}\"", high, low));
    return;
  }
  parsed_.range.low = *from;
  parsed_.range.high = *to;
}

void Parser::read_comparison(std::string_view word, std::string_view right) {
  TextError wrong;
  const std::optional<Comparison> comparison = parse_comparison(word, wrong);
  if (!comparison) {
    if (wrong.advice.starts_with("did you mean")) {
      error(word, std::move(wrong.what), std::move(wrong.advice));
    } else {
      report_first_word(word);
    }
    return;
  }
  if (right.empty()) {
    error(word, fmt::format("nothing stands after '{}'", word), form());
    return;
  }
  std::string_view rest = right;
  const std::string_view number_text = take_word(rest);
  if (!rest.empty()) {
    const bool joined = rest.starts_with("and") || rest.starts_with("or");
    error(rest, fmt::format("'{}' is too much here", rest),
          joined ? "a range is written like \"between 1 and 5\""
                 : "write one number; a duration without spaces, like 1m30s");
    return;
  }
  const std::optional<double> number = read_number(number_text);
  if (!number) return;
  set_range(*comparison, *number);
  if (measure_.unit == Unit::boolean) check_boolean(*comparison, *number);
}

// What stands where a comparison should is most often the number, or a whole condition.
void Parser::report_first_word(std::string_view word) {
  const bool number = !parse_number(word, measure_).error;
  if (number) {
    error(word, fmt::format("'good' does not say how to compare with {}", word),
          fmt::format("write \"{} {}\", with the quotes",
                      measure_.unit == Unit::boolean ? "==" : "<=", word));
  } else if (word.starts_with(measure_.name)) {
    error(word, "'sli' names the measure already", form());
  } else {
    error(word, fmt::format("'{}' is no comparison", word), form());
  }
}

std::optional<double> Parser::read_number(std::string_view word) {
  ParsedNumber number = parse_number(word, measure_);
  if (!number.error) return number.value;
  error(word, std::move(number.error->what), std::move(number.error->advice));
  return std::nullopt;
}

void Parser::set_range(Comparison comparison, double number) {
  GoodRange& range = parsed_.range;
  switch (comparison) {
    case Comparison::equal:
      range.low = range.high = number;
      break;
    case Comparison::not_equal:
      range.low = range.high = number;
      range.outside = true;
      break;
    case Comparison::less:
      range.high_is_good = false;
      [[fallthrough]];
    case Comparison::less_or_equal:
      range.high = number;
      break;
    case Comparison::greater:
      range.low_is_good = false;
      [[fallthrough]];
    case Comparison::greater_or_equal:
      range.low = number;
      break;
  }
}

void Parser::check_boolean(Comparison comparison, double number) {
  const bool equality = comparison == Comparison::equal || comparison == Comparison::not_equal;
  if (equality && (number == 0 || number == 1)) return;
  error(text_, fmt::format("'{}' is only ever 0 or 1", measure_.name), form());
}

// Whether every possible value would be good, or none: then there is nothing to judge.
void Parser::check_that_it_differs() {
  if (measure_.unit != Unit::seconds && measure_.unit != Unit::bytes &&
      measure_.unit != Unit::count) {
    return;  // others may be negative
  }
  const GoodRange& range = parsed_.range;
  const bool unbounded = range.high == std::numeric_limits<double>::infinity();
  const bool all = range.outside ? range.high < 0 : unbounded && range.contains(0);
  const bool none = !range.outside && (range.high < 0 || (range.high == 0 && !range.high_is_good));
  if (!all && !none) return;
  error(
      text_,
      fmt::format("'{}' is never negative: {} value is good", measure_.name, all ? "every" : "no"),
      form());
}

std::string Parser::form() const {
  switch (measure_.unit) {
    case Unit::boolean:
      return "write \"== 1\" or \"== 0\"";
    case Unit::seconds:
      return "write it like \"<= 5m\" or \"between 1m and 1h\"";
    case Unit::none:
    case Unit::info:
    case Unit::bytes:
    case Unit::records:
    case Unit::count:
    case Unit::ratio:
      break;
  }
  return "write it like \"<= 1000\", \"== 0\" or \"between 1 and 5\"";
}

// `at` is a part of the text.
void Parser::error(std::string_view at, std::string what, std::string advice) {
  const bool inside = at.data() >= text_.data() && at.data() <= text_.data() + text_.size();
  const size_t offset = inside ? static_cast<size_t>(at.data() - text_.data()) : 0;
  parsed_.errors.push_back({offset, std::move(what), std::move(advice)});
}

}  // namespace

ParsedGood parse_good(std::string_view text, const Measure& measure) {
  return Parser(text, measure).parse();
}

}  // namespace highwater::rules
