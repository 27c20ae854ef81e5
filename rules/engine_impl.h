// The engine's inside. Included by engine.cpp (judging), engine_state.cpp (surviving a restart) and
// engine_explain.cpp (saying why) alone.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "rules/alerts/alerts.h"
#include "rules/engine.h"
#include "rules/incidents/incidents.h"
#include "rules/slo/composite.h"
#include "rules/slo/slo_tables.h"
#include "rules/slo/slo_watch.h"

namespace highwater::rules {

class Engine::Impl {
 public:
  Impl(RuleSet rules, MakeTraceId make_trace_id) : book_(std::move(make_trace_id)) {
    replace_rules(std::move(rules));
  }

  Report evaluate(SnapshotPtr snapshot, Now now);
  void replace_rules(RuleSet rules);
  void correlate(Correlate correlate) { book_.set_correlate(std::move(correlate)); }
  [[nodiscard]] std::vector<Symbol> clusters() const;
  void forget_cluster(const Symbol& cluster);
  [[nodiscard]] std::optional<SteadyTime> next_deadline() const { return deadline_; }

  [[nodiscard]] std::vector<Incident> open_incidents() const { return book_.open(); }
  [[nodiscard]] std::vector<StateRecord> state(Now now, bool budgets) const;
  std::vector<std::string> restore(std::span<const StateRecord> records, Now now);
  std::vector<std::string> adopt(std::span<const StateRecord> records);
  // engine_explain.cpp
  [[nodiscard]] ExplainAnswer explain(const ExplainQuestion& question, Now now) const;

 private:
  // One rule and its alerts on every cluster.
  struct Watched {
    explicit Watched(AlertRule rule, size_t order) : entry(std::move(rule), order) {}
    RuleEntry entry;
    std::map<Symbol, RuleWatch> clusters;
  };

  struct WatchedSlo {
    explicit WatchedSlo(SloRule rule, size_t order) : entry(std::move(rule), order) {}
    SloEntry entry;
    std::map<Symbol, SloWatch> clusters;
    // Of a composite SLO.
    std::vector<const WatchedSlo*> parts;
    std::map<Symbol, CompositeSource> sources;
  };

  // engine_state.cpp
  class Restoring;
  void add_ended(std::vector<StateRecord>& records) const;
  [[nodiscard]] Watched* find_rule(std::string_view name);
  [[nodiscard]] WatchedSlo* find_slo(std::string_view name);

  // engine_explain.cpp
  [[nodiscard]] static ExplainAnswer explain_alerts(const Watched& watched,
                                                    const ExplainQuestion& question, Now now);
  [[nodiscard]] static ExplainAnswer explain_slo(const WatchedSlo& watched,
                                                 const ExplainQuestion& question, Now now);
  [[nodiscard]] std::vector<std::string> names() const;

  [[nodiscard]] WatchFirst watch_first_of(const Measure* measure) const;
  void replace_alerts(std::vector<AlertRule> rules);
  void replace_slos(std::vector<SloRule> slos, const ExclusionsPtr& exclusions);
  void order_slos();
  void judge_slo(WatchedSlo& slo, ClusterView& view, Now now, AlertEvents& events);
  void judge(Watched& watched, std::span<ClusterView> views, Now now, AlertEvents& events);
  // Judges all SLOs and adds what they say to the views and the snapshot.
  [[nodiscard]] SnapshotPtr judge_slos(std::span<ClusterView> views, SnapshotPtr snapshot, Now now,
                                       AlertEvents& events);
  [[nodiscard]] std::vector<Alert> list_alerts(bool relisted);
  [[nodiscard]] std::optional<SteadyTime> find_deadline(SteadyTime now) const;

  std::vector<WatchFirst> watch_first_;
  std::vector<std::unique_ptr<Watched>> rules_;
  std::vector<std::unique_ptr<Watched>> removed_;  // until the end of their alerts was told
  std::vector<std::unique_ptr<WatchedSlo>> slos_;
  std::vector<WatchedSlo*> judged_slos_;  // parts before what is composed of them
  std::vector<std::unique_ptr<WatchedSlo>> removed_slos_;
  std::map<Symbol, SloTables> slo_tables_;
  // Ended incidents by their ids, as they are written: they do not change any more.
  mutable std::unordered_map<uint64_t, std::string> ended_records_;
  AlertEvents pending_;  // what happened between two evaluations
  IncidentBook book_;
  std::vector<const LiveAlert*> listed_;  // in the report's order
  std::optional<SteadyTime> deadline_;
};

}  // namespace highwater::rules
