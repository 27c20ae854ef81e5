// What the agent needs to be allowed in Kafka, for the clusters as they are configured: their
// include lists make it narrow. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/config/config.h"

namespace highwater::agent {

enum class Resource : uint8_t { cluster, topic, group, transactional_id };

struct AccessRule {
  Resource resource = Resource::cluster;
  std::string name;                     // "*": all of them; "" of the cluster
  bool prefixed = false;                // all whose name begins so
  std::vector<std::string> operations;  // as Kafka names them: "DescribeConfigs"
  bool operator==(const AccessRule&) const = default;
};

// To read what is watched, and what the cluster's canary needs if there is one. An include list of
// names and of prefixes ("payments-*") is taken over; any other pattern needs all names. A scope
// needs DESCRIBE on its groups and topics, and nothing on the cluster.
[[nodiscard]] std::vector<AccessRule> access_rules(const kafka::ClusterSettings& cluster,
                                                   const Config& config);

// "kafka-acls": commands; "strimzi": the authorization of a KafkaUser; "aws-iam": a policy;
// "confluent": commands of its CLI.
[[nodiscard]] std::string access_text(const std::vector<AccessRule>& rules,
                                      const kafka::ClusterSettings& cluster,
                                      const std::string& principal, std::string_view format);

}  // namespace highwater::agent
