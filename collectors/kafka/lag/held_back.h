// Which partitions open transactions hold readers of committed records back in, and since when.
// Written into the view by the sweep after each reading of the ends, on the cluster's thread. Pure:
// times are arguments.
//
// While a transaction is open the last stable offset stays at its first record. Every transaction
// holds it back for a moment; what matters is that it does not move for long. Only partitions that
// are held back, or whose ends could not be read, are remembered.
#pragma once

#include "agent/core/time.h"
#include "collectors/kafka/cluster_view.h"

namespace highwater::kafka {

class HeldBack {
 public:
  // The ends of the view's partitions were read, or not, at `now`.
  void update(ClusterView& view, SteadyTime now);

  // Whether some partition has been held back for so long that it is worth to ask whose the
  // transaction is.
  [[nodiscard]] static bool worth_asking(const ClusterView& view, SteadyTime now);
  // The entry of that partition; null when nothing holds it back.
  [[nodiscard]] static const HeldBackPartition* find(const ClusterView& view, const Symbol& topic,
                                                     int32_t partition);

 private:
  bool looked_ = false;  // at least once
};

// Transactions of a minute are usual: it is the default of their time-out.
constexpr Duration kLongTransaction = std::chrono::seconds(60);

}  // namespace highwater::kafka
