// IncidentBook: all open incidents, what people hear of them, and those that ended. Owned by the
// engine, on the pipeline's thread; no clock is read.
//
// After every update each firing alert belongs to exactly one open incident, as a cause or as
// evidence. docs/incidents.md says by which rules.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "rules/incidents/causes.h"
#include "rules/incidents/incident.h"
#include "rules/routing/owners.h"

namespace highwater::rules {

class IncidentBook {
 public:
  using MakeTraceId = std::function<TraceId()>;
  explicit IncidentBook(MakeTraceId make_trace_id) : make_trace_id_(std::move(make_trace_id)) {}

  // Calls it for each alert there is, also for those that wait for their `for`.
  using VisitAlerts = std::function<void(const std::function<void(const LiveAlert&)>&)>;

  // Takes in what happened to the alerts of all clusters and returns what people hear, in order.
  [[nodiscard]] std::vector<Transition> update(AlertEvents events, std::span<ClusterView> clusters,
                                               Now now, const VisitAlerts& visit_alerts);

  // What must survive a restart, and its way back, before the first update. `alerts` are those that
  // were restored; incidents whose causes are not among them end soon.
  using AlertsByKey = std::unordered_map<AlertKey, LiveAlert*, HashAlertKey>;
  [[nodiscard]] std::vector<SavedIncident> save(Now now) const;
  [[nodiscard]] SavedCounters counters() const { return {last_id_, last_sequence_}; }
  // Ids up to these are in use elsewhere.
  void raise(const SavedCounters& counters) {
    last_id_ = std::max(last_id_, counters.last_incident);
    last_sequence_ = std::max(last_sequence_, counters.last_transition);
  }
  void restore(const std::vector<SavedIncident>& saved, const SavedCounters& counters,
               const AlertsByKey& alerts, Now now);
  // Ended ones, in any order.
  void restore_history(std::vector<IncidentPtr> ended);

  // Whose the incidents are; those that are open as well.
  void set_owners(Owners owners);
  // Of incidents that are opened from now on.
  using Correlate = std::function<std::optional<TraceId>(const Alert&, const Measure&)>;
  void set_correlate(Correlate correlate) { correlate_ = std::move(correlate); }

  // Worst first, then the oldest.
  [[nodiscard]] std::vector<Incident> open() const;
  // Never null.
  [[nodiscard]] const std::shared_ptr<const IncidentHistory>& history() const { return history_; }
  [[nodiscard]] std::optional<SteadyTime> next_deadline(SteadyTime now) const;

 private:
  // A firing alert without an incident.
  struct Newcomer {
    LiveAlert* alert = nullptr;
    ObservationPtr revealed_by;
    uint64_t former = 0;  // the incident whose evidence it was
    TraceId former_correlation;
  };
  // One that was opened in this update and not told yet.
  struct Opened {
    OpenIncident* incident;
    const Newcomer* newcomer;
  };

  void take_ended(const std::vector<EndedAlert>& ended, Now now);
  // Alerts that come back to the incident they once opened; the others are newcomers.
  [[nodiscard]] std::vector<Newcomer> take_back(const std::vector<FiredAlert>& fired);
  // Ends what is over. Evidence that outlived its cause is added to `newcomers`; when that is null,
  // its incidents are left alone.
  void close(Now now, const VisitAlerts& visit_alerts, std::vector<Newcomer>* newcomers);
  // Whether something that began while the cause stood fires now or soon: a broker is back, and its
  // partitions have no leader yet. It shall be evidence, and no page of its own.
  // `waiting` are the alerts without an incident.
  [[nodiscard]] bool awaits_evidence(const OpenIncident& incident,
                                     std::span<const LiveAlert* const> waiting, SteadyTime now);
  void place(std::vector<Newcomer> newcomers, Now now);
  [[nodiscard]] bool join(const Newcomer& newcomer, Now now);
  // Of incidents up to `last_before` only.
  [[nodiscard]] bool join_as_cause(const Newcomer& newcomer, uint64_t last_before, Now now);
  [[nodiscard]] OpenIncident* former_of(const LiveAlert& alert);
  [[nodiscard]] OpenIncident* gathering_of(const LiveAlert& alert, SteadyTime now);
  void merge_many(std::vector<Opened>& opened, Now now);
  void merge(OpenIncident& from, OpenIncident& into, Now now);
  void link(OpenIncident& incident, const LiveAlert& cause, Now now);
  [[nodiscard]] TraceId correlation_of(const LiveAlert& alert) const;
  OpenIncident& open_for(const Newcomer& newcomer, Now now);
  void notify(TransitionKind kind, OpenIncident& incident, Now now,
              ObservationPtr revealed_by = {});
  void resolve(OpenIncident& incident, Now now, std::string resolution);
  void keep_ended(Now now);

  MakeTraceId make_trace_id_;
  Correlate correlate_;
  Owners owners_;
  Causes causes_;
  Causes::Incidents incidents_;
  std::shared_ptr<const IncidentHistory> history_ = std::make_shared<const IncidentHistory>();
  std::vector<Newcomer> past_;  // fire for what was, when their incident has ended
  uint64_t last_id_ = 0;
  uint64_t last_sequence_ = 0;
  uint64_t impact_version_ = 0;          // of the causes, when impacts were last looked at
  std::vector<Transition> transitions_;  // of this update
  std::vector<IncidentPtr> ended_;       // in this update
};

}  // namespace highwater::rules
