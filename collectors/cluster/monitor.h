// Part "monitor": how much of a cluster cannot be seen at the moment, and how old the rest is. Made
// by the pipeline from its snapshot, one instance per cluster, so that rules can judge blindness
// like anything else.
#pragma once

#include <array>
#include <map>
#include <span>
#include <utility>

#include "agent/core/observation.h"
#include "collectors/tables/key_tracker.h"

namespace highwater::collectors {

class MonitorInterpreter {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();

  // From the observations of `cluster` in the snapshot, its own aside.
  [[nodiscard]] Observation interpret(const Snapshot& snapshot, const Symbol& cluster, Now now);

 private:
  // What was unknown once stays listed, with 0, so that the end of blindness is seen.
  void count_unknown(const Snapshot& snapshot, const Symbol& cluster, Now now);
  void add_unknown(Observation& observation, const Symbol& cluster);
  void add_ages(Observation& observation, const Snapshot& snapshot, const Symbol& cluster, Now now);
  void add_blindness(Observation& observation, const Snapshot& snapshot, const Symbol& cluster,
                     Now now);
  const Symbol& part_symbol(std::string_view part);

  std::map<std::pair<std::string_view, Unknown>, size_t> unknown_rows_;
  std::map<std::string_view, Symbol> parts_;
  std::array<Symbol, kUnknownReasons> reasons_;
  KeyTracker unknown_keys_{{"cluster", "collector", "reason"}};
  KeyTracker part_keys_{{"cluster", "collector"}};
};

}  // namespace highwater::collectors
