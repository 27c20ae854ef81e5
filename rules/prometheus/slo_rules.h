// One SLO as rules of Prometheus: recorded shares of each window, the tier that burns, an alert for
// each tier. Used by rules.h; pure.
#pragma once

#include "rules/prometheus/file.h"
#include "rules/prometheus/rules.h"
#include "rules/slo/slo_rule.h"

namespace highwater::rules {

// A composite SLO reads what its parts record: they come before it.
void write_slo(const SloRule& rule, const PrometheusOptions& options, PrometheusFile& file);

}  // namespace highwater::rules
