// What the agent observes about itself for the rules: receivers that cannot be reached, a state
// that cannot be kept, a configuration that was not taken over, a recording with gaps, a
// certificate that ends. Called on the pipeline's thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/core/observation.h"
#include "agent/judged_rows.h"
#include "agent/recording/recorder.h"
#include "exporters/notify/notifier.h"

namespace highwater::agent {

// Measures that no collector makes; part of the agent's catalogue.
[[nodiscard]] std::span<const Measure* const> self_measures();

// The value of `cluster` on rows about the agent itself.
inline constexpr std::string_view kSelfCluster = "highwater";

// How the agent's parts are; a problem is empty when all is well.
struct SelfStatus {
  std::vector<notify::ReceiverStats> receivers;
  std::string state_problem;
  std::string config_file;
  std::string reload_problem;
  std::optional<RecorderHealth> recording;          // nothing: nothing is recorded
  std::vector<RuleRows> rules = {};                 // of the user
  std::optional<WallTime> certificate_expiry = {};  // of the agent's own server
};

class SelfObserver {
 public:
  // A receiver counts as failing when it refuses for good, or has not taken a notification for five
  // minutes of trying.
  [[nodiscard]] ObservationPtr observe(const SelfStatus& status, Now now);

 private:
  void add_rules(const std::vector<RuleRows>& rules, Observation& observation);

  std::shared_ptr<const KeySet> keys_;
  std::shared_ptr<const KeySet> own_keys_;   // of what there is one of
  std::shared_ptr<const KeySet> file_keys_;  // of the configuration
  std::shared_ptr<const KeySet> rule_keys_;
  std::vector<std::string> rule_names_;
  std::vector<std::string> names_;
  std::map<std::string, SteadyTime> failing_since_;
  std::optional<SteadyTime> observed_;  // last
};

}  // namespace highwater::agent
