// Wording: rules said back in the language people write them in. Used where a rule has to be shown
// beside what it concludes: `check --explain` and `explain`. Pure; any thread.
#pragma once

#include <string>

#include "rules/alerts/alert_rule.h"
#include "rules/slo/burn.h"
#include "rules/slo/slo_rule.h"

namespace highwater::rules {

// A number as a rule has it: "5m" for seconds, "1000", "0.5".
[[nodiscard]] std::string number_text(double value, Unit unit);

// "<= 5m", "between 1 and 5"
[[nodiscard]] std::string good_text(const GoodRange& good, Unit unit);

// "group_lag_records > 1000", "partition_in_sync_replicas <= topic_min_insync_replicas"
[[nodiscard]] std::string condition_text(const Condition& condition);

// What is good: "group_lag_seconds <= 5m", "topic_errors_total of topic_records_total are bad"
[[nodiscard]] std::string sli_text(const Sli& sli);

// "records_failed_total grew by 120 within 1h, records_total by 100: they do not count the same
// events"; empty while the two counters fit each other, and for an SLO that judges time.
[[nodiscard]] std::string counters_text(const SloRule& rule, const BudgetCurve& curve,
                                        WallTime now);

// Which rows count: "topic orders or payments-*, but not partition 0"; empty for all.
[[nodiscard]] std::string scope_text(const Measure& measure, const RowScope& scope);

// "14.4x over 1h and 5m"
[[nodiscard]] std::string tier_text(const SloTier& tier);

// "28d", "month in Europe/Berlin"
[[nodiscard]] std::string window_text(const SloWindow& window);

// When a rule with hours is meant: "only mon-fri 08:00-18:00 UTC (no 'time_zone' is named)"; empty
// without hours.
[[nodiscard]] std::string hours_text(const OpenHours* hours);

// One sentence: "fires as page when broker_failed == 1 has held for 30s; one alert for each
// cluster, broker."
[[nodiscard]] std::string when_it_fires(const AlertRule& rule);

}  // namespace highwater::rules
