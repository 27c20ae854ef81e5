// One line of a screen, never wider than it. Used by what draws the screen; pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "exporters/status/terminal.h"

namespace highwater::watch {

// "abcd…" when it is longer than so many characters.
[[nodiscard]] std::string cut(std::string_view text, size_t most);

// A line that TerminalText wrote, with its colours, without what is beyond the width.
[[nodiscard]] std::string clipped(std::string_view painted, size_t width);

class Line {
 public:
  enum class Align : uint8_t { left, right };

  // With `selected`, all of it is in reverse, whatever its ink.
  Line(size_t width, bool colour, bool selected = false)
      : width_(width), colour_(colour), selected_(selected) {}

  // Cleaned, cut to `columns` and filled up with spaces; 0: as long as the text. Cut further where
  // the line ends.
  Line& add(std::string_view text, Ink ink = Ink::plain, size_t columns = 0,
            Align align = Align::left);
  [[nodiscard]] size_t left() const { return width_ - used_; }
  [[nodiscard]] std::string take();

 private:
  const size_t width_;
  const bool colour_;
  const bool selected_;
  size_t used_ = 0;
  std::string text_;
};

}  // namespace highwater::watch
