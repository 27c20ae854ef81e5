// How a piece of a foreign page stands in a sentence of ours.
#pragma once

#include <string>
#include <string_view>

#include "collectors/printable_excerpt.h"

namespace highwater::sources {

[[nodiscard]] inline std::string shown(std::string_view text) {
  return printable_excerpt(text);
}

}  // namespace highwater::sources
