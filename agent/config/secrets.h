// Secrets in the configuration: `KEY: text`, `KEY: {file: PATH}` or `KEY: {env: NAME}`. Main's
// thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/config/config.h"
#include "agent/core/secret.h"
#include "agent/core/yaml.h"

namespace highwater::agent {

// The value of `key`; a mistake in it is said, and nothing comes back.
[[nodiscard]] Secret read_secret(YamlMap& map, const std::string& key, const std::string& file,
                                 Diagnostics& diagnostics);

// The same of a node that the map is known to have, under `key`.
[[nodiscard]] Secret read_secret(const YamlNode& node, const std::string& key,
                                 const std::string& file, Diagnostics& diagnostics);

// `headers:` of what is sent, each value a secret; those that are written here are noted.
[[nodiscard]] std::vector<std::pair<std::string, Secret>> read_headers(const YamlNode& node,
                                                                       Config& config,
                                                                       Diagnostics& diagnostics);

// Whether a header of that name, or a URL, holds what only its owner should know: a key in its
// query, or a part of its path that nobody would type.
[[nodiscard]] bool is_secret_header(std::string_view name);
[[nodiscard]] bool is_secret_url(std::string_view url);

// Notes that the configuration holds a secret itself.
void note_written_secret(const YamlNode& at, std::string_view what, Config& config);

}  // namespace highwater::agent
