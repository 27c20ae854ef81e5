// Which rules need series that the agent exports only with full detail: helper measures, and the
// zeros of measures of which only what is not 0 is exported. Used by the generator of Prometheus
// rules; pure, any thread.
#pragma once

#include "rules/alerts/alert_rule.h"
#include "rules/slo/slo_rule.h"

namespace highwater::rules {

inline constexpr std::string_view kNeedsFullDetailText =
    "Works only where the agent is configured with `metrics: {detail: full}`.";

[[nodiscard]] bool needs_full_detail(const AlertRule& rule);
[[nodiscard]] bool needs_full_detail(const SloRule& rule);

}  // namespace highwater::rules
