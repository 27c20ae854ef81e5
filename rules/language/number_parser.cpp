#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "agent/core/time.h"
#include "rules/language/condition_parser.h"

namespace highwater::rules {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

ParsedNumber refused(std::string what, std::string advice = "") {
  return {0, TextError{0, std::move(what), std::move(advice)}};
}

// "1,000", "1_000" and "1'000" without what parts the thousands; empty when it is something else.
std::string without_separators(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (is_digit(c)) {
      digits += c;
    } else if (c != ',' && c != '_' && c != '\'') {
      return {};
    }
  }
  return digits;
}

// What "KiB", "MB" or "g" stands for; 0 when it is no such unit.
double factor_of_unit(std::string_view unit) {
  const bool whole = unit.ends_with('B') || unit.ends_with('b');
  if (whole) unit.remove_suffix(1);
  const bool binary = unit.ends_with('i');
  if (binary) unit.remove_suffix(1);
  if (unit.empty()) return whole && !binary ? 1 : 0;
  const size_t power = std::string_view("kmgt").find(static_cast<char>(unit.front() | 0x20));
  if (unit.size() != 1 || power == std::string_view::npos) return 0;
  return std::pow(binary ? 1024.0 : 1000.0, static_cast<double>(power + 1));
}

// `number` was read, and `rest` follows it.
ParsedNumber with_unit(std::string_view text, double number, std::string_view rest,
                       const Measure& measure) {
  const Result<Duration> duration = parse_duration(text);
  if (measure.unit == Unit::seconds) {
    if (duration) return {to_seconds(*duration), std::nullopt};
    if (text.front() == '-' && parse_duration(text.substr(1)))
      return refused(fmt::format("'{}': a duration cannot be negative", text));
    return refused(duration.error().message);
  }
  if (duration) {
    return refused(fmt::format("'{}' is a duration, but '{}' is not in seconds (its unit: {})",
                               text, measure.name, unit_name(measure.unit)),
                   "compare it with a plain number");
  }
  if (rest == "%")
    return refused("percent signs are not known", fmt::format("write {}", number / 100));
  if (const double factor = factor_of_unit(rest); factor > 0) {
    // "10k" is a number of anything, "10kB" only of bytes.
    const bool fits = measure.unit == Unit::bytes || (rest.size() == 1 && factor > 1);
    return refused(fmt::format("'{}' has a unit, and numbers have none here", text),
                   fits ? fmt::format("write {:.0f}", number * factor)
                        : std::string("write the plain number"));
  }
  return refused(fmt::format("'{}' is not a number", text),
                 fmt::format("a plain number, like {}", number));
}

}  // namespace

ParsedNumber parse_number(std::string_view text, const Measure& measure) {
  std::string lower(text.substr(text.starts_with('-') || text.starts_with('+') ? 1 : 0));
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; });
  if (lower == "nan" || lower == "inf" || lower == "infinity") {
    return refused(fmt::format("'{}' is nothing to compare with: no sample ever reaches it", text),
                   "what could not be read is unknown, and freezes an alert by itself");
  }
  if (lower == "true" || lower == "false")
    return refused(fmt::format("'{}' is not a number", text),
                   lower == "true" ? "write 1" : "write 0");

  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number);
  if (problem == std::errc::result_out_of_range)
    return refused(fmt::format("'{}' is too large or too small for a number", text));
  if (problem != std::errc{} || !std::isfinite(number)) {
    return refused(fmt::format("'{}' is neither a number nor a measure", text),
                   text.starts_with('+') ? "write it without the plus sign" : "");
  }
  if (const std::string digits = without_separators(text); stop != end && !digits.empty())
    return refused(fmt::format("'{}' is not a number", text), fmt::format("write {}", digits));
  if (stop != end) return with_unit(text, number, {stop, static_cast<size_t>(end - stop)}, measure);
  const std::string_view unsigned_text = text.substr(text.front() == '-' ? 1 : 0);
  if (unsigned_text.size() > 1 && unsigned_text[0] == '0' && is_digit(unsigned_text[1])) {
    return refused(fmt::format("{} could be read as octal", text),
                   "write it without the leading zero");
  }
  return {number, std::nullopt};
}

}  // namespace highwater::rules
