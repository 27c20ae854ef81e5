#include "rules/icalendar/content_lines.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "agent/core/utf8.h"
#include "rules/routing/silences.h"

namespace highwater::rules::icalendar {
namespace {

constexpr size_t kMostExcerptBytes = 60;

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// The first of these characters that does not stand between quotes.
size_t find_unquoted(std::string_view text, std::string_view any) {
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (!quoted && any.find(text[i]) != std::string_view::npos) return i;
  }
  return std::string_view::npos;
}

std::string_view without_quotes(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

}  // namespace

const std::string* ContentLine::parameter(std::string_view parameter_name) const {
  const auto found = std::ranges::find_if(
      parameters, [&](const auto& parameter) { return parameter.first == parameter_name; });
  return found == parameters.end() ? nullptr : &found->second;
}

std::vector<UnfoldedLine> unfold(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<UnfoldedLine> lines;
  int number = 0;
  while (!text.empty()) {
    ++number;
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const bool goes_on = line.front() == ' ' || line.front() == '\t';
    if (goes_on && !lines.empty())
      lines.back().text += line.substr(1);
    else
      lines.push_back({number, std::string(line)});
  }
  return lines;
}

std::optional<ContentLine> take_apart(const UnfoldedLine& unfolded) {
  ContentLine line;
  line.line = unfolded.line;
  std::string_view rest = unfolded.text;
  const size_t name_end = rest.find_first_of(";:");
  if (name_end == std::string_view::npos) return std::nullopt;
  line.name = upper_case(rest.substr(0, name_end));
  if (!is_name(line.name)) return std::nullopt;
  rest.remove_prefix(name_end);
  while (rest.starts_with(';')) {
    rest.remove_prefix(1);
    const size_t equals = rest.find('=');
    const size_t end = find_unquoted(rest, ";:");
    if (end == std::string_view::npos || equals >= end) return std::nullopt;
    const std::string_view value = rest.substr(equals + 1, end - equals - 1);
    line.parameters.emplace_back(upper_case(rest.substr(0, equals)), without_quotes(value));
    rest.remove_prefix(end);
  }
  line.value = rest.substr(1);
  return line;
}

std::string unescaped(std::string_view value) {
  std::string text;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '\\' || i + 1 == value.size())
      text += value[i];
    else if (value[++i] == 'n' || value[i] == 'N')
      text += '\n';
    else
      text += value[i];
  }
  return text;
}

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string excerpt(std::string_view text) {
  return one_line(std::string(utf8::first_bytes(text, kMostExcerptBytes)));
}

std::optional<int> number_of(std::string_view text, int lowest, int highest) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (number < lowest || number > highest) return std::nullopt;
  return number;
}

}  // namespace highwater::rules::icalendar
