// The upper lines of the screen: which agent, whether it answers, what is open, what is not known.
// Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "exporters/watch/screen.h"

namespace highwater::watch {

[[nodiscard]] std::vector<std::string> header_lines(const Model& model, Size size, bool colour);

}  // namespace highwater::watch
