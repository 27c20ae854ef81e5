// What the engine must not lose at a restart, as records of a dictionary (kind, key, bytes) that a
// later version of the program can read. Used by the engine alone; pure, no clock is read.
//
// The steady clock does not survive: moments are written as wall time and come back as moments of
// the new steady clock, never in its future.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "agent/core/report.h"
#include "agent/core/result.h"
#include "rules/alerts/live_alert.h"
#include "rules/slo/slo_watch.h"

namespace highwater::rules {

struct StateRecord {
  std::string kind;
  std::string key;
  std::string value;
};

inline constexpr std::string_view kAlertKind = "alert";
inline constexpr std::string_view kIncidentKind = "incident";
inline constexpr std::string_view kEndedKind = "ended";  // an incident that is over
inline constexpr std::string_view kBudgetKind = "budget";
inline constexpr std::string_view kCounterKind = "counter";  // the last ids; one record

[[nodiscard]] WallTime to_wall(SteadyTime time, Now now);
[[nodiscard]] SteadyTime to_steady(WallTime time, Now now);

// What an alert or budget is of: a rule's name and an entity.
struct StateKey {
  std::string rule;
  Entity entity;
};
[[nodiscard]] std::string encode_key(const StateKey& key);
[[nodiscard]] Result<StateKey> decode_key(std::string_view text);

struct SavedAlert {
  Alert alert;
  Duration held{};                  // LiveAlert::held
  std::optional<Duration> cleared;  // LiveAlert::cleared; nothing: the condition holds
  size_t tier = 0;                  // of an SLO's
  HeldRows held_rows{};             // of a rule with `per`
  bool past = false;                // LiveAlert::past
  // LiveAlert's; nothing: written by an earlier version of the program.
  std::optional<WallTime> onset{};
  std::optional<WallTime> not_before{};
};
[[nodiscard]] std::string encode_saved(const SavedAlert& saved);
[[nodiscard]] Result<SavedAlert> decode_saved_alert(std::string_view text);

struct SavedIncident {
  Incident shown;
  std::optional<WallTime> cause_ended;  // nothing: the cause stands
  std::string resolution;
  size_t sent_evidence = 0;
  size_t sent_consequences = 0;
  Severity sent_severity = Severity::ticket;
  int sent_gravity = 0;
  std::string sent_tier;
};
[[nodiscard]] std::string encode_saved(const SavedIncident& saved);
[[nodiscard]] Result<SavedIncident> decode_saved_incident(std::string_view text);

struct SavedCounters {
  uint64_t last_incident = 0;
  uint64_t last_transition = 0;
};
[[nodiscard]] std::string encode_saved(const SavedCounters& saved);
[[nodiscard]] Result<SavedCounters> decode_saved_counters(std::string_view text);

// Binary: there may be ten thousand of them each minute.
[[nodiscard]] std::string encode_saved(const Budget& budget);
[[nodiscard]] Result<std::unique_ptr<Budget>> decode_saved_budget(Entity entity,
                                                                  std::string_view bytes);

}  // namespace highwater::rules
