// The lists of the screen: which of their rows there is room for, and each row as a line. Pure; any
// thread.
#pragma once

#include <string>
#include <vector>

#include "exporters/watch/screen.h"

namespace highwater::watch {

struct Lists {
  std::vector<std::string> lines;  // at most `height`
  size_t page = 1;                 // rows of the section with the selection
};

[[nodiscard]] Lists list_lines(const Picture& picture, const View& view, Size size, bool colour);

}  // namespace highwater::watch
