// MemberRanks: of the groups of a scope, which member reads the lowest partition, and which members
// belong to the pod of this agent. By that the agents beside the replicas of one application agree
// on who tells of their group. A table of part "groups"; on the interpreter's thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "collectors/interpreter.h"
#include "collectors/kafka/scope.h"
#include "collectors/tables/key_tracker.h"

namespace highwater::collectors {

// Rows of one group; beyond it those of the highest ranks are left out.
constexpr size_t kMostRanked = 200;

class MemberRanks {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();

  // `addresses`: of this machine, as text.
  MemberRanks(kafka::OwnMember own, std::set<std::string> addresses);

  void add_to(Observation& observation, const kafka::ClusterView& view);

 private:
  // By member id: its place, from 0; members with the same lowest partition share it. Nothing: it
  // reads none.
  using Ranks = std::map<std::string, std::optional<uint32_t>>;
  [[nodiscard]] static Ranks ranked(const std::vector<kafka::GroupMember>& members,
                                    const Ranks& before);
  [[nodiscard]] bool is_own(const kafka::GroupMember& member) const;

  const kafka::OwnMember own_;
  const std::set<std::string> addresses_;
  std::map<Symbol, Ranks> last_;  // by group
  KeyTracker keys_{{"cluster", "group", "member", "own"}};
  const Symbol yes_{"yes"};
  const Symbol no_{"no"};
};

// Of all network interfaces of this machine, loopback aside: in Kubernetes those of the pod.
[[nodiscard]] std::set<std::string> own_addresses();

}  // namespace highwater::collectors
