#include "rules/language/window_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>

#include "agent/core/diagnostic.h"
#include "agent/core/plain_text.h"
#include "rules/wording.h"

namespace highwater::rules {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr Duration kShortestWindow = minutes(1);
constexpr Duration kLongestWindow = hours(24);
constexpr std::string_view kSpaces = " \t\r\n";
constexpr std::string_view kPastForm = "write it like 'group_lag_records > 3x 1h ago'";

ParsedNumber refused(std::string what, std::string advice) {
  return {0, TextError{0, std::move(what), std::move(advice)}};
}

// A number, and what follows it.
struct NumberAndUnit {
  double number = 0;
  std::string_view unit;
};

std::optional<NumberAndUnit> split_number(std::string_view text) {
  NumberAndUnit read;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, read.number);
  if (problem != std::errc{} || !std::isfinite(read.number)) return std::nullopt;
  read.unit = trimmed({stop, static_cast<size_t>(end - stop)});
  return read;
}

// How many seconds the unit of a rate is long; 0 when it is none.
double seconds_of(std::string_view unit) {
  for (const std::string_view per : {"/", "per ", "a "}) {
    if (!unit.starts_with(per)) continue;
    unit = trimmed(unit.substr(per.size()));
    if (unit == "s" || unit == "sec" || unit == "second") return 1;
    if (unit == "m" || unit == "min" || unit == "minute") return 60;
    if (unit == "h" || unit == "hour") return 3600;
    if (unit == "d" || unit == "day") return 86400;
  }
  return 0;
}

ParsedNumber rate_of(std::string_view text, const NumberAndUnit& read) {
  if (read.number < 0)
    return refused(fmt::format("'{}': a counter never grows by less than nothing", text),
                   "write it like 10/s");
  if (read.unit == "/s") return {read.number, std::nullopt};
  if (read.unit.empty())
    return refused(fmt::format("'{}' is no rate", text), fmt::format("write {}/s", read.number));
  if (const double seconds = seconds_of(read.unit); seconds > 0)
    return refused(fmt::format("'{}': a rate is per second", text),
                   fmt::format("write {:.6g}/s", read.number / seconds));
  if (read.unit == "%")
    return refused(fmt::format("'{}' is no rate", text),
                   "a percentage is what ratio(COUNTER, TOTAL, 5m) is compared with");
  return refused(fmt::format("'{}' is no rate", text), "write it like 10/s");
}

ParsedNumber share_of(std::string_view text, const NumberAndUnit& read) {
  if (read.number < 0)
    return refused(fmt::format("'{}': a ratio is never negative", text), "write it like 1%");
  if (read.unit == "%") return {read.number / 100, std::nullopt};
  if (read.unit.empty())
    return refused(
        fmt::format("'{}' is no percentage", text),
        fmt::format("write {:.6g}%", read.number <= 1 ? read.number * 100 : read.number));
  if (seconds_of(read.unit) > 0)
    return refused(fmt::format("'{}': a ratio is the same per second and per hour", text),
                   "write it like 1%; how fast a counter grows is rate(COUNTER, 5m)");
  return refused(fmt::format("'{}' is no percentage", text), "write it like 1%");
}

ParsedNumber factor_of(std::string_view text, const NumberAndUnit& read) {
  if (read.number <= 0)
    return refused(fmt::format("'{}' is no factor", text), "a factor is greater than 0");
  if (read.unit == "x") return {read.number, std::nullopt};
  if (read.unit == "%")
    return refused(fmt::format("'{}' is no factor", text),
                   fmt::format("write {:.6g}x", read.number / 100));
  return refused(fmt::format("'{}' is no factor", text), fmt::format("write {}x", read.number));
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (text = trimmed(text); !text.empty();) {
    words.push_back(text.substr(0, text.find_first_of(kSpaces)));
    text = trimmed(text.substr(words.back().size()));
  }
  return words;
}

bool is_times(std::string_view unit) {
  return unit == "x" || unit == "X" || unit == "\u00d7" || unit == "times" || unit == "fold";
}

}  // namespace

std::optional<Call> find_call(std::string_view text) {
  text = trimmed(text);
  const auto of_a_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  const auto* const name_end = std::ranges::find_if_not(text, of_a_name);
  Call call;
  call.name = text.substr(0, static_cast<size_t>(name_end - text.begin()));
  const size_t open = text.find_first_not_of(kSpaces, call.name.size());
  if (call.name.empty() || open == std::string_view::npos || text[open] != '(') return std::nullopt;
  const size_t close = text.find(')', open);
  call.closed = close != std::string_view::npos;
  call.text = text.substr(0, call.closed ? close + 1 : text.size());
  call.rest = trimmed(text.substr(call.text.size()));
  std::string_view inside = text.substr(open + 1, call.closed ? close - open - 1 : text.npos);
  while (true) {
    const size_t comma = inside.find(',');
    call.arguments.push_back(trimmed(inside.substr(0, comma)));
    if (comma == std::string_view::npos) return call;
    inside.remove_prefix(comma + 1);
  }
}

