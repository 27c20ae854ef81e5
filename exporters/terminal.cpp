#include "exporters/terminal.h"

#include <fmt/format.h>

#include <algorithm>

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
  }
  return "";
}

// As a terminal shows it, each code point one column.
size_t width_of(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

}  // namespace

std::string clean(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if (byte < ' ' || byte == 0x7f) {
      out += '?';
    } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {
      out += '?';
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

void TerminalText::line(const std::string& text, Ink ink) {
  text_ += painted({text, ink}) + "\n";
}

void TerminalText::table(const std::vector<std::vector<TextCell>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i].text));
  }
  for (const auto& row : rows) {
    std::string line = " ";
    for (size_t i = 0; i < row.size(); ++i) {
      line += " " + painted(row[i]);
      if (i + 1 < row.size()) line.append(widths[i] - width_of(row[i].text) + 1, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text_ += line + "\n";
  }
}

std::string TerminalText::painted(const TextCell& cell) const {
  if (!colour_ || cell.ink == Ink::plain || cell.text.empty()) return cell.text;
  return fmt::format("{}{}\x1b[0m", code(cell.ink), cell.text);
}

}  // namespace highwater
