// The metadata quorum of a KRaft cluster: its leader (the active controller), and how far voters
// and observers are behind it. Tables of part "brokers"; used by its interpreter.
//
// There are no rows at all for a cluster that cannot tell: before KRaft, or without the right.
#pragma once

#include <span>
#include <vector>

#include "collectors/interpreter.h"
#include "collectors/tables/key_tracker.h"
#include "collectors/tables/number_symbols.h"

namespace highwater::collectors {

class QuorumTables {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();

  void add_to(Observation& observation, const kafka::ClusterView& view, NumberSymbols& numbers);

 private:
  KeyTracker keys_{{"cluster"}};
  KeyTracker voter_keys_{{"cluster", "broker"}};
  KeyTracker observer_keys_{{"cluster", "broker"}};
};

}  // namespace highwater::collectors
