// How a piece of a foreign page stands in a sentence of ours: short, and in plain characters.
#pragma once

#include <string>
#include <string_view>

namespace highwater::sources {

[[nodiscard]] inline std::string shown(std::string_view text) {
  constexpr size_t kLongest = 60;
  std::string plain(text.substr(0, kLongest));
  for (char& c : plain) {
    if (c < ' ' || c > '~') c = '?';
  }
  return plain;
}

}  // namespace highwater::sources
