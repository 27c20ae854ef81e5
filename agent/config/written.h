// What a configuration says of each of its parts, as text that is the same when nothing of the part
// changed, however it is laid out: what a reload goes by. Pure.
#pragma once

#include <map>
#include <string>

#include "agent/core/yaml.h"

namespace highwater::agent {

// By part: a key of the top level, "clusters/NAME" and "receivers/NAME". What is not written is not
// there. Relative paths count as they are written.
using WrittenParts = std::map<std::string, std::string>;

[[nodiscard]] WrittenParts written_parts(const YamlNode& root);
// Whether that part is written in both alike, or in none.
[[nodiscard]] bool same_part(const WrittenParts& before, const WrittenParts& after,
                             const std::string& part);
// The names below "clusters/" or another list.
[[nodiscard]] std::string part_name(const std::string& list, const std::string& name);

}  // namespace highwater::agent
