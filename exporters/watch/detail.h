// What is shown of a row that was opened, and the list of keys: text that can be scrolled. Pure;
// any thread.
#pragma once

#include <string>
#include <vector>

#include "exporters/watch/screen.h"

namespace highwater::watch {

// Empty when nothing is opened.
[[nodiscard]] std::vector<std::string> detail_lines(const Model& model, const View& view,
                                                    size_t width, bool colour);

[[nodiscard]] std::vector<std::string> help_lines(size_t width, bool colour);

}  // namespace highwater::watch
