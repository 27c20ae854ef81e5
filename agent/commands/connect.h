// What `highwater check --connect` does: tries every cluster of a configuration for real. Reads
// only.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "collectors/kafka/brokers/trial.h"
#include "exporters/status/terminal.h"

namespace highwater::agent {

// All at the same time; blocks for at most 15 s.
[[nodiscard]] std::vector<kafka::Trial> try_clusters(
    const std::vector<kafka::ClusterSettings>& clusters);

// Whether every server could be used and no needed right is known to be missing.
[[nodiscard]] bool all_well(const kafka::Trial& trial);

// For people, and for programs.
[[nodiscard]] std::string trial_text(const kafka::Trial& trial, TextStyle style);
[[nodiscard]] nlohmann::ordered_json trial_json(const kafka::Trial& trial);

}  // namespace highwater::agent
