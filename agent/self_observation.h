// What the agent observes about itself for the rules: receivers that cannot be reached, a state
// that cannot be kept, a recording with gaps. Called on the pipeline's thread.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "agent/core/observation.h"
#include "agent/recording/recorder.h"
#include "exporters/notify/outbox.h"

namespace highwater::agent {

// Measures that no collector makes; part of the agent's catalogue.
[[nodiscard]] std::span<const Measure* const> self_measures();

// The value of `cluster` on rows about the agent itself.
inline constexpr std::string_view kSelfCluster = "highwater";

class SelfObserver {
 public:
  // A receiver counts as failing when it refuses for good, or has not taken a notification for five
  // minutes of trying. `state_problem` is empty when all is well with the store; `recording` is
  // null when nothing is recorded.
  [[nodiscard]] ObservationPtr observe(const std::vector<notify::ReceiverStats>& receivers,
                                       const std::string& state_problem,
                                       const RecorderHealth* recording, Now now);

 private:
  std::shared_ptr<const KeySet> keys_;
  std::shared_ptr<const KeySet> own_keys_;  // of what there is one of
  std::vector<std::string> names_;
  std::map<std::string, SteadyTime> failing_since_;
};

}  // namespace highwater::agent
