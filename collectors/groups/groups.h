// Part "groups": state, members and coordinator of every group, and through GroupOffsets its lag.
// Used by the poll of one cluster, on that cluster's thread.
//
// What one coordinator does not tell is unknown for its groups alone.
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "collectors/groups/group_activity.h"
#include "collectors/groups/group_offsets.h"
#include "collectors/interpreter.h"
#include "collectors/tables/broker_rows.h"
#include "collectors/tables/key_tracker.h"
#include "collectors/tables/number_symbols.h"

namespace highwater::collectors {

class GroupsInterpreter {
 public:
  // Without those of GroupOffsets.
  [[nodiscard]] static std::span<const Measure* const> measures();

  [[nodiscard]] Observation interpret(const kafka::ClusterView& view, PollInfo poll, Now now);

 private:
  // What is remembered about a group: who coordinated it last, and texts that would be interned
  // anew in each poll.
  struct Memory {
    int32_t last_coordinator = -1;
    Symbol state, protocol, type, assignor;
    uint64_t seen = 0;  // the poll that last listed it
  };
  struct Columns;

  Memory& remember(const kafka::GroupView& group);
  void add_groups(Observation& observation, const kafka::ClusterView& view, Now now);
  void add_lost_by_broker(Observation& observation, const kafka::ClusterView& view) const;

  NumberSymbols numbers_;
  BrokerRows brokers_;
  KeyTracker keys_{{"cluster", "group"}};
  KeyTracker info_keys_{{"cluster", "group", "state", "protocol", "type", "assignor"}};
  std::unordered_map<Symbol, Memory> memory_;
  uint64_t polls_ = 0;
  GroupOffsets offsets_;
  // Of the poll in hand; kept to reuse their memory.
  std::vector<GroupActivity> activities_;  // by group
  std::vector<uint32_t> unserved_;         // by broker row: groups it would have to answer for
};

}  // namespace highwater::collectors
