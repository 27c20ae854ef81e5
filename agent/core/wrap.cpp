#include "agent/core/wrap.h"

#include <algorithm>

#include "agent/core/utf8.h"

namespace highwater {

std::string wrap(std::string_view text, size_t width, size_t indent, size_t first) {
  std::string out;
  size_t column = first;
  bool at_start = true;  // of a line
  const auto break_line = [&] {
    out += "\n" + std::string(indent, ' ');
    column = indent;
    at_start = true;
  };
  while (!text.empty()) {
    if (text.front() == '\n') {
      break_line();
      text.remove_prefix(1);
      continue;
    }
    const size_t blanks = std::min(text.find_first_not_of(' '), text.size());
    text.remove_prefix(blanks);
    if (text.empty() || text.front() == '\n') continue;
    const std::string_view word = text.substr(0, text.find_first_of(" \n"));
    const size_t length = utf8::count_characters(word);
    if (!at_start && column + blanks + length > width) break_line();
    if (!at_start) {
      out.append(blanks, ' ');
      column += blanks;
    }
    out += word;
    column += length;
    at_start = false;
    text.remove_prefix(word.size());
  }
  return out;
}

}  // namespace highwater
