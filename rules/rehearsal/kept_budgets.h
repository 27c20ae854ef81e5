// How the budgets of an engine stand, for those who play something to it and look at the end. Pure;
// on the engine's thread.
#pragma once

#include <vector>

#include "rules/engine.h"
#include "rules/slo/burn.h"

namespace highwater::rules {

struct KeptBudget {
  const SloRule* slo = nullptr;
  Entity entity;
  BudgetStatus status;
  Sums lifetime;  // since it began, whatever the window
};

// Those of all the SLOs, which the engine judges; in their order, and then the entities'. They must
// outlive the result.
[[nodiscard]] std::vector<KeptBudget> kept_budgets(const Engine& engine,
                                                   std::span<const SloRule> slos, Now now);

}  // namespace highwater::rules
