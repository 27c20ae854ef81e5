#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "agent/access.h"
#include "agent/commands/commands.h"
#include "agent/commands/find_config.h"

namespace highwater::agent {
namespace {

// As whom Kafka knows the agent, where the configuration tells.
std::string principal_of(const kafka::ClusterSettings& cluster) {
  const auto& sasl = cluster.security.sasl;
  if (sasl && !sasl->username.empty()) return "User:" + sasl->username;
  if (sasl && !sasl->kerberos.principal.empty()) {
    const std::string& principal = sasl->kerberos.principal;
    return "User:" + principal.substr(0, principal.find_first_of("/@"));
  }
  if (!sasl && !cluster.security.tls) return "User:ANONYMOUS";
  return "User:highwater";
}

}  // namespace

int generate_acls_command(const AclOptions& options) {
  Diagnostics diagnostics;
  const auto config = read_found_config(options.config, diagnostics);
  if (!config) return refused(diagnostics);
  std::vector<kafka::ClusterSettings> clusters = config->clusters;
  if (!options.cluster.empty())
    std::erase_if(clusters, [&](const auto& cluster) { return cluster.name != options.cluster; });
  if (clusters.empty()) {
    std::cerr << fmt::format("{} has no cluster '{}'\n", config->file, options.cluster);
    return 1;
  }
  if (clusters.size() > 1 && (options.format == "strimzi" || options.format == "aws-iam")) {
    std::cerr << "there are several clusters: name one with --cluster\n";
    return 1;
  }
  for (const kafka::ClusterSettings& cluster : clusters) {
    if (clusters.size() > 1) std::cout << "# " << cluster.name << "\n";
    const std::string principal =
        options.principal.empty() ? principal_of(cluster) : options.principal;
    std::cout << access_text(access_rules(cluster, *config), cluster, principal, options.format);
  }
  return 0;
}

}  // namespace highwater::agent
