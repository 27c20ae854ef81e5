#include "rules/rehearsal/kept_budgets.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "rules/state.h"

namespace highwater::rules {

std::vector<KeptBudget> kept_budgets(const Engine& engine, std::span<const SloRule> slos, Now now) {
  std::vector<KeptBudget> kept;
  for (const StateRecord& record : engine.state(now, true)) {
    if (record.kind != kBudgetKind) continue;
    const Result<StateKey> key = decode_key(record.key);
    if (!key) continue;
    const auto slo = std::ranges::find(slos, key->rule, &SloRule::name);
    const auto budget = decode_saved_budget(key->entity, record.value);
    if (slo == slos.end() || !budget) continue;
    kept.push_back(
        {&*slo, key->entity, budget_status(*slo, (*budget)->curve, now.wall), (*budget)->lifetime});
  }
  std::ranges::sort(kept, [](const KeptBudget& one, const KeptBudget& other) {
    return std::tie(one.slo, one.entity) < std::tie(other.slo, other.entity);
  });
  return kept;
}

}  // namespace highwater::rules
