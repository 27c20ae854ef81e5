// Imports of Alertmanager's configuration as tests make them, read back as the agent reads them.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"
#include "agent/import/alertmanager/alertmanager.h"

namespace highwater::agent {

struct ImportedConfig {
  std::string yaml;
  std::vector<std::string> losses;
  std::vector<std::string> refused;  // by Alertmanager, or for us too large
  std::vector<std::string> wrong;    // what `highwater check` says of it
  std::optional<Config> config;
};
[[nodiscard]] ImportedConfig from_alertmanager(std::string_view text);
// With the receivers, the lines after '- ', of a route at the top.
[[nodiscard]] ImportedConfig from_routes(const std::string& routes);

// Who hears of an alert at a moment, as `highwater route` says it.
[[nodiscard]] std::set<std::string> hearers(const Config& config, const rules::Labels& labels,
                                            WallTime at);
[[nodiscard]] std::set<std::string> hearers(const ImportedConfig& imported,
                                            std::vector<std::string> labels,
                                            std::string_view at = "2026-06-01 12:00");

}  // namespace highwater::agent
