// SloRule: one service-level objective as its author meant it, checked against the catalogue; a
// value of this type is always valid. Made by the loader (load.h) from YAML, judged by the engine
// (engine.h). Immutable; any thread.
//
// The vocabulary is that of the SRE workbook, chapter 5 ("Alerting on SLOs"): the error budget is
// 1 - objective of the window's time or events; a burn rate of 1 spends exactly the budget in
// exactly the window.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/measure.h"
#include "agent/core/report.h"
#include "agent/core/time.h"
#include "rules/alerts/row_scope.h"
#include "rules/incidents/fault.h"

namespace highwater::rules {

class OpenHours;

// Which values of a time SLI are good: those between `low` and `high`, or, for "!=", all others.
struct GoodRange {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_is_good = true;  // the bounds themselves
  bool high_is_good = true;
  bool outside = false;

  [[nodiscard]] bool contains(double value) const;
};

// A measure, and the rows of it that count.
struct SliSource {
  const Measure* measure = nullptr;
  RowScope scope;
};

// What is counted: seconds in which a measure was good (`good`, one source), or events by two
// counters (two sources; `first` counts the bad ones, or with `first_is_good` the good ones).
struct Sli {
  SliSource first;
  std::optional<SliSource> total;  // events: the counter of all
  bool first_is_good = false;
  GoodRange good;  // time only
  // Of a composite SLO the other SLOs, which judge time: it is bad while any of them is. Then
  // `first` is a measure of its own, whose value has a bit for each of them that is bad.
  std::vector<std::string> all_of;
  std::shared_ptr<const Measure> own_measure;

  [[nodiscard]] bool is_events() const { return total.has_value(); }
  [[nodiscard]] bool is_composite() const { return !all_of.empty(); }
};

// Fires while the budget burns faster than `factor` over both windows (strictly greater).
struct SloTier {
  double factor = 0;
  Duration long_window{};
  Duration short_window{};
  Severity severity = Severity::ticket;
};

struct SloWindow {
  enum class Kind : uint8_t { rolling, week, month, quarter };
  Kind kind = Kind::rolling;
  Duration length{};      // rolling: exact; calendar: 7, 30, 90 days, what tiers are scaled by
  std::string time_zone;  // calendar: an IANA name, "UTC" by default
};

// What a row that cannot be read counts as.
enum class NoData : uint8_t { hold, bad, good };

struct SloRule {
  std::string name;  // "payments-lag": the alertname of its alerts
  Sli sli;
  double objective = 0;  // above 0, below 1
  SloWindow window;
  std::vector<SloTier> tiers;  // the most severe first, then the fastest; not empty
  double min_bad = 0;          // seconds or events in the short window; below it no tier fires
  NoData no_data = NoData::hold;
  // Of time: when it is meant; null: always. The time outside is no part of the budget: neither
  // good nor bad nor unknown, and no alert outlives the hours.
  std::shared_ptr<const OpenHours> during;
  double min_coverage = 0.5;  // of a tier's short window; below it the tier freezes
  Duration keep_firing_for{};
  size_t max_entities = 10'000;
  std::string runbook;  // a name of runbooks/, or an http(s) URL
  std::string owner;
  std::string summary;  // with {placeholders}; never empty: the loader has a default
  std::string description;
  std::vector<std::pair<std::string, std::string>> labels;
  FaultKeys fault_keys;
  std::string where;          // "rules.yaml:12", for people
  bool may_be_empty = false;  // `expect: none`: that no row is there for it is no mistake

  [[nodiscard]] double budget() const { return 1 - objective; }
  // The most of a window that can be inside the SLO's hours; all of it without hours.
  [[nodiscard]] Duration most_inside(Duration length) const;
};

// A double holds as many bits, and nobody reads a longer list.
inline constexpr size_t kMostParts = 16;

// Of an SLO whose parts have these dimensions: what it judges, one row for each budget.
[[nodiscard]] Sli composite_of(std::vector<std::string> all_of,
                               std::vector<std::string_view> dimensions);
// The parts that are bad by a value of its measure: "payments-lag, payments-freshness"; empty:
// none.
[[nodiscard]] std::string bad_parts(const Sli& sli, double value);

// Dimensions of what a budget belongs to: `cluster`, then those of `per` in the order of the
// measure, of events in that of the total.
[[nodiscard]] std::vector<std::string_view> subject_dimensions(const SloRule& rule);

// The workbook's four tiers for a window of 30 days: page 14.4x over 1h and 5m, page 6x over 6h and
// 30m, ticket 3x over 1d and 2h, ticket 1x over 3d and 6h. They spend 2, 5, 10 and 10 % of the
// budget. For other windows the factors stay and the tiers' windows are the same shares of the
// window: 1/720, 1/120, 1/30 and 1/10 of it, the short ones a twelfth of the long ones.
[[nodiscard]] std::vector<SloTier> default_tiers(Duration window);

// Placeholders besides the subject's dimensions:
//   {slo} {objective} "99.5%", {window} "30 d", {burn} the burn rate over the tier's long window:
//   "17.3", {left} of the budget: "37%", {exhausted_in} a duration, "never at this rate" or
//   "exhausted", {budget} "budget gone in 2 h at this rate", {tier} "14.4x over 1h and 5m", {value}
//   the worst value of the last bad sample (time) or the share of bad events in the tier's short
//   window, {limit} the bound of `good`, {now:is|was} the one while the last sample is bad, {note}
inline constexpr std::string_view kSloPlaceholders[] = {"slo",   "objective",    "window", "burn",
                                                        "left",  "exhausted_in", "budget", "tier",
                                                        "value", "limit",        "now",    "note"};

}  // namespace highwater::rules
