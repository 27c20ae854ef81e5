// RowScope: which rows of a measure's table a rule looks at, and which of them belong together.
// Part of alert rules and SLOs. Immutable; any thread.
#pragma once

#include <vector>

#include "agent/core/pattern.h"

namespace highwater::rules {

// A row passes when its cell matches any of the patterns.
struct DimensionFilter {
  int dimension = 0;  // the place in the measure's dimensions
  std::vector<Pattern> patterns;
};

struct RowScope {
  std::vector<DimensionFilter> select;   // all must match
  std::vector<DimensionFilter> exclude;  // none may match
  std::vector<int> per;     // places in the measure's dimensions, rising; begins with `cluster`
  bool aggregated = false;  // rows that agree in `per` are one; otherwise each row is for itself
};

}  // namespace highwater::rules
