// Exclusions: maintenance whose time counts for no error budget: `budget: exclude`. It is neither
// good nor bad, and not unknown either: budgets and coverage are made of the rest. Immutable; any
// thread. No clock is read.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "agent/core/table.h"
#include "agent/core/time.h"
#include "rules/routing/owners.h"
#include "rules/routing/silences.h"
#include "rules/slo/slo_rule.h"

namespace highwater::rules {

class Exclusions {
 public:
  Exclusions(std::vector<Silence> windows, Owners owners)
      : windows_(std::move(windows)), owners_(std::move(owners)) {}

  // Those that are about the budget of this entity. They live as long as this.
  [[nodiscard]] std::vector<const Silence*> about(const SloRule& rule, const Entity& entity) const;

 private:
  std::vector<Silence> windows_;
  Owners owners_;
};
using ExclusionsPtr = std::shared_ptr<const Exclusions>;  // null: no time is excluded

// From a moment on: whether one of the windows is on, and until when that stays so.
struct ExcludedStretch {
  bool excluded = false;
  WallTime end;  // after the moment, and at most `until`
};
[[nodiscard]] ExcludedStretch excluded_stretch(std::span<const Silence* const> windows, WallTime at,
                                               WallTime until);

}  // namespace highwater::rules
