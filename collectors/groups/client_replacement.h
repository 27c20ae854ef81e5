// Whether all clients of a group were replaced by others within a minute, as a deployment does.
// Used by the RebalancesInterpreter for each group, on its thread.
//
// A client is its host and client id: a member that was thrown out and joins again has another
// member id and is no other client.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "agent/core/time.h"

namespace highwater::collectors {

class ClientReplacement {
 public:
  static constexpr Duration kWithin = std::chrono::minutes(1);
  static constexpr size_t kMaxGone =
      1000;  // clients that left within the minute; others are not met

  // `clients` are sorted and each once: those that are there now. `settled`: the group does not
  // rebalance, so no more are about to come. True once for each replacement.
  [[nodiscard]] bool follow(const std::vector<uint64_t>& clients, bool settled, SteadyTime now);

 private:
  struct Client {
    uint64_t id = 0;
    SteadyTime first;  // seen
    SteadyTime last;
  };
  std::vector<Client> known_;  // by id: those that are there, and those of the last minute
};

}  // namespace highwater::collectors
