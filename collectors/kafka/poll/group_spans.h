// Which spans of a sweep go with the observation of groups. Used by the poller. Pure.
#pragma once

#include <vector>

#include "agent/core/span.h"

namespace highwater::kafka {

// One sweep is one trace, and a span belongs to one observation only: what was asked for groups
// goes with theirs, below a span of its own. `spans` keeps the rest; its first is the root.
[[nodiscard]] std::vector<Span> take_group_spans(std::vector<Span>& spans);

}  // namespace highwater::kafka
