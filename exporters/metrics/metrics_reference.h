// docs/metrics.md: every family of the metrics page, and what a cluster costs in series. Written
// from the catalogue and from what the page is written from, so that neither can be forgotten. Used
// by `highwater generate metrics`; pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/measure.h"

namespace highwater {

// The names of the rules and SLOs that use each measure.
using RulesOfMeasures = std::map<std::string_view, std::vector<std::string>>;

[[nodiscard]] std::string metrics_reference(const Catalogue& catalogue,
                                            const RulesOfMeasures& rules);

}  // namespace highwater
