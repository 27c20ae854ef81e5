// SourcesCollector: reads every source at its own times, on a few threads, and publishes what they
// say together from one more. Sources that were slow share half of the threads, so that they delay
// no others.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "agent/core/log.h"
#include "agent/core/observation.h"
#include "collectors/sources/mapping.h"

namespace highwater::sources {

class SourcesCollector {
 public:
  using Publish = std::function<void(ObservationPtr)>;  // must not block
  static constexpr size_t kMostThreads = 32;            // that read

  // `clusters` are those that are watched. `clock` and `log` must outlive the collector.
  SourcesCollector(SourcePlan plan, std::vector<Symbol> clusters, Transfer transfer,
                   const Clock& clock, Log& log, Publish publish);
  ~SourcesCollector();

  void start();
  void stop();  // as soon as the transfers that go on have ended; no publish afterwards

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace highwater::sources
