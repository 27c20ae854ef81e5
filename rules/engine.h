// Engine: judges snapshots. A pure function of (state, snapshot, now) -> report; the state is in
// here, no clock is read, nothing is sent. Owned and called by the pipeline, on its thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "agent/core/report.h"
#include "rules/alert_rule.h"

namespace highwater::rules {

class Engine {
 public:
  using MakeTraceId = std::function<TraceId()>;

  explicit Engine(
      std::vector<AlertRule> rules, MakeTraceId make_trace_id = [] { return TraceId::random(); });
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // `now` never goes back. The report's `took` and `evaluation` are the caller's to fill in.
  [[nodiscard]] Report evaluate(SnapshotPtr snapshot, Now now);

  // When the next evaluation could change something though no new observation came; nothing when
  // only observations can.
  [[nodiscard]] std::optional<SteadyTime> next_deadline() const;

  // After a reload: alerts of rules that kept their name stay as they are; those of others end.
  void replace_rules(std::vector<AlertRule> rules);

  // After a reload: the cluster is not watched any more, so its alerts end. A cluster that is
  // merely missing from a snapshot keeps its alerts, frozen.
  void forget_cluster(const Symbol& cluster);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace highwater::rules
