// How a text from the network stands in a sentence of ours: short, and in plain characters.
#pragma once

#include <string>
#include <string_view>

#include "agent/core/utf8.h"

namespace highwater {

[[nodiscard]] inline std::string printable_excerpt(std::string_view text, size_t longest = 60) {
  std::string plain;
  for (text = utf8::first_characters(text, longest); !text.empty();
       text.remove_prefix(utf8::character_length(text))) {
    const bool is_plain = text.front() >= ' ' && text.front() <= '~';
    plain += is_plain ? text.front() : '?';
  }
  return plain;
}

}  // namespace highwater
