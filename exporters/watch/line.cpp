#include "exporters/watch/line.h"

#include <algorithm>

#include "agent/core/utf8.h"

namespace highwater::watch {

std::string cut(std::string_view text, size_t most) {
  if (utf8::count_characters(text) <= most) return std::string(text);
  if (most == 0) return {};
  return std::string(utf8::first_characters(text, most - 1)) + "\u2026";
}

std::string clipped(std::string_view painted, size_t width) {
  std::string line;
  size_t used = 0;
  while (!painted.empty()) {
    // Colours take no room, and have to be ended also behind the edge.
    if (painted.starts_with("\x1b[")) {
      const size_t length = std::min(painted.find('m'), painted.size() - 1) + 1;
      line += painted.substr(0, length);
      painted.remove_prefix(length);
      continue;
    }
    const size_t length = utf8::character_length(painted);
    if (used < width) line += painted.substr(0, length);
    ++used;
    painted.remove_prefix(length);
  }
  return line;
}

Line& Line::add(std::string_view text, Ink ink, size_t columns, Align align) {
  std::string shown = clean(text);
  if (columns > 0) {
    shown = cut(shown, columns);
    const size_t room = columns - utf8::count_characters(shown);
    shown.insert(align == Align::left ? shown.size() : 0, room, ' ');
  }
  shown = cut(shown, left());
  used_ += utf8::count_characters(shown);
  text_ += painted({shown, selected_ ? Ink::reverse : ink}, colour_);
  return *this;
}

std::string Line::take() {
  text_.erase(text_.find_last_not_of(' ') + 1);
  return std::move(text_);
}

}  // namespace highwater::watch
