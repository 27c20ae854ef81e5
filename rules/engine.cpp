#include "rules/engine.h"

#include <algorithm>
#include <map>

#include "rules/alerts.h"
#include "rules/incidents.h"

namespace highwater::rules {
namespace {

constexpr std::string_view kRuleRemoved = "the rule was removed";
constexpr std::string_view kClusterRemoved = "its cluster is not watched any more";

std::vector<ClusterView> views_of(const Snapshot& snapshot) {
  std::vector<ClusterView> views;
  std::vector<ObservationPtr> observations;
  Symbol cluster;
  const auto finish = [&] {
    if (!observations.empty()) views.emplace_back(cluster, std::move(observations));
    observations.clear();
  };
  for (const auto& [key, observation] : snapshot.observations) {
    if (observation == nullptr) continue;
    if (!(key.first == cluster)) finish();
    cluster = key.first;
    observations.push_back(observation);
  }
  finish();
  return views;
}

bool listed_before(const LiveAlert* a, const LiveAlert* b) {
  if (a->alert.state != b->alert.state) return a->alert.state == AlertState::firing;
  if (a->alert.severity != b->alert.severity) return a->alert.severity > b->alert.severity;
  if (a->entity_text != b->entity_text) return a->entity_text < b->entity_text;
  return a->rule->order < b->rule->order;
}

}  // namespace

class Engine::Impl {
 public:
  Impl(std::vector<AlertRule> rules, MakeTraceId make_trace_id) : book_(std::move(make_trace_id)) {
    replace_rules(std::move(rules));
  }

  Report evaluate(SnapshotPtr snapshot, Now now);
  void replace_rules(std::vector<AlertRule> rules);
  void forget_cluster(const Symbol& cluster);
  [[nodiscard]] std::optional<SteadyTime> next_deadline() const { return deadline_; }

 private:
  // One rule and its alerts on every cluster.
  struct Watched {
    explicit Watched(AlertRule rule, size_t order) : entry(std::move(rule), order) {}
    RuleEntry entry;
    std::map<Symbol, RuleWatch> clusters;
  };

  void judge(Watched& watched, std::span<ClusterView> views, Now now, AlertEvents& events);
  [[nodiscard]] std::vector<Alert> list_alerts(bool relisted);
  [[nodiscard]] std::optional<SteadyTime> find_deadline(SteadyTime now) const;

  std::vector<std::unique_ptr<Watched>> rules_;
  std::vector<std::unique_ptr<Watched>> removed_;  // until the end of their alerts was told
  AlertEvents pending_;                            // what happened between two evaluations
  IncidentBook book_;
  std::vector<const LiveAlert*> listed_;  // in the report's order
  std::optional<SteadyTime> deadline_;
};

Report Engine::Impl::evaluate(SnapshotPtr snapshot, Now now) {
  Report report;
  report.at = now;
  std::vector<ClusterView> views;
  if (snapshot != nullptr) views = views_of(*snapshot);
  AlertEvents events = std::move(pending_);
  pending_ = {};
  for (const auto& watched : rules_) judge(*watched, views, now, events);
  const bool relisted = events.relisted;
  report.transitions = book_.update(std::move(events), views, now);
  removed_.clear();
  report.alerts = list_alerts(relisted);
  report.incidents = book_.open();
  report.snapshot = std::move(snapshot);
  deadline_ = find_deadline(now.steady);
  return report;
}

void Engine::Impl::replace_rules(std::vector<AlertRule> rules) {
  std::vector<std::unique_ptr<Watched>> before = std::move(rules_);
  rules_.clear();
  for (AlertRule& rule : rules) {
    const auto same = std::find_if(before.begin(), before.end(), [&](const auto& watched) {
      if (watched == nullptr || watched->entry.rule.name != rule.name) return false;
      const AlertRule& former = watched->entry.rule;
      return subject_dimensions(*former.when.left, former) ==
             subject_dimensions(*rule.when.left, rule);
    });
    if (same == before.end()) {
      rules_.push_back(std::make_unique<Watched>(std::move(rule), rules_.size()));
      continue;
    }
    (*same)->entry = RuleEntry(std::move(rule), rules_.size());
    for (auto& [cluster, watch] : (*same)->clusters) watch.rule_changed(pending_);
    rules_.push_back(std::move(*same));
  }
  for (auto& watched : before) {
    if (watched == nullptr) continue;
    for (auto& [cluster, watch] : watched->clusters) watch.end_all(pending_, kRuleRemoved);
    removed_.push_back(std::move(watched));
  }
  deadline_ = SteadyTime::min();  // at once
}

void Engine::Impl::forget_cluster(const Symbol& cluster) {
  for (const auto& watched : rules_) {
    const auto found = watched->clusters.find(cluster);
    if (found == watched->clusters.end()) continue;
    found->second.end_all(pending_, kClusterRemoved);
    watched->clusters.erase(found);
  }
  deadline_ = SteadyTime::min();  // at once
}

void Engine::Impl::judge(Watched& watched, std::span<ClusterView> views, Now now,
                         AlertEvents& events) {
  for (ClusterView& view : views) {
    const auto found =
        watched.clusters.try_emplace(view.cluster(), watched.entry, view.cluster()).first;
    found->second.evaluate(view, now, events);
  }
  if (watched.clusters.size() == views.size()) return;
  for (auto& [cluster, watch] : watched.clusters) {
    const bool seen = std::any_of(views.begin(), views.end(), [&](const ClusterView& view) {
      return view.cluster() == cluster;
    });
    if (!seen) watch.freeze();
  }
}

std::vector<Alert> Engine::Impl::list_alerts(bool relisted) {
  if (relisted) {
    listed_.clear();
    for (const auto& watched : rules_) {
      for (const auto& [cluster, watch] : watched->clusters)
        watch.for_each_alert([&](const LiveAlert& alert) { listed_.push_back(&alert); });
    }
    std::sort(listed_.begin(), listed_.end(), listed_before);
  }
  std::vector<Alert> alerts;
  alerts.reserve(listed_.size());
  for (const LiveAlert* alert : listed_) alerts.push_back(alert->alert);
  return alerts;
}

std::optional<SteadyTime> Engine::Impl::find_deadline(SteadyTime now) const {
  std::optional<SteadyTime> earliest = book_.next_deadline(now);
  for (const auto& watched : rules_) {
    for (const auto& [cluster, watch] : watched->clusters) {
      const auto deadline = watch.next_deadline();
      if (deadline && (!earliest || *deadline < *earliest)) earliest = deadline;
    }
  }
  return earliest;
}

Engine::Engine(std::vector<AlertRule> rules, MakeTraceId make_trace_id)
    : impl_(std::make_unique<Impl>(std::move(rules), std::move(make_trace_id))) {}

Engine::~Engine() = default;

Report Engine::evaluate(SnapshotPtr snapshot, Now now) {
  return impl_->evaluate(std::move(snapshot), now);
}

std::optional<SteadyTime> Engine::next_deadline() const {
  return impl_->next_deadline();
}

void Engine::replace_rules(std::vector<AlertRule> rules) {
  impl_->replace_rules(std::move(rules));
}

void Engine::forget_cluster(const Symbol& cluster) {
  impl_->forget_cluster(cluster);
}

}  // namespace highwater::rules
