// The runbooks of the built-in rules, put into the program when it is built, so that they are there
// whatever is installed. Read by Runbooks alone.
#pragma once

#include <span>
#include <string_view>

namespace highwater {

struct EmbeddedRunbook {
  std::string_view name;      // "broker-down"
  std::string_view markdown;  // as in runbooks/
};

[[nodiscard]] std::span<const EmbeddedRunbook> embedded_runbooks();

}  // namespace highwater
