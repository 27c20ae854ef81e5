// NodeProbe: watches from this node which brokers of one Kafka cluster are reached, on a thread of
// its own. Each broker has a probe at a cadence of its own: a new connection, TLS where there is
// some, ApiVersions, and the end of it; no login, so it costs the broker little. The list of
// brokers comes from Metadata, once a minute; while some broker is not reached, three of those that
// are reached are asked for it each time, and for the controller. No Asio in this header.
#pragma once

#include <functional>
#include <memory>

#include "agent/core/log.h"
#include "collectors/kafka/brokers/node_view.h"
#include "collectors/kafka/poll/cluster_poller.h"

namespace highwater::kafka {

struct NodeProbeSettings {
  ClusterSettings cluster;                    // `poll` and what is selected of it have no meaning
  Duration every = std::chrono::seconds(10);  // from one probe of a broker to the next; a tenth
                                              // more or less, so that nodes do not come together
};

class NodeProbe {
 public:
  // More are not probed: nobody has as many.
  static constexpr size_t kMostBrokers = 1000;
  // Probes that are under way at a time; the others wait for their turn.
  static constexpr size_t kMostAtOnce = 32;

  // On the probe's thread; must not block. The view is valid during the call. The next call comes
  // after `cadence`.
  using OnUpdate = std::function<void(const NodeView&, Now at, Duration cadence)>;

  // `log` must outlive the probe.
  NodeProbe(NodeProbeSettings settings, Log& log, OnUpdate on_update);
  ~NodeProbe();

  void start();
  void stop();  // returns when the thread has ended: within a second

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace highwater::kafka
