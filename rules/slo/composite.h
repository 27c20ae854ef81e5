// CompositeSource: what a composite SLO (`all_of`) judges on one cluster: a table with a row for
// each budget of any of its parts, made from how the parts stand. Owned by the engine, on the
// pipeline's thread; no clock is read.
//
// A row is bad while a part is bad, and says which (bad_parts); unknown while none is bad and one
// is unknown. A part counts where it has the budget and within its own hours; one that has read
// nothing yet makes every row unknown.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "agent/core/observation.h"
#include "rules/slo/slo_watch.h"

namespace highwater::rules {

inline constexpr std::string_view kCompositePart = "slo parts";

class CompositeSource {
 public:
  // The newest observation: another one when a part was judged since the last one. Null while no
  // part has read anything. The parts are in the order of the rule's `all_of`, null where one has
  // not met this cluster yet.
  [[nodiscard]] ObservationPtr observe(const SloRule& rule, const Symbol& cluster,
                                       std::span<const SloWatch* const> parts);

 private:
  void renumber(const Measure& measure, std::span<const SloWatch* const> parts);

  ObservationPtr last_;
  const Measure* measure_ = nullptr;
  std::vector<uint64_t> numberings_;  // of the parts, when the rows were made
  std::shared_ptr<const KeySet> keys_;
  std::vector<std::vector<uint32_t>> rows_;  // by part, in the order of its budgets
};

}  // namespace highwater::rules
