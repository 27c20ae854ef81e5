// Texts of an import as YAML and as comments. Used by whatever writes an import; pure, any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace highwater::agent {

// One line of at most 400 characters, whatever the text has in it: a line break would end a
// comment.
[[nodiscard]] std::string one_line(std::string_view text);
// In double quotes, with escapes.
[[nodiscard]] std::string quoted(std::string_view text);
// Without quotes where YAML cannot take it for anything but text.
[[nodiscard]] std::string plain_or_quoted(std::string_view text);
// "[a, "b c"]", or the only one of them.
[[nodiscard]] std::string one_or_list(std::span<const std::string> texts);

}  // namespace highwater::agent
