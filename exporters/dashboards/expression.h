// PromQL of a panel, made from its short form: see layout.h. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/core/measure.h"

namespace highwater::dashboards {

// Throws std::logic_error when a measure is not in the catalogue, or its series are not exported by
// default: a mistake in the layout, found by the tests.
[[nodiscard]] std::string expand(std::string_view expression, const Catalogue& catalogue,
                                 const std::vector<std::string_view>& variables);

}  // namespace highwater::dashboards
