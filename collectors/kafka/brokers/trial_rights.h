// What our login may do, asked of brokers that are connected and greeted; for Trial, on its thread.
#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <vector>

#include "collectors/kafka/brokers/trial.h"
#include "collectors/kafka/client/connection.h"

namespace highwater::kafka {

// At least one broker, with its id. The first tells of the cluster and of topics, each of the
// groups that it coordinates.
struct GreetedBroker {
  int32_t id = -1;
  std::shared_ptr<Connection> connection;
};
// With a scope: what it needs, and nothing else is asked.
asio::awaitable<std::vector<TriedRight>> ask_rights(std::vector<GreetedBroker> brokers,
                                                    std::optional<Scope> scope, Duration within);

}  // namespace highwater::kafka
