// Explanation: why a rule speaks of an entity or is silent about it, in numbers. Asked for by
// people
// (`highwater explain`, `/api/v1/explain`), made by the engine on the pipeline's thread when asked,
// rendered by the exporters. Values; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/report.h"

namespace highwater {

struct ExplainQuestion {
  std::string name;  // of an alert rule or an SLO
  // Pieces of the entity's text, "group=payments topic=orders": all must be in it. Empty: every
  // one.
  std::string entity;
};

// What a tier sees of one of its windows. Of time `bad` and `total` are seconds, else events.
struct ExplainedWindow {
  Duration length{};
  double burn = 0;
  double bad = 0;
  double total = 0;
  Duration known{};  // the rest of the window is unknown
};

struct ExplainedTier {
  double factor = 0;  // fires while both windows burn faster
  Severity severity = Severity::ticket;
  ExplainedWindow long_window;
  ExplainedWindow short_window;
  double coverage = 0;  // of the short window
  bool burning = false;
  bool frozen = false;   // too little is known: neither fires nor resolves
  bool warming = false;  // the long window is not filled: needs the evidence of a full one
  std::optional<WallTime> clears_at;  // if all is good from now on; nothing when it is clear
};

struct ExplainedBudget {
  double objective = 0;
  std::string window;  // "28d", "month in UTC"
  WallTime window_begin;
  bool events = false;   // else time
  double bad = 0;        // in the window so far: seconds or events
  double allowed = 0;    // the whole budget, in the same
  double min_bad = 0;    // below it in its short window no tier fires
  bool has_data = true;  // false: nothing of the window was seen, and the numbers say nothing
  double remaining = 1;
  double coverage = 0;
  WallTime coverage_since{};             // the budget's begin, or the window's where that is later
  Duration excluded{};                   // of the window: maintenance that counts for nothing
  double burn = 0;                       // over the long window of the fastest tier
  bool exhausted = false;                // nothing is left
  std::optional<Duration> exhausted_in;  // at this burn rate; nothing: never
  std::optional<WallTime> clears_at;     // when no tier holds any more if all is good from now on
  std::string finding;  // "a counts more than b": the counters do not fit each other
  std::vector<ExplainedTier> tiers;
};

// One entity of the rule.
struct Explanation {
  Entity entity;
  std::optional<Alert> alert;             // that stands; nothing: quiet
  bool present = true;                    // false: its subject is not seen at the moment
  std::string sample;                     // the last one, "3 min 20 s"; empty when unknown
  bool sample_is_bad = false;             // it meets the condition, or is not good
  std::optional<Duration> fires_in;       // pending: when the condition goes on to hold
  std::optional<Duration> ends_in;        // firing, but clear: when it stays clear
  std::optional<ExplainedBudget> budget;  // of an SLO
};

// What an alert rule sees of a cluster's rows; only of those that were asked for, but for `total`.
struct ExplainedRows {
  Symbol cluster;
  size_t selected = 0;
  size_t met = 0;         // rows that meet the condition
  size_t unknown = 0;     // rows that cannot be read
  std::string worst;      // of the known ones; empty when there is none
  std::string because{};  // why rows are unknown that can be read; may be empty
  size_t total = 0;       // rows that the rule looks at, whatever was asked for
  std::vector<std::pair<std::string_view, size_t>> reasons = {};  // unknown_name() of unknown ones
};

// One of these rows.
struct ExplainedRow {
  Entity entity;
  std::string value;         // empty when unknown
  bool met = false;          // the condition
  std::string_view unknown;  // why it cannot be read: unknown_sentence(); empty when it can
};

constexpr size_t kMostExplained = 20;

struct ExplainAnswer {
  enum class Kind : uint8_t { unknown, alert, slo };
  Kind kind = Kind::unknown;
  WallTime at;
  std::string rule;
  std::string entity;   // what was asked for
  std::string where;    // "rules.yaml:12"
  std::string judges;   // "group_lag_seconds <= 5m", "broker_failed == 1"
  std::string meaning;  // a sentence or two: when it fires, when it ends
  std::string runbook;
  std::vector<Explanation> items;       // the worst first, at most kMostExplained
  size_t count = 0;                     // how many there truly are
  size_t total = 0;                     // ... whatever entity was asked for
  std::vector<ExplainedRows> rows;      // of an alert rule, by cluster
  std::vector<ExplainedRow> row_items;  // of them the worst first, at most kMostExplained
  // Of a name that is not known, or an entity that nothing matches: "did you mean 'payments-lag'?"
  std::string advice;
};

}  // namespace highwater