std::string advice_for_function(std::string_view name) {
  for (const std::string_view growth :
       {"increase", "irate", "deriv", "delta", "idelta", "derivative"}) {
    if (name == growth) return "how fast a counter grows is 'rate(COUNTER, 5m) > 10/s'";
  }
  for (const std::string_view share : {"share", "percent", "percentage", "quotient", "div"}) {
    if (name == share) return "did you mean 'ratio'?";
  }
  const std::vector<std::string> names{"rate", "ratio"};
  if (const std::string near = closest(name, names); !near.empty())
    return fmt::format("did you mean '{}'?", near);
  return "there are rate(COUNTER, 5m) and ratio(COUNTER, TOTAL, 5m); 'per' makes one alert of many "
         "rows";
}

ParsedWindow parse_window(std::string_view text) {
  const Result<Duration> window = parse_duration(text);
  if (!window) return {{}, TextError{0, window.error().message, ""}};
  if (*window < kShortestWindow || *window > kLongestWindow) {
    return {{},
            TextError{0,
                      fmt::format("a window is between {} and {} long, not {}",
                                  format_duration(kShortestWindow), format_duration(kLongestWindow),
                                  text),
                      *window > kLongestWindow ? "an SLO judges longer times" : ""}};
  }
  return {*window, std::nullopt};
}

bool looks_like_past(std::string_view text) {
  const std::vector<std::string_view> words = words_of(text);
  if (words.empty()) return false;
  if (words.back() == "ago") return true;
  const auto first = split_number(words.front());
  if (!first) return false;
  return is_times(first->unit) || (words.size() > 1 && first->unit.empty() && is_times(words[1]));
}

ParsedPast parse_past(std::string_view text) {
  const std::vector<std::string_view> words = words_of(text);
  const auto refused_past = [&](std::string advice) {
    return ParsedPast{
        0,
        {},
        TextError{0, fmt::format("'{}' is no multiple of the past", text), std::move(advice)}};
  };
  if (words.size() == 2 && words.back() == "ago" && parse_duration(words[0]))
    return refused_past(fmt::format("write by how much it differs, like '2x {}'", text));
  if (words.size() == 2 && words.back() != "ago" && parse_duration(words[1]))
    return refused_past(fmt::format("write '{} ago'", text));
  if (words.size() != 3 || words.back() != "ago") return refused_past(std::string(kPastForm));
  Condition past;
  past.kind = ConditionKind::past;
  ParsedPast parsed;
  ParsedNumber factor = parse_threshold(words[0], past);
  if (factor.error) return {0, {}, std::move(factor.error)};
  ParsedWindow ago = parse_window(words[1]);
  if (ago.error) {
    ago.error->offset = static_cast<size_t>(words[1].data() - text.data());
    return {0, {}, std::move(ago.error)};
  }
  return {factor.value, ago.window, std::nullopt};
}

ParsedNumber parse_threshold(std::string_view text, const Condition& condition) {
  const bool of_value = condition.kind == ConditionKind::value;
  const std::optional<NumberAndUnit> read = of_value ? std::nullopt : split_number(text);
  if (!of_value && !read)
    return refused(fmt::format("'{}' is not a number", text),
                   condition.kind == ConditionKind::rate    ? "write it like 10/s"
                   : condition.kind == ConditionKind::ratio ? "write it like 1%"
                                                            : std::string(kPastForm));
  switch (condition.kind) {
    case ConditionKind::value:
      break;
    case ConditionKind::rate:
      return rate_of(text, *read);
    case ConditionKind::ratio:
      return share_of(text, *read);
    case ConditionKind::past:
      return factor_of(text, *read);
  }
  return parse_number(text, *condition.left);
}

// A rate and a ratio are never below 0, a part is rarely more than the whole, and what stays as it
// is is once what it was.
std::optional<TextError> check_window_threshold(const Condition& condition) {
  const double threshold = condition.threshold;
  const bool of_past = condition.kind == ConditionKind::past;
  const double least = of_past ? 1 : 0;
  bool always = false;
  bool never = false;
  switch (condition.comparison) {
    case Comparison::greater:
      always = threshold < least;
      break;
    case Comparison::greater_or_equal:
      always = threshold <= least;
      break;
    case Comparison::less:
      always = threshold > 1 && condition.kind != ConditionKind::rate;
      never = !of_past && threshold <= 0;
      break;
    case Comparison::less_or_equal:
      always = threshold >= 1 && condition.kind != ConditionKind::rate;
      break;
    case Comparison::equal:
    case Comparison::not_equal:
      return TextError{0, fmt::format("'{}' is hit by chance", condition_text(condition)),
                       "compare with '>' or '<'"};
  }
  if (!always && !never) return std::nullopt;
  const std::string_view advice = of_past ? "above 1x something grew, below 1x it shrank"
                                  : condition.kind == ConditionKind::rate
                                      ? "a rate is 0/s while nothing is counted"
                                      : "a ratio is from 0% to 100%";
  return TextError{
      0,
      fmt::format("'{}' {} holds{}", condition_text(condition), always ? "always" : "never",
                  of_past ? " of what stays as it is" : ""),
      std::string(advice)};
}

}  // namespace highwater::rules
