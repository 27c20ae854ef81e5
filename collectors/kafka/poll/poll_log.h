// PollLog: what the poll of one cluster writes to the log. A state is written when it changes, not
// with each poll. Used by the poller, on the cluster's thread.
#pragma once

#include <string>

#include "agent/core/log.h"
#include "agent/core/time.h"
#include "collectors/kafka/client/connection_places.h"
#include "collectors/kafka/cluster_view.h"

namespace highwater::kafka {

class PollLog {
 public:
  // `cadence` is how often partitions are to be read.
  PollLog(std::string cluster, Duration cadence, Log& log);

  // How the brokers, the login and the cluster stand.
  void statuses(const ClusterView& view);
  // That polls take longer than their cadence; while polls come in haste that they fit is not said.
  void stretched(bool stretched, Duration took, bool in_haste);
  void places(ConnectionPlaces& places);
  void paused();

 private:
  void credentials(const ClusterView& view);

  const std::string cluster_;
  const Duration cadence_;
  Log& log_;
  bool was_denied_ = false;  // since the start
  bool was_stale_ = false;   // the same of credentials that could not be renewed
};

}  // namespace highwater::kafka
