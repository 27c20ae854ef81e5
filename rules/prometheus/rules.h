// What is judged here, as rules of Prometheus on the metrics that Highwater exports: for every SLO
// recording rules for its bad share over each window and an alert for each tier, of which the
// highest wins; for every alert rule an alert. Used by `highwater generate prometheus`; pure, any
// thread.
//
// How the sums of burn.h become PromQL, with i the interval at which Prometheus evaluates them:
//  * A sample of a time SLI holds until the next one, so the windows end one interval ago: the
//    newest sample has not lasted yet.
//  * Events are counted per interval, from the last value that was known, so that a reset or a gap
//    loses nothing and no increase() extrapolates.
//  * A range is half an interval short of its window: then it holds window / i samples, whether
//    Prometheus counts the first one in (before version 3) or not.
//  * `filled` is 1, or while a long window is not filled the share of it that is known: times the
//    bad share it is the evidence that warm-up asks for.
//  * Prometheus cannot freeze: where nothing is known, it resolves.
//  * It knows no time zones: rules with hours are left out, and named at the top of the file.
//  * It excludes no time: maintenance with `budget: exclude` counts, and is named there as well.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/core/exported.h"
#include "agent/core/time.h"
#include "rules/routing/silences.h"
#include "rules/rule_set.h"

namespace highwater::rules {

struct PrometheusOptions {
  // How often Prometheus evaluates an SLO; without it from 15 seconds to a minute, by its windows.
  std::optional<Duration> interval;
  std::string external_url = "http://127.0.0.1:9877";  // where runbooks are read
  MetricsDetail detail = MetricsDetail::standard;      // what the agent exports
  std::vector<Silence> maintenance{};                  // of the configuration
};

// The maintenance that excludes time from error budgets which these rules count all the same: a
// sentence for each SLO and window that may be about it.
[[nodiscard]] std::vector<std::string> not_excluded(const RuleSet& rules,
                                                    const std::vector<Silence>& maintenance);

// The names of the rules that are left out.
[[nodiscard]] std::vector<std::string> not_for_prometheus(const RuleSet& rules);

// The names of the rules that need series which the agent exports only with full detail: helper
// measures, and the zeros of measures of which only what is not 0 is exported. Until then they see
// nothing. They are written, with a comment.
[[nodiscard]] std::vector<std::string> need_full_detail(const RuleSet& rules);

// The text of a rule file.
[[nodiscard]] std::string prometheus_rules(const RuleSet& rules, const PrometheusOptions& options);

}  // namespace highwater::rules
