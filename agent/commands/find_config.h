// Where the configuration is when none is named, and what it says. Main's thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "agent/config/config.h"
#include "agent/core/diagnostic.h"

namespace highwater::agent {

// `given` when it is not empty; else highwater.yaml in the working directory, then in
// /etc/highwater.
inline std::optional<std::string> find_config(const std::string& given, Diagnostics& diagnostics) {
  if (!given.empty()) return given;
  for (const char* candidate : {"highwater.yaml", "/etc/highwater/highwater.yaml"}) {
    std::error_code ignored;
    if (std::filesystem::exists(candidate, ignored)) return candidate;
  }
  diagnostics.push_back({"highwater.yaml", 0, 0,
                         "there is no configuration here, nor in /etc/highwater",
                         "name one with --config, or let 'highwater init --bootstrap HOST:PORT' "
                         "write one"});
  return std::nullopt;
}

// Nothing: there is none, or it has mistakes, which are among the diagnostics.
inline std::optional<Config> read_found_config(const std::string& given, Diagnostics& diagnostics) {
  const auto file = find_config(given, diagnostics);
  return file ? read_config(*file, diagnostics) : std::nullopt;
}

}  // namespace highwater::agent
