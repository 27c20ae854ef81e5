// The larger sections of the configuration, each read by a file of its own for config.cpp. Main's
// thread.
#pragma once

#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/core/yaml.h"

namespace highwater::agent {

// `clusters:`, with the canaries in them.
void read_clusters(YamlMap& map, const std::string& file, Config& config, Diagnostics& diagnostics);

// `scope:` of a cluster.
[[nodiscard]] kafka::Scope read_scope(const YamlNode& node, const std::string& file,
                                      Diagnostics& diagnostics);
// After all clusters: they have a scope, or none has.
void check_scopes(const YamlNode& clusters, const std::string& file,
                  const std::vector<kafka::ClusterSettings>& all, Diagnostics& diagnostics);

// `identity:`.
void read_identity(YamlMap& map, Config& config, Diagnostics& diagnostics);

// `receivers:`.
void read_receivers(YamlMap& map, Config& config, Diagnostics& diagnostics);

// `heartbeat:`, after the receivers.
void read_heartbeats(YamlMap& map, Config& config, Diagnostics& diagnostics);

// `owners:`, `routes:` and `maintenance:`, after the receivers.
void read_routing(YamlMap& map, Config& config, Diagnostics& diagnostics);

// `sources:` and `measures:`, after the clusters.
void read_sources(YamlMap& map, const std::string& file, Config& config, Diagnostics& diagnostics);

// `node:`, after the clusters.
void read_node(YamlMap& map, const std::string& file, Config& config, Diagnostics& diagnostics);

}  // namespace highwater::agent
