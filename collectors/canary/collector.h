// CanaryCollector: keeps a probe running for one cluster and publishes what it tells. The probe is
// a process of its own (probe.cpp): when it crashes or says nothing for too long it is ended and
// started again, with growing pauses, and the watch of the cluster knows nothing of it.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/core/log.h"
#include "agent/core/observation.h"
#include "collectors/canary/interpreter.h"
#include "collectors/canary/report.h"

namespace highwater::canary {

class CanaryCollector {
 public:
  using Publish = std::function<void(ObservationPtr)>;  // the collector's thread; must not block

  // `command`: what runs the probe. `log` must outlive the collector.
  CanaryCollector(Symbol cluster, ProbeSettings settings, std::vector<std::string> command,
                  Log& log, Publish publish);
  ~CanaryCollector();

  void start();
  void stop();  // bounded; no publish afterwards

 private:
  void run();
  // Until the probe ends, says nothing, or the collector stops; says why it is over.
  std::string listen();
  [[nodiscard]] bool stopping();
  void pause(Duration duration);

  const Symbol cluster_;
  const ProbeSettings settings_;
  const std::vector<std::string> command_;
  Log& log_;
  const Publish publish_;
  CanaryInterpreter interpreter_;  // the thread's
  int failures_ = 0;               // in a row; the thread's
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // under mutex_
  std::thread thread_;
};

}  // namespace highwater::canary
