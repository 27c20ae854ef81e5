// Small things that are done to text everywhere. ASCII: what they look at has no other letters.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace highwater {

// Without any of `blanks` at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text, std::string_view blanks = " \t\r\n");

[[nodiscard]] std::string lower_case(std::string_view text);

// "1 partition", "3 partitions".
[[nodiscard]] std::string counted(uint64_t count, std::string_view noun);

}  // namespace highwater
