#include "exporters/status/terminal.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/core/utf8.h"
#include "agent/core/wrap.h"

namespace highwater {
namespace {

std::string_view code(Ink ink) {
  switch (ink) {
    case Ink::plain:
      return "";
    case Ink::bold:
      return "\x1b[1m";
    case Ink::soft:
      return "\x1b[2m";
    case Ink::red:
      return "\x1b[31m";
    case Ink::yellow:
      return "\x1b[33m";
    case Ink::green:
      return "\x1b[32m";
    case Ink::reverse:
      return "\x1b[7m";
  }
  return "";
}

}  // namespace

std::string clean(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = utf8::sequence_length(text);
    const bool harmless = length != 0 && utf8::control_length(text) == 0;
    out += harmless ? text.substr(0, length) : "?";
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

std::string shortened(std::string_view text, size_t most) {
  if (utf8::count_characters(text) <= most) return std::string(text);
  return std::string(utf8::first_characters(text, most - 1)) + "\u2026";
}

std::string painted(const TextCell& cell, bool colour) {
  // Here, where all of it passes: much of it was named by clients of Kafka.
  if (!colour || cell.ink == Ink::plain || cell.text.empty()) return clean(cell.text);
  return fmt::format("{}{}\x1b[0m", code(cell.ink), clean(cell.text));
}

void TerminalText::line(const std::string& text, Ink ink, size_t indent) {
  const size_t start = std::min(text.find_first_not_of(' '), text.size());
  const std::string_view rest = std::string_view(text).substr(start);
  const std::string head(start, ' ');
  if (start + utf8::count_characters(rest) <= style_.width) {
    text_ += head + painted({std::string(rest), ink}, style_.colour) + "\n";
    return;
  }
  // Each line is painted by itself, so that no colour runs over a line's end.
  const std::string wrapped = wrap(clean(rest), style_.width, indent, start);
  std::string_view left = wrapped;
  text_ += head;
  while (true) {
    const size_t end = left.find('\n');
    const std::string_view one = left.substr(0, end);
    const size_t blanks = std::min(one.find_first_not_of(' '), one.size());
    text_ += std::string(blanks, ' ') +
             painted({std::string(one.substr(blanks)), ink}, style_.colour) + "\n";
    if (end == std::string_view::npos) return;
    left.remove_prefix(end + 1);
  }
}

void TerminalText::command(const std::string& text, size_t indent) {
  text_ += std::string(indent, ' ') + painted({text, Ink::bold}, style_.colour) + "\n";
}

// Of all columns but the last; names give way first when nothing is left for it.
std::vector<size_t> TerminalText::widths_of(const std::vector<std::vector<TextCell>>& rows) const {
  constexpr size_t kLeastName = 12;
  constexpr size_t kLeastLast = 16;
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], utf8::count_characters(row[i].text));
  }
  if (!style_.cut || widths.empty()) return widths;
  const auto total = [&] {
    size_t sum = 1 + std::min(widths.back(), kLeastLast);
    for (size_t i = 0; i + 1 < widths.size(); ++i) sum += widths[i] + 2;
    return sum;
  };
  while (total() > style_.width) {
    const auto widest = std::max_element(widths.begin(), widths.end() - 1);
    if (widest == widths.end() - 1 || *widest <= kLeastName) break;
    --*widest;
  }
  return widths;
}

void TerminalText::table(const std::vector<std::vector<TextCell>>& rows, Last last_column) {
  const std::vector<size_t> widths = widths_of(rows);
  for (const auto& row : rows) {
    std::string line = " ";
    size_t column = 1;
    for (size_t i = 0; i < row.size(); ++i) {
      TextCell cell = row[i];
      const bool last = i + 1 == widths.size();
      line += " ";
      column += 1;
      if (!last) cell.text = shortened(cell.text, widths[i]);
      if (last && last_column == Last::cut && style_.cut && column < style_.width)
        cell.text = shortened(cell.text, style_.width - column);
      const size_t length = utf8::count_characters(cell.text);
      if (last && column + length > style_.width && column < style_.width)
        cell.text = wrap(clean(cell.text), style_.width, column, column);
      line += cell.text.find('\n') == std::string::npos ? painted(cell, style_.colour) : cell.text;
      if (i + 1 < row.size()) line.append(widths[i] - length + 1, ' ');
      column += widths[i] + 1;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text_ += line + "\n";
  }
}

}  // namespace highwater
