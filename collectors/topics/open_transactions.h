// For how long open transactions hold back those who read committed records only, and whose they
// are. Tables of part "partitions"; used by its interpreter, on its thread.
//
// Every transaction does so until it ends. One that stays open, because its producer died or hangs,
// makes all such readers stand still, while their lag is 0: they have read all they may read.
#pragma once

#include <memory>
#include <span>

#include "agent/core/watch_first.h"
#include "collectors/interpreter.h"
#include "collectors/tables/key_tracker.h"

namespace highwater::collectors {

class OpenTransactions {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();
  [[nodiscard]] static std::span<const WatchFirst> watch_first();

  void add_to(Observation& observation, const kafka::ClusterView& view, Now now);

 private:
  KeyTracker keys_{{"cluster", "topic"}};
  KeyTracker held_keys_{{"cluster", "topic", "partition", "transactional_id"}};
};

}  // namespace highwater::collectors
