// The JSON Schema (draft 2020-12) of the configuration file, for editors. Main's thread.
#pragma once

#include <span>
#include <string>

namespace highwater::agent {

// `runbooks` are the names of the pages that are built in.
[[nodiscard]] std::string config_schema(std::span<const std::string> runbooks);

}  // namespace highwater::agent
