// QuorumWatch: who the active controller is, how far the other voters are behind it, and whether
// the quorum is lost. Used by the cluster's poller, on the cluster's thread.
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>

#include "collectors/kafka/brokers/brokers.h"
#include "collectors/kafka/cluster_view.h"
#include "collectors/kafka/poll/sweep.h"

namespace highwater::kafka {

class QuorumWatch {
 public:
  // All three outlive this; the view's quorum is written here alone.
  QuorumWatch(const Brokers& brokers, Sweep& sweep, ClusterView& view)
      : brokers_(brokers), sweep_(sweep), view_(view) {}

  // Asks one broker. True when something is worth telling at once.
  asio::awaitable<bool> read();
  // We did not look for a while: nothing is known before it is read again.
  void forget(SteadyTime now);
  // Lost when a majority of the voters is down, which our own connections tell within a second, or
  // when nobody has named a leader for long. A voter that refuses us and follows the leader is not
  // down.
  void judge(SteadyTime now);
  // Whom to ask what the active controller answers: itself when it is a broker we can ask, else
  // another one each time. -1: nobody.
  [[nodiscard]] int32_t broker() const;

 private:
  bool note_failure(Unknown reason, SteadyTime now);
  bool note_leader(const DescribeQuorumResponse::Partition& response, SteadyTime now);
  void note_clock(const DescribeQuorumResponse::Partition& response, WallTime asked, Duration took);

  const Brokers& brokers_;
  Sweep& sweep_;
  ClusterView& view_;
  SteadyTime seen_{};        // when a leader was last named, or first asked for
  int failures_ = 0;         // since then
  bool refused_ = false;     // the last failure says that nobody will ever tell us
  SteadyTime fault_seen_{};  // when a broker was last seen to have failed
};

}  // namespace highwater::kafka
