// Bootstrap: the first answer of a cluster, from any of the configured servers. Used by Brokers
// while no broker can be asked, on the cluster's thread.
#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collectors/kafka/brokers/broker_link.h"
#include "collectors/kafka/wire/metadata.h"

namespace highwater::kafka {

struct BootstrapServer {
  std::string host;
  int32_t port = 9092;
};

struct BootstrapResult {
  std::optional<MetadataResponse> metadata;  // nothing: no server gave one
  std::string why;                           // of all that failed; "" when one answered
  std::string why_denied;  // of the servers that we and they do not accept each other; "": none
  // Servers of another cluster than the one that is watched: "bootstrap server kafka:9092 belongs
  // to cluster 'b', and 'a' is the one that is watched".
  std::vector<std::string> strangers;
};

// Asks all at the same time; the first answer ends it. While the id of the cluster is not known
// ("") the others have a moment more, and when they differ the id that most servers tell is the
// one, of equals the first in the list.
asio::awaitable<BootstrapResult> ask_bootstrap(std::vector<BootstrapServer> servers,
                                               std::string cluster_id, LinkSettings settings,
                                               std::shared_ptr<LinkTools> tools);

}  // namespace highwater::kafka
