// Part "rebalances": how long groups rebalance and how often, and which members came and went. Used
// by the poll of one cluster, on that cluster's thread: with every poll of the groups, and each
// second between them while some group rebalances.
//
// A rebalance begins when the group is first seen in one of the states of a rebalance and ends when
// it is seen outside; one too short to be seen shows in members that changed. The first member of a
// group, and the last that leaves it, make no rebalance: nobody else had to wait.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/core/watch_first.h"
#include "collectors/groups/client_replacement.h"
#include "collectors/interpreter.h"
#include "collectors/tables/key_tracker.h"
#include "collectors/tables/row_history.h"

namespace highwater::collectors {

class RebalancesInterpreter {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();
  [[nodiscard]] static std::span<const WatchFirst> watch_first();

  [[nodiscard]] Observation interpret(const kafka::ClusterView& view, PollInfo poll, Now now);

 private:
  // How many there were in each of the last ten minutes.
  class Recent {
   public:
    void add(SteadyTime now);
    [[nodiscard]] int count(SteadyTime now) const;

   private:
    static constexpr int64_t kMinutes = 10;
    static size_t place(int64_t minute) {
      return static_cast<size_t>((minute % kMinutes + kMinutes) % kMinutes);
    }
    std::array<uint16_t, kMinutes> counts_{};
    int64_t newest_ = -kMinutes;  // minute
  };
  struct Away {
    uint64_t member = 0;
    SteadyTime since{};
  };
  struct Memory {
    std::optional<SteadyTime> since;  // of the rebalance that goes on
    std::optional<double> last_seconds;
    bool counted = false;  // members that changed belong to a rebalance that was counted
    uint64_t rebalances = 0;
    uint64_t joined = 0;
    uint64_t left = 0;
    uint64_t replaced = 0;
    Recent recent;
    std::optional<std::vector<uint64_t>> members;  // sorted; by what stays the same of each
    std::vector<uint64_t> statics;                 // the static ones among them
    std::vector<Away> away;                        // static members that left
    ClientReplacement clients;
  };
  struct Columns;

  void follow(const kafka::GroupView& group, Memory& memory, SteadyTime now);
  static void follow_state(const kafka::GroupView& group, Memory& memory, SteadyTime now);
  void follow_members(const kafka::GroupView& group, Memory& memory, SteadyTime now);
  void follow_clients(const kafka::GroupView& group, Memory& memory, SteadyTime now);
  static void follow_static(const kafka::GroupView& group, Memory& memory,
                            const std::vector<uint64_t>& now_there, SteadyTime now);
  static void count(Memory& memory, SteadyTime now);
  static void add_note(Observation& observation, const kafka::GroupView& group,
                       const Memory& memory, std::span<const Symbol> names);

  KeyTracker keys_{{"cluster", "group"}};
  KeyTracker ended_keys_{{"cluster", "group"}};  // groups of which a rebalance was seen to end
  RowHistory<Memory> history_;
  std::optional<SteadyTime> looked_;  // last
  // Of the group in hand; kept to reuse their memory.
  std::vector<uint64_t> there_;    // members
  std::vector<uint64_t> clients_;  // what their members are, by host and client id
};

}  // namespace highwater::collectors
