// Mappings that stand ready: what well-known programs measure, in the words of the configuration's
// `measures:`, so that one line takes them over. Used by the configuration; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/yaml.h"

namespace highwater::sources {

[[nodiscard]] std::vector<std::string> ready_made_names();
// The entries without their source; nothing when there is no such mapping.
[[nodiscard]] std::optional<std::vector<YamlNode>> ready_made(std::string_view name);
// The text they are read from.
[[nodiscard]] std::string_view ready_made_text();

}  // namespace highwater::sources
