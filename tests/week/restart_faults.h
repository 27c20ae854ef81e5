// A fault for every built-in rule and SLO, to be planted in the week's world: what it needs, how
// long it takes to be told, and how long its alert stays when it is over. Used by the matrix of
// restarts, and by that of the changes before a fault.
#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "tests/week/world.h"

namespace highwater::testing {

struct RuleFault {
  std::string rule{};
  std::string kind{};  // of several for one rule; part of the test's name
  std::function<void(World&)> plant{};
  Duration fires_within{};
  std::function<void(World&)> heal{};
  Duration clears_within = minutes(45);
  std::string slos{};                     // beside the built-in alerts
  std::function<void(World&)> prepare{};  // long before
  std::optional<Duration> told_for{};     // it is over by itself so long after it was planted
  bool outlives_cause = false;            // and is told of once more, in its own name
};
void PrintTo(const RuleFault& fault, std::ostream* out);

// Built-in rules whose alert cannot stand over a restart, and why.
struct Excused {
  std::string rule;
  std::string why;
};
[[nodiscard]] std::vector<Excused> excused_rules();

// restart_group_faults.cpp and restart_other_faults.cpp
[[nodiscard]] std::vector<RuleFault> broker_faults();
[[nodiscard]] std::vector<RuleFault> group_faults();
[[nodiscard]] std::vector<RuleFault> other_faults();
[[nodiscard]] std::vector<RuleFault> slo_faults();

// Faults are planted and healed by these as well.
[[nodiscard]] std::function<void(World&)> distorted(std::function<void(kafka::ClusterView&)> how);
void straighten(World& world);
// Counters of what members of payments-service processed, of which so large a share failed.
[[nodiscard]] std::function<void(World&)> counts(double failed, bool names_failures = true);
// A volume for each broker, half full.
void add_log_dirs(World& world);

}  // namespace highwater::testing
