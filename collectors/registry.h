// The list of everything that is measured. Used by main, the generators and the tests, on any
// thread. A new interpreter adds its measures here and nowhere else.
#pragma once

#include "agent/core/measure.h"

namespace highwater::collectors {

[[nodiscard]] Catalogue make_catalogue();

}  // namespace highwater::collectors
