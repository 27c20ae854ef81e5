// Trial: connects to every broker of a cluster as the agent would, once, step by step, and asks
// what our login may do there. For people who want to know why a connection does not work; needs no
// poller, changes nothing in Kafka.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/time.h"
#include "collectors/kafka/poll/cluster_poller.h"

namespace highwater::kafka {

struct TriedStep {
  std::string name;  // "the TLS handshake"
  Duration took{};
  std::string found;   // "TLSv1.3, ..."; why, of the one that failed
  std::string advice;  // of one that failed; may be ""
};

struct TriedServer {
  std::string address;           // "kafka-1:9092"
  int32_t broker = -1;           // -1: one of `bootstrap`
  std::vector<TriedStep> steps;  // in order; all succeeded but the last when `failed`
  bool failed = false;
};

// What our login may do, by what the brokers say of it.
struct TriedRight {
  std::string right;            // "DESCRIBE_CONFIGS on topics"
  std::optional<bool> granted;  // nothing: they do not tell
  bool needed = true;           // without it something is unknown; else it only makes more known
  std::string found;            // "on 12 of 30"
  std::string opens;            // what it makes known
};

struct Trial {
  std::string cluster;               // as it is configured
  std::string cluster_id;            // ""; nobody told
  std::vector<TriedServer> servers;  // those of `bootstrap`, then the brokers by id
  std::vector<TriedRight> rights;    // none: nobody could be asked
  size_t not_tried = 0;              // brokers beyond the first 100
};

// Blocks, for at most `limit`; whoever has not answered by then has failed.
[[nodiscard]] Trial try_cluster(const ClusterSettings& settings, Duration limit);

}  // namespace highwater::kafka
