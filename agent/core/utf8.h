// Text measured and cut in characters: a character is a Unicode code point, and each byte that is
// no valid UTF-8 counts as one (Kafka's group names are whatever bytes somebody sent). Used by
// every room; pure, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace highwater::utf8 {

// The length in bytes of the well-formed sequence that `text` starts with; 0 when it starts with
// none. Overlong forms, surrogates and code points beyond U+10FFFF are not well-formed.
[[nodiscard]] size_t sequence_length(std::string_view text);

// The length in bytes of the first character; 0 of an empty text.
[[nodiscard]] size_t character_length(std::string_view text);

// The length in bytes of what `text` starts with if that steers whoever shows it: control
// characters (also U+0080 to U+009F, of which U+009B begins commands to a terminal), line
// separators, invisible characters, and those that change the direction in which the rest is read.
// 0 when it does not.
[[nodiscard]] size_t control_length(std::string_view text);

[[nodiscard]] size_t count_characters(std::string_view text);

// The first `most` characters.
[[nodiscard]] std::string_view first_characters(std::string_view text, size_t most);

// As many whole characters as fit into `most` bytes.
[[nodiscard]] std::string_view first_bytes(std::string_view text, size_t most);

// The same with U+FFFD in place of each byte that is no valid UTF-8.
[[nodiscard]] std::string valid(std::string_view text);

// With spaces behind it until it is `width` characters long.
[[nodiscard]] std::string padded(std::string_view text, size_t width);

}  // namespace highwater::utf8
