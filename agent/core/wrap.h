// Text wrapped at spaces for a terminal or a page. Used by the command line and by what shows an
// agent's answers; pure, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace highwater {

// Lines of at most `width` characters, unless a single word is longer. The first one begins at the
// column `first`, which is taken to be written already; the others begin with `indent` spaces. Line
// breaks of the text and spaces within a line stay. No line break at the end.
[[nodiscard]] std::string wrap(std::string_view text, size_t width, size_t indent = 0,
                               size_t first = 0);

}  // namespace highwater
