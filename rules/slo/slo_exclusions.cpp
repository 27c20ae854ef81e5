// Maintenance whose time counts for no budget.
#include <algorithm>
#include <span>

#include "rules/slo/exclusions.h"
#include "rules/slo/slo_watch.h"

namespace highwater::rules {

bool SloWatch::may_exclude(Budget& budget) const {
  if (budget.asked != slo_.exclusions) {
    budget.asked = slo_.exclusions;
    budget.excluding.clear();
    if (budget.asked != nullptr) budget.excluding = budget.asked->about(slo_.rule, budget.entity);
  }
  return !budget.excluding.empty();
}

// What lies before `from` is unknown, as after a restart, and may be excluded all the same.
void SloWatch::count_around_exclusions(Budget& budget, WallTime from, WallTime until,
                                       bool known) const {
  while (budget.curve.end() < until) {
    const WallTime at = budget.curve.end();
    const ExcludedStretch stretch =
        excluded_stretch(budget.excluding, at, at < from ? std::min(from, until) : until);
    Counted happened;
    if (known && !stretch.excluded && at >= from) {
      happened.known = stretch.end - at;
      happened.total = to_seconds(happened.known);
      happened.first = happened.total * budget.held.first;
    }
    count(budget, stretch.end, happened);
    if (stretch.excluded) budget.curve.exclude(at, stretch.end);
  }
}

// Nobody knows which of the events of a step belong to the part of it that is excluded: none of
// them counts.
bool SloWatch::exclude_events(Budget& budget, WallTime until) const {
  bool any = false;
  for (WallTime at = budget.curve.end(); at < until && !any;) {
    const ExcludedStretch stretch = excluded_stretch(budget.excluding, at, until);
    any = stretch.excluded;
    at = stretch.end;
  }
  if (!any) return false;
  while (budget.curve.end() < until) {
    const WallTime at = budget.curve.end();
    const ExcludedStretch stretch = excluded_stretch(budget.excluding, at, until);
    count_events(budget, stretch.end, {});
    if (stretch.excluded) budget.curve.exclude(at, stretch.end);
  }
  return true;
}

}  // namespace highwater::rules
