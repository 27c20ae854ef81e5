#include "rules/prometheus/detail.h"

#include "agent/core/exported.h"

namespace highwater::rules {
namespace {

// A condition that 0 meets has nothing to see where only what is not 0 is exported.
bool met_by_zero(const Condition& when) {
  switch (when.comparison) {
    case Comparison::equal:
      return when.threshold == 0;
    case Comparison::not_equal:
      return when.threshold != 0;
    case Comparison::less:
      return 0 < when.threshold;
    case Comparison::less_or_equal:
      return 0 <= when.threshold;
    case Comparison::greater:
      return 0 > when.threshold;
    case Comparison::greater_or_equal:
      return 0 >= when.threshold;
  }
  return true;
}

}  // namespace

bool needs_full_detail(const AlertRule& rule) {
  const Condition& when = rule.when;
  if (when.right != nullptr)
    return exported(*when.left) != Exported::always || exported(*when.right) != Exported::always;
  return exported(*when.left) == Exported::full ||
         (exported(*when.left) == Exported::nonzero && met_by_zero(when));
}

// What is good has to be seen as well.
bool needs_full_detail(const SloRule& rule) {
  const SliSource& first = rule.sli.first;
  return exported(*first.measure) != Exported::always ||
         (rule.sli.total && exported(*rule.sli.total->measure) != Exported::always);
}

}  // namespace highwater::rules
