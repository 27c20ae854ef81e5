// IncidentBook: all open incidents, and what people are told about them. Owned by the engine, on
// the pipeline's thread; no clock is read.
//
// After every update each firing alert belongs to exactly one open incident, as its cause or as
// evidence.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "rules/causes.h"
#include "rules/incident.h"

namespace highwater::rules {

class IncidentBook {
 public:
  using MakeTraceId = std::function<TraceId()>;
  explicit IncidentBook(MakeTraceId make_trace_id) : make_trace_id_(std::move(make_trace_id)) {}

  // Calls it for each alert there is, also for those that wait for their `for`.
  using VisitAlerts = std::function<void(const std::function<void(const LiveAlert&)>&)>;

  // Takes in what happened to the alerts of all clusters and returns what people are told, in
  // order.
  [[nodiscard]] std::vector<Transition> update(AlertEvents events, std::span<ClusterView> clusters,
                                               Now now, const VisitAlerts& visit_alerts);

  // What must survive a restart, and its way back, before the first update. `alerts` are those that
  // were restored; incidents whose cause is not among them end soon.
  using AlertsByKey = std::unordered_map<AlertKey, LiveAlert*, HashAlertKey>;
  [[nodiscard]] std::vector<SavedIncident> save(Now now) const;
  [[nodiscard]] SavedCounters counters() const { return {last_id_, last_sequence_}; }
  void restore(const std::vector<SavedIncident>& saved, const SavedCounters& counters,
               const AlertsByKey& alerts, Now now);

  // Worst first, then the oldest.
  [[nodiscard]] std::vector<Incident> open() const;
  [[nodiscard]] std::optional<SteadyTime> next_deadline(SteadyTime now) const;

 private:
  void take_ended(const std::vector<EndedAlert>& ended, Now now);
  // Alerts that come back to the incident they once opened; the others are newcomers.
  [[nodiscard]] std::vector<Newcomer> take_back(const std::vector<FiredAlert>& fired);
  // Ends what is over. Evidence that outlived its cause is added to `newcomers`; when that is null,
  // its incidents are left alone.
  void close(Now now, const VisitAlerts& visit_alerts, std::vector<Newcomer>* newcomers);
  // Whether something that began while the cause stood fires now or soon: a broker is back, and its
  // partitions have no leader yet. It shall be evidence, and no page of its own.
  [[nodiscard]] bool awaits_evidence(const OpenIncident& incident, const VisitAlerts& visit_alerts,
                                     SteadyTime now);
  void settle(std::vector<Newcomer> newcomers, Now now);
  void gather(std::span<const Newcomer> newcomers, Causes::Placement& placement, SteadyTime now,
              std::vector<size_t>& massed) const;
  struct Absorbed {
    std::unique_ptr<OpenIncident> incident;
    OpenIncident* into;
  };
  [[nodiscard]] std::vector<Absorbed> absorb(const Causes::Placement& placement,
                                             const std::map<size_t, OpenIncident*>& opened,
                                             Now now);
  OpenIncident& open_for(const Newcomer& newcomer, Now now);
  void tell(TransitionKind kind, OpenIncident& incident, Now now, std::string resolution = {},
            ObservationPtr revealed_by = {});

  MakeTraceId make_trace_id_;
  Causes causes_;
  Causes::Incidents incidents_;
  uint64_t last_id_ = 0;
  uint64_t last_sequence_ = 0;
  std::vector<Transition> told_;  // in this update
};

}  // namespace highwater::rules
