// Engine: judges snapshots. A pure function of (state, snapshot, now) -> report; the state is in
// here, no clock is read, nothing is sent. Owned and called by the pipeline, on its thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/core/explanation.h"
#include "agent/core/report.h"
#include "rules/rule_set.h"
#include "rules/state.h"

namespace highwater::rules {

class Engine {
 public:
  using MakeTraceId = std::function<TraceId()>;

  explicit Engine(
      RuleSet rules, MakeTraceId make_trace_id = [] { return TraceId::random(); });
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // `now` never goes back. The report's snapshot is the one given, with what the SLOs say as a part
  // of its own; its `took` and `evaluation` are the caller's to fill in.
  [[nodiscard]] Report evaluate(SnapshotPtr snapshot, Now now);

  // When the next evaluation could change something though no new observation came; nothing when
  // only observations can.
  [[nodiscard]] std::optional<SteadyTime> next_deadline() const;

  // What must survive a restart: alerts, incidents, the last ids and the budgets of SLOs that have
  // an alert; with `budgets` also all others. All of it each time; a record that is not among them
  // any more is to be removed.
  [[nodiscard]] std::vector<StateRecord> state(Now now, bool budgets) const;
  // Takes it over, before the first evaluation. What cannot be read, or is of no rule any more, is
  // left out and said, one sentence each. Until their rows are seen, restored alerts are unknown.
  [[nodiscard]] std::vector<std::string> restore(std::span<const StateRecord> records, Now now);

  // What was kept before the start and could be read only now: budgets go on from what they were,
  // and no id is given twice. Alerts and incidents are those of this process. The same sentences.
  [[nodiscard]] std::vector<std::string> adopt(std::span<const StateRecord> records);

  // Worst first.
  [[nodiscard]] std::vector<Incident> open_incidents() const;

  // Why a rule fires or is quiet, as of the last evaluation.
  [[nodiscard]] ExplainAnswer explain(const ExplainQuestion& question, Now now) const;

  // After a reload: alerts of rules that kept their name stay as they are, and so do the budgets of
  // SLOs that kept name, SLI and entities; those of others end.
  void replace_rules(RuleSet rules);

  // The correlation id that other agents give the incident which such an alert opens; nothing: none
  // does, and it gets one of its own. Of incidents that are opened from now on; empty: of none.
  using Correlate = std::function<std::optional<TraceId>(const Alert&, const Measure&)>;
  void correlate(Correlate correlate);

  // Of which it keeps alerts or budgets.
  [[nodiscard]] std::vector<Symbol> clusters() const;
  // After a reload: the cluster is not watched any more, so its alerts end. A cluster that is
  // merely missing from a snapshot keeps its alerts, frozen.
  void forget_cluster(const Symbol& cluster);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace highwater::rules
