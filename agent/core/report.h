// Report: what the rules concluded from one snapshot. Immutable once published; every exporter gets
// the same one.
//
// An Alert is a rule on an entity. An Incident is what people hear of: one or more alerts with a
// common cause, an id and a correlation id fixed at first firing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/ids.h"
#include "agent/core/observation.h"

namespace highwater {

enum class Severity : uint8_t { info, ticket, page };
[[nodiscard]] constexpr std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::info:
      return "info";
    case Severity::ticket:
      return "ticket";
    case Severity::page:
      return "page";
  }
  return "info";
}

enum class AlertState : uint8_t { pending, firing };

// What the alert of an SLO says of its error budget, over the SLO's window.
struct BudgetDetail {
  double objective = 0;  // 0.995
  Duration window{};
  std::string tier;                      // "14.4x over 1h and 5m"
  double burn = 0;                       // over the tier's long window; 1 spends the budget exactly
  double remaining = 1;                  // share of the budget; below 0 when overspent
  double remaining_at_start = 1;         // when the alert began to fire
  Duration excluded{};                   // of the window: maintenance that counts for nothing
  std::optional<Duration> exhausted_in;  // at this burn rate; zero: it is exhausted
  std::optional<WallTime> clears_at;     // when the alert ends if from now on everything is good
};

constexpr size_t kMaxAlertRows = 20;

// One rule on one entity, as it stands now.
struct Alert {
  std::string rule;  // the alertname, PascalCase
  Entity entity;
  Severity severity = Severity::ticket;
  AlertState state = AlertState::pending;
  double value = 0;     // at the last known sample
  std::string summary;  // placeholders filled in
  std::string description;
  std::string note;     // what the collector says about the entity, may be empty
  std::string runbook;  // a name in runbooks/, or a URL
  std::vector<std::pair<std::string, std::string>> labels;  // the rule's own labels
  bool unknown = false;   // frozen: the measure cannot be read at the moment
  WallTime active_since;  // first sample that met the condition
  // When what it reports began, by what its measure says: a lag of an hour is not new. No later
  // than active_since; of an SLO: when its slices became bad. The epoch: not known.
  WallTime onset{};
  WallTime firing_since;               // only when firing
  uint64_t incident = 0;               // the incident it belongs to; 0 while pending
  std::optional<BudgetDetail> budget;  // of an SLO
  std::vector<Entity> rows{};          // with `per`: what met when it fired; at most kMaxAlertRows
};

// An alert that was explained by the incident's cause: shown as evidence, not sent on its own.
struct Evidence {
  std::string rule;
  Entity entity;
  Severity severity = Severity::ticket;
  std::string summary;
  WallTime since;
  bool ended = false;
  bool cause = false;  // one of the incident's causes, and no consequence: another broker that died
  bool named =
      false;  // told by its own name beside the incident's: a cause, the quorum that is lost
};

constexpr size_t kMaxEvidence = 20;

// What an incident costs: "8 partitions failed over", with the first of their names.
struct Impact {
  std::string noun;   // "partitions": in the number that fits the count
  std::string state;  // "failed over"
  size_t count = 0;
  std::vector<std::string> names;  // at most kMaxImpactNames, in order
  bool in_title = false;           // it follows from what is down, and is said with it
  bool operator==(const Impact&) const = default;
};
constexpr size_t kMaxImpactNames = 5;

// Another incident that this one may have to do with. It is shown, and never a reason to notify.
struct IncidentLink {
  uint64_t id = 0;
  TraceId correlation;
  std::string title;
  WallTime since;
  bool affected = false;  // that one is about what this one breaks; otherwise this one is
  bool operator==(const IncidentLink&) const = default;
};
constexpr size_t kMaxLinks = 10;

// The notification in which an incident is told together with others.
struct GroupPlace {
  std::string line;                                         // of `routes:`, by what it matches
  std::vector<std::pair<std::string, std::string>> labels;  // those of `group_by`
  Duration wait{};      // from the first of them until it is sent
  Duration interval{};  // from one to the next
  bool operator==(const GroupPlace&) const = default;
};

// Someone who hears of an incident.
struct Hearer {
  std::string receiver;
  std::optional<Duration> repeat_interval;  // in place of the receiver's own; 0: never
  // Set: it hears of it because nobody acknowledged the incident for so long.
  std::optional<Duration> escalated{};
  std::optional<GroupPlace> group{};  // nothing: it is told of the incident by itself, at once
  // Not empty: it hears of it because of what the incident affects: "topic orders"; at most
  // kMaxAffected of them.
  std::vector<std::string> affected{};
  size_t affected_count = 0;
  bool operator==(const Hearer&) const = default;
};

constexpr size_t kMaxAffected = 3;

// Who hears of an incident next when nobody acknowledges it.
struct EscalationStep {
  WallTime at;
  std::vector<std::string> to;
  bool operator==(const EscalationStep&) const = default;
};

