// What the members of a classic consumer group tell each other through the broker, which does not
// read it.
//
// Used by the client on member_assignment of DescribeGroups, only where protocol_type is
// "consumer": Connect and others put something else there. The bytes come from other people's
// programs. Plain values, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agent/core/result.h"
#include "collectors/kafka/wire/primitives.h"

namespace highwater::kafka {

// ConsumerProtocolAssignment, as far as every version has it.
struct ConsumerAssignment {
  struct Topic {
    std::string name;
    std::vector<std::int32_t> partitions;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Topic&) const = default;
  };

  std::int16_t version = 0;
  std::vector<Topic> topics;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const ConsumerAssignment&) const = default;
};

// No bytes mean no assignment, as during a rebalance. What later versions append is ignored.
Result<ConsumerAssignment> decode_consumer_assignment(std::span<const std::byte> bytes);

// For the simulator, which needs members that own something.
Bytes encode_consumer_assignment(const ConsumerAssignment& assignment);

}  // namespace highwater::kafka
