#include "rules/prometheus/promql.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace highwater::rules::promql {
namespace {

constexpr uint32_t kInvalid = 0xfffd;

// Takes the next character off the text; what is no UTF-8 is U+FFFD.
uint32_t take_character(std::string_view& text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  const size_t length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  const bool leads = first < 0x80 || (first >= 0xc2 && first <= 0xf4);
  uint32_t character = length == 1 ? first : first & (0xffU >> (length + 1));
  size_t used = 1;
  for (; leads && used < length && used < text.size(); ++used) {
    if ((byte(used) & 0xc0U) != 0x80) break;
    character = character << 6 | (byte(used) & 0x3fU);
  }
  text.remove_prefix(used);
  return leads && used == length ? character : kInvalid;
}

std::string escaped(uint32_t character) {
  if (character < 0x80) return fmt::format("\\x{:02x}", character);
  if (character < 0x10000) return fmt::format("\\u{:04x}", character);
  return fmt::format("\\U{:08x}", character);
}

bool is_plain_ascii(uint32_t character) {
  return character >= ' ' && character < 0x7f && character != '"' && character != '\\';
}

// Of a glob, which Prometheus anchors.
std::string glob_expression(std::string_view glob) {
  std::string expression;
  for (const char c : glob) {
    if (c == '*') {
      expression += ".*";
    } else if (c == '?') {
      expression += '.';
    } else {
      if (std::string_view("\\.+()|[]{}^$").find(c) != std::string_view::npos) expression += '\\';
      expression += c;
    }
  }
  return expression;
}

std::string expression_of(const Pattern& pattern) {
  const std::string_view text = pattern.text();
  const bool regex = text.size() >= 2 && text.front() == '/' && text.back() == '/';
  if (!regex) return glob_expression(text);
  return fmt::format(".*(?:{}).*", text.substr(1, text.size() - 2));
}

std::string matcher(const Measure& measure, const DimensionFilter& filter, bool select) {
  const std::string_view name = measure.dimensions[static_cast<size_t>(filter.dimension)];
  const bool one = filter.patterns.size() == 1 && !filter.patterns.front().literal().empty();
  if (one) {
    return fmt::format("{}{}{}", name,
                       select ? "=" : "!=", quoted(filter.patterns.front().literal()));
  }
  std::string expression;
  for (const Pattern& pattern : filter.patterns)
    expression += (expression.empty() ? "" : "|") + expression_of(pattern);
  return fmt::format("{}{}{}", name, select ? "=~" : "!~", quoted(expression));
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string result = "\"";
  while (!text.empty()) {
    const uint32_t character = take_character(text);
    if (character == '"' || character == '\\') {
      result += '\\';
      result += static_cast<char>(character);
    } else if (is_plain_ascii(character) && character != '`') {
      result += static_cast<char>(character);
    } else {
      result += escaped(character);
    }
  }
  return result + '"';
}

std::string yaml_quoted(std::string_view text) {
  std::string result = "\"";
  while (!text.empty()) {
    const std::string_view before = text;
    const uint32_t character = take_character(text);
    // What some readers of YAML take for a line break, or refuse.
    const bool breaks = (character >= 0x80 && character < 0xa0) || character == 0x2028 ||
                        character == 0x2029 || character == 0xfeff || character == kInvalid;
    if (character == '"' || character == '\\') {
      result += '\\';
      result += static_cast<char>(character);
    } else if (character == '\n') {
      result += "\\n";
    } else if (is_plain_ascii(character) || (character >= 0xa0 && !breaks)) {
      result += before.substr(0, before.size() - text.size());
    } else {
      result += escaped(character);
    }
  }
  return result + '"';
}

std::string number(double value) {
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

std::string metric(const Measure& measure) {
  return fmt::format("highwater_{}", measure.name);
}

std::vector<std::string> matchers(const Measure& measure, const RowScope& scope) {
  std::vector<std::string> all;
  for (const DimensionFilter& filter : scope.select) all.push_back(matcher(measure, filter, true));
  for (const DimensionFilter& filter : scope.exclude)
    all.push_back(matcher(measure, filter, false));
  return all;
}

std::string selector(std::string_view metric, std::span<const std::string> matchers) {
  if (matchers.empty()) return std::string(metric);
  return fmt::format("{}{{{}}}", metric, fmt::join(matchers, ","));
}

std::string list(std::span<const std::string_view> names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string is_bad(const std::string& selector, const GoodRange& good) {
  if (good.outside) return fmt::format("{} == bool {}", selector, number(good.low));
  if (good.low == good.high) return fmt::format("{} != bool {}", selector, number(good.low));
  const std::string too_low =
      fmt::format("{} {} bool {}", selector, good.low_is_good ? "<" : "<=", number(good.low));
  const std::string too_high =
      fmt::format("{} {} bool {}", selector, good.high_is_good ? ">" : ">=", number(good.high));
  if (std::isinf(good.low)) return too_high;
  if (std::isinf(good.high)) return too_low;
  return fmt::format("({}) + ({})", too_low, too_high);
}

}  // namespace highwater::rules::promql
