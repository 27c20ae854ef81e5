// The list of everything that is measured. Used by main, the generators and the tests, on any
// thread. A new interpreter adds its measures here and nowhere else.
#pragma once

#include <vector>

#include "agent/core/measure.h"
#include "agent/core/watch_first.h"

namespace highwater::collectors {

[[nodiscard]] Catalogue make_catalogue();
// Of all of them.
[[nodiscard]] std::vector<WatchFirst> watch_first();

}  // namespace highwater::collectors
