// What the SLOs of one cluster say as measures, so that metrics, alert rules, the status and
// everything else that reads tables sees budgets like any other quantity. Owned by the engine, on
// the pipeline's thread.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "agent/core/measure.h"
#include "agent/core/observation.h"
#include "rules/slo/slo_watch.h"

namespace highwater::rules {

// The part under which a snapshot holds the observation.
inline constexpr std::string_view kSloPart = "slos";

// slo_objective_ratio and the others; `entity` is what the budget belongs to in the form of
// entity_text.h, empty when it is all of the cluster.
[[nodiscard]] std::span<const Measure* const> slo_measures();

class SloTables {
 public:
  // Every few seconds at most, or at once when `urgent`; else the last one again. Null when there
  // are no SLOs.
  [[nodiscard]] ObservationPtr observe(std::span<const SloWatch* const> watches,
                                       const Symbol& cluster, Now now, bool urgent);

 private:
  struct Keys {
    std::shared_ptr<const KeySet> slos;
    std::shared_ptr<const KeySet> infos;
    std::shared_ptr<const KeySet> time_budgets;
    std::shared_ptr<const KeySet> event_budgets;
    std::shared_ptr<const KeySet> budgets;
    std::shared_ptr<const KeySet> windows;
  };
  void renumber(std::span<const SloWatch* const> watches, const Symbol& cluster);

  Keys keys_;
  std::vector<uint64_t> numberings_;  // of the watches, when the keys were made
  ObservationPtr last_;
};

}  // namespace highwater::rules