// Who hears of an open incident, and why not now. The same value as long as nothing of it changes.
struct Direction {
  bool everyone = true;  // no routes are configured: every receiver
  std::vector<Hearer> hearers;
  // "silence 3 by ann until 2026-11-30T08:00:00.000Z: new disks"; empty: it is not silenced.
  std::vector<std::string> silenced_by;
  // "by ann until 2026-11-30T08:00:00.000Z": it is not told again; empty: it is not acknowledged.
  std::string acknowledged;
  std::optional<EscalationStep> next;  // nothing: it is not escalated further
  bool operator==(const Direction&) const = default;
};
using DirectionPtr = std::shared_ptr<const Direction>;

// Something that changed shortly before an incident began, and may have caused it.
struct PriorChange {
  Duration before{};  // how long before what the incident reports began
  WallTime at{};
  std::string text;  // "all 12 members of payments were replaced"
  bool operator==(const PriorChange&) const = default;
};
constexpr size_t kMaxPriorChanges = 3;

struct IncidentGroup;  // agent/core/incident_group.h

struct Incident {
  uint64_t id = 0;      // grows; unique within this agent's state
  TraceId correlation;  // a valid trace id; finds the trace, the log lines and the page
  Alert cause;          // the alert that opened it: its identity for receivers
  Alert headline;       // the worst of its alerts that stand: what is said of it
  std::string title;    // the headline's summary, and what follows from it
  Severity severity =
      Severity::ticket;  // the highest among its members, never lowered while it is open
  std::string team;      // that owns what the opening alert is about; may be empty
  WallTime opened;
  WallTime updated;
  std::vector<Evidence> evidence;  // at most kMaxEvidence, worst first
  size_t evidence_count = 0;       // how many there truly are
  size_t unlisted_causes = 0;      // of those beyond the listed ones, how many causes stand
  std::vector<Impact> impact;
  std::vector<IncidentLink> links;   // at most kMaxLinks, the oldest first
  std::vector<PriorChange> changes;  // at most kMaxPriorChanges, the most telling first
  uint64_t former = 0;  // the incident whose cause ended while this evidence still stood
  TraceId former_correlation;
  SpanLink revealed_by;  // the poll that revealed it
  // Since when nothing that caused it holds any more: it is open for what followed from that, or
  // because it may come back. Nothing while a cause stands.
  std::optional<WallTime> cause_over;
  std::optional<WallTime> ended;  // nothing while it is open
  std::string resolution;         // why it ended: "the condition ended"
  DirectionPtr
      direction;  // while it is open; null: everyone hears of it. Filled in by the pipeline
  // It stands for incidents that are told together; null: for itself.
  std::shared_ptr<const IncidentGroup> group;
};
using IncidentPtr = std::shared_ptr<const Incident>;

// Ended incidents are kept this long, and at most so many of them.
constexpr Duration kHistoryKept = std::chrono::hours(30 * 24);
constexpr size_t kMaxHistory = 1000;
// The newest first. Immutable: a new one is made when an incident ends.
using IncidentHistory = std::vector<IncidentPtr>;

enum class TransitionKind : uint8_t { opened, updated, resolved };
[[nodiscard]] constexpr std::string_view transition_name(TransitionKind kind) {
  switch (kind) {
    case TransitionKind::opened:
      return "opened";
    case TransitionKind::updated:
      return "updated";
    case TransitionKind::resolved:
      return "resolved";
  }
  return "opened";
}

// Something people are told. `sequence` grows by one per transition and is the idempotency key of
// its delivery.
struct Transition {
  uint64_t sequence = 0;
  TransitionKind kind = TransitionKind::opened;
  Incident incident;           // as it was at that moment
  std::string resolution;      // for resolved: "the condition ended", "it is gone: topic deleted"
  ObservationPtr revealed_by;  // for opened: the poll that revealed it; may be null
  std::string because{};       // why somebody hears of it only now: "not acknowledged for 10 min"
  std::string affected{};      // why somebody hears of it at all: "your topic orders is affected"
};

// What one receiver is told of several incidents together.
struct GroupNotice {
  std::string receiver;
  Transition transition;
  bool again = false;  // a repetition: nothing of it is new
};

struct Report {
  Now at;
  Duration took{};  // of the evaluation, filled in by the pipeline
  SnapshotPtr snapshot;
  std::vector<Alert> alerts;                       // pending and firing; worst first
  std::vector<Incident> incidents;                 // open now; worst first
  std::shared_ptr<const IncidentHistory> history;  // never null once an engine made the report
  std::vector<Transition> transitions;             // since the report before
  std::vector<GroupNotice> groups;                 // filled in by the pipeline
  size_t silences = 0;  // that are active, and maintenance. Filled in by the pipeline
  Span evaluation;      // filled in by the pipeline
};
using ReportPtr = std::shared_ptr<const Report>;

}  // namespace highwater
