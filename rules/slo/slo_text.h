// What the alerts of SLOs say: the fact first, then what it costs of the budget. Used by the SLO
// watches, on the pipeline's thread; pure.
#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/report.h"
#include "rules/slo/slo_rule.h"
#include "rules/text.h"

namespace highwater::rules {

// What is known of an SLO's entity beside its budget.
struct SloFacts {
  bool bad_now = false;             // by the last sample
  double bad_value = std::nan("");  // of time: the last that was bad, NaN before the first
  double bad_share = 0;             // of events, in the tier's short window
  std::string bad_parts;            // of `all_of`: the SLOs that are bad now
};

// What {placeholders} stand for. `detail` is complete.
[[nodiscard]] std::vector<StandIn> slo_stand_ins(const SloRule& rule, const BudgetDetail& detail,
                                                 const SloFacts& facts, const std::string& note);

// "budget gone in 2 h at this rate", "budget gone"; empty when it lasts.
[[nodiscard]] std::string budget_phrase(const BudgetDetail& detail);

// The bound of what is good: "5 min" of "<= 5m", "1 to 5" of "between 1 and 5".
[[nodiscard]] std::string limit_text(const GoodRange& good, Unit unit);

// The summary of an SLO that has none of its own, and that of one whose rows cannot be read where
// `no_data: bad` counts that as bad.
[[nodiscard]] std::string default_summary(const SloRule& rule);
[[nodiscard]] std::string no_data_summary(const SloRule& rule);

}  // namespace highwater::rules
