// Aliveness: whether the agent does all of its work: polls, judges, keeps its state and delivers.
// What a heartbeat rests on. Any thread, unless said otherwise; nothing blocks.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/observation.h"
#include "exporters/notify/notifier.h"

namespace highwater::agent {

class Aliveness {
 public:
  // It is looked every few seconds; without a look for so long the rules are stuck.
  static constexpr Duration kLookWithin = std::chrono::seconds(15);
  // A receiver that has not taken a notification for so long of trying does not work.
  static constexpr Duration kDeliverWithin = std::chrono::seconds(30);

  // How late an observation may be.
  [[nodiscard]] static constexpr Duration poll_within(Duration cadence) {
    return 3 * cadence + std::chrono::seconds(15);
  }

  // What a collector saw, or that it could not see anything: it works in both cases.
  void observed(const Observation& observation, SteadyTime now);
  // After a reload: what is polled may have changed, so that nothing is expected but what is
  // observed from now on.
  void expect_anew();

  // The pipeline's thread, every few seconds. `first_round_done`: everything was observed once.
  void look(const std::vector<notify::ReceiverStats>& receivers, const std::string& state_problem,
            bool first_round_done, SteadyTime now);

  // The first thing that does not work; empty: all does.
  [[nodiscard]] std::string problem(SteadyTime now) const;

 private:
  struct Poll {
    SteadyTime at;
    Duration cadence{};
  };
  mutable std::mutex mutex_;
  // All of it under mutex_.
  std::map<std::pair<Symbol, std::string>, Poll> polls_;  // by cluster and part
  std::map<std::string, SteadyTime> failing_since_;       // by receiver
  std::optional<SteadyTime> looked_;
  std::string problem_;  // as it was looked at
};

}  // namespace highwater::agent
