// Heartbeats: those of a configuration, and what they rest on. Started, replaced and stopped by one
// thread at a time.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/aliveness.h"
#include "agent/config/config.h"
#include "agent/core/log.h"
#include "exporters/metrics/self_metrics.h"
#include "exporters/notify/heartbeat.h"

namespace highwater::agent {

class Heartbeats {
 public:
  // `clock` and `log` must outlive it.
  Heartbeats(notify::Surroundings surroundings, const Clock& clock, Log& log);

  // Any thread, or as Aliveness says.
  [[nodiscard]] Aliveness& aliveness() { return aliveness_; }

  // Begins those of the configuration; what is written as before goes on, the others end.
  void replace(const Config& config);
  void stop();

  void show(SelfMetrics& metrics) const;  // any thread

 private:
  using Entries = std::map<std::string, std::shared_ptr<notify::Heartbeat>>;

  const notify::Surroundings surroundings_;
  const Clock& clock_;
  Log& log_;
  Aliveness aliveness_;
  mutable std::mutex mutex_;
  Entries entries_;  // by what is written of them; under mutex_
};

}  // namespace highwater::agent
