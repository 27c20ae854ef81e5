// The documents of a file of another tool. Used by the importers; pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/diagnostic.h"
#include "agent/core/yaml.h"

namespace highwater::agent {

// Each with the line numbers it has in the file; those in a Kubernetes `kind: List` one by one. No
// document is empty. Nothing when one is no YAML. Bounded: 1 MiB, 200 documents.
[[nodiscard]] std::optional<std::vector<YamlNode>> read_documents(std::string_view text,
                                                                  const std::string& file,
                                                                  Diagnostics& diagnostics);

}  // namespace highwater::agent
