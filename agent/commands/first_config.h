// The files that `highwater init` writes: a commented configuration, and rules with SLOs for the
// busiest groups. Pure.
#pragma once

#include <string>
#include <vector>

#include "agent/commands/cluster_look.h"

namespace highwater::agent {

constexpr size_t kFirstSlos = 5;

struct FirstConfig {
  std::string cluster{};                 // its name in alerts and metrics
  std::vector<std::string> bootstrap{};  // as given
  std::string security{};                // `security:` of the cluster, as YAML; empty: none
  ClusterFacts facts{};
};

[[nodiscard]] std::string configuration_text(const FirstConfig& first);
[[nodiscard]] std::string rules_text(const FirstConfig& first);
// The groups that get an SLO: the busiest, as far as their names can be patterns.
[[nodiscard]] std::vector<GroupFacts> groups_with_slo(const ClusterFacts& facts);

}  // namespace highwater::agent
