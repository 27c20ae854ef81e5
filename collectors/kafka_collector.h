// KafkaCollector: watches one Kafka cluster: the poller fetches on a thread of its own, the
// interpreters turn what it brought into observations on the same thread.
#pragma once

#include <functional>
#include <memory>

#include "agent/core/log.h"
#include "agent/core/observation.h"
#include "collectors/kafka/poll/cluster_poller.h"

namespace highwater::collectors {

class KafkaCollector {
 public:
  using Publish =
      std::function<void(ObservationPtr)>;  // called on the cluster's thread; must not block

  // `log` must outlive the collector.
  KafkaCollector(kafka::ClusterSettings settings, Log& log, Publish publish);
  ~KafkaCollector();

  void start();
  void stop();  // bounded; no publish afterwards

 private:
  struct Interpreters;
  void on_update(const kafka::ClusterView& view, kafka::Update update);

  Publish publish_;
  std::unique_ptr<Interpreters> interpreters_;  // the cluster's thread
  kafka::ClusterPoller poller_;
};

}  // namespace highwater::collectors
