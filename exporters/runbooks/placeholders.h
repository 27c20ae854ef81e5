// Fills "{broker}" and its like into runbooks. What is filled in comes from Kafka, where anybody
// who may name a group can write anything: into a command it goes only in a form that a shell takes
// for one word. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace highwater {

using PlaceholderValues = std::vector<std::pair<std::string, std::string>>;

// "{host}", "{port}" and "{address}" of "10.0.0.2:9092" or "[::1]:9092"; nothing of anything else.
void add_address(std::string_view address, PlaceholderValues& values);

// Placeholders without a value stay as they are.
[[nodiscard]] std::string fill_text(std::string_view text, const PlaceholderValues& values);
// The same for commands of a POSIX shell: a value of harmless characters goes in as it is, any
// other is quoted to fit the quotes around it. Control characters become '?'.
[[nodiscard]] std::string fill_command(std::string_view text, const PlaceholderValues& values);

}  // namespace highwater
