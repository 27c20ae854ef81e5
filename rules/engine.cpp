#include <algorithm>
#include <set>

#include "rules/engine_impl.h"

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

// What the agent says of itself has no budgets.
bool is_agent(const ClusterView& view) {
  return view.observations().front()->part == kAgentPart;
}

bool same_source(const SliSource& a, const SliSource& b) {
  return a.measure == b.measure &&
         subject_dimensions(*a.measure, a.scope) == subject_dimensions(*b.measure, b.scope);
}

// Whether what was counted for one SLO holds for the other.
bool same_budgets(const SloRule& a, const SloRule& b) {
  if (a.name != b.name || a.sli.is_events() != b.sli.is_events()) return false;
  if (a.sli.all_of != b.sli.all_of) return false;
  if (a.sli.is_composite()) return subject_dimensions(a) == subject_dimensions(b);
  if (!same_source(a.sli.first, b.sli.first)) return false;
  return !a.sli.is_events() ||
         (same_source(*a.sli.total, *b.sli.total) && a.sli.first_is_good == b.sli.first_is_good);
}

}  // namespace

Report Engine::Impl::evaluate(SnapshotPtr snapshot, Now now) {
  Report report;
  report.at = now;
  std::vector<ClusterView> views;
  if (snapshot != nullptr) views = views_of(*snapshot);
  AlertEvents events = std::move(pending_);
  pending_ = {};
  snapshot = judge_slos(views, std::move(snapshot), now, events);
  for (const auto& watched : rules_) judge(*watched, views, now, events);
  const bool relisted = events.relisted;
  report.transitions = book_.update(std::move(events), views, now, [this](const auto& visit) {
    for (const auto& watched : rules_) {
      for (const auto& [cluster, watch] : watched->clusters) watch.for_each_alert(visit);
    }
  });
  removed_.clear();
  removed_slos_.clear();
  report.alerts = list_alerts(relisted);
  report.incidents = book_.open();
  report.history = book_.history();
  report.snapshot = std::move(snapshot);
  deadline_ = find_deadline(now.steady);
  return report;
}

SnapshotPtr Engine::Impl::judge_slos(std::span<ClusterView> views, SnapshotPtr snapshot, Now now,
                                     AlertEvents& events) {
  if (slos_.empty() || snapshot == nullptr) return snapshot;
  const size_t changes = events.fired.size() + events.ended.size();
  for (ClusterView& view : views) {
    if (is_agent(view)) continue;
    for (WatchedSlo* const slo : judged_slos_) judge_slo(*slo, view, now, events);
  }
  for (const auto& slo : slos_) {
    if (slo->entry.rule.during == nullptr) continue;
    for (auto& [cluster, watch] : slo->clusters) watch.keep_hours(now, events);
  }
  const bool urgent = events.fired.size() + events.ended.size() != changes;
  auto extended = std::make_shared<Snapshot>(*snapshot);
  for (ClusterView& view : views) {
    if (is_agent(view)) continue;
    std::vector<const SloWatch*> watches;
    for (const auto& slo : slos_) {
      const auto found = slo->clusters.find(view.cluster());
      if (found != slo->clusters.end()) watches.push_back(&found->second);
    }
    ObservationPtr said = slo_tables_[view.cluster()].observe(watches, view.cluster(), now, urgent);
    if (said == nullptr) continue;
    extended->observations[{view.cluster(), kSloPart}] = said;
    view.add(std::move(said));
  }
  return extended;
}

void Engine::Impl::judge_slo(WatchedSlo& slo, ClusterView& view, Now now, AlertEvents& events) {
  if (!slo.parts.empty()) {
    std::vector<const SloWatch*> parts;
    for (const WatchedSlo* const part : slo.parts) {
      const auto found = part->clusters.find(view.cluster());
      parts.push_back(found == part->clusters.end() ? nullptr : &found->second);
    }
    ObservationPtr states =
        slo.sources[view.cluster()].observe(slo.entry.rule, view.cluster(), parts);
    if (states != nullptr) view.add(std::move(states));
  }
  slo.clusters.try_emplace(view.cluster(), slo.entry, view.cluster())
      .first->second.evaluate(view, now, events);
}

void Engine::Impl::replace_rules(RuleSet rules) {
  watch_first_ = std::move(rules.watch_first);
  book_.set_owners(std::move(rules.owners));
  replace_alerts(std::move(rules.alerts));
  replace_slos(std::move(rules.slos), rules.exclusions);
  deadline_ = SteadyTime::min();  // at once
}

WatchFirst Engine::Impl::watch_first_of(const Measure* measure) const {
  const auto found = std::ranges::find(watch_first_, measure, &WatchFirst::measure);
  return found == watch_first_.end() ? WatchFirst{} : *found;
}

void Engine::Impl::replace_slos(std::vector<SloRule> slos, const ExclusionsPtr& exclusions) {
  std::vector<std::unique_ptr<WatchedSlo>> before = std::move(slos_);
  slos_.clear();
  for (SloRule& rule : slos) {
    const size_t order = rules_.size() + slos_.size();
    const auto same = std::find_if(before.begin(), before.end(), [&](const auto& watched) {
      return watched != nullptr && same_budgets(watched->entry.rule, rule);
    });
    if (same == before.end()) {
      slos_.push_back(std::make_unique<WatchedSlo>(std::move(rule), order));
      slos_.back()->entry.watch_first = watch_first_of(slos_.back()->entry.measure);
      continue;
    }
    (*same)->entry = SloEntry(std::move(rule), order);
    (*same)->sources.clear();
    (*same)->entry.watch_first = watch_first_of((*same)->entry.measure);
    for (auto& [cluster, watch] : (*same)->clusters) watch.rule_changed(pending_);
    slos_.push_back(std::move(*same));
  }
  for (auto& watched : before) {
    if (watched == nullptr) continue;
    for (auto& [cluster, watch] : watched->clusters) watch.end_all(pending_, kRuleRemoved);
    removed_slos_.push_back(std::move(watched));
  }
  for (const auto& slo : slos_) slo->entry.exclusions = exclusions;
  order_slos();
}

// The loader has made sure that all parts are there and that none is part of itself.
void Engine::Impl::order_slos() {
  judged_slos_.clear();
  for (const auto& slo : slos_) {
    slo->parts.clear();
    for (const std::string& name : slo->entry.rule.sli.all_of) slo->parts.push_back(find_slo(name));
    std::erase(slo->parts, nullptr);
  }
  while (judged_slos_.size() < slos_.size()) {
    const size_t before = judged_slos_.size();
    const auto is_judged = [&](const WatchedSlo* slo) {
      return std::ranges::find(judged_slos_, slo) != judged_slos_.end();
    };
    for (const auto& slo : slos_) {
      if (!is_judged(slo.get()) && std::ranges::all_of(slo->parts, is_judged))
        judged_slos_.push_back(slo.get());
    }
    if (judged_slos_.size() == before) return;
  }
}

void Engine::Impl::replace_alerts(std::vector<AlertRule> rules) {
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
      rules_.back()->entry.watch_first = watch_first_of(rules_.back()->entry.measure);
      continue;
    }
    (*same)->entry = RuleEntry(std::move(rule), rules_.size());
    (*same)->entry.watch_first = watch_first_of((*same)->entry.measure);
    for (auto& [cluster, watch] : (*same)->clusters) watch.rule_changed(pending_);
    rules_.push_back(std::move(*same));
  }
  for (auto& watched : before) {
    if (watched == nullptr) continue;
    for (auto& [cluster, watch] : watched->clusters) watch.end_all(pending_, kRuleRemoved);
    removed_.push_back(std::move(watched));
  }
}

std::vector<Symbol> Engine::Impl::clusters() const {
  std::set<Symbol> all;
  for (const auto& watched : rules_) {
    for (const auto& [cluster, watch] : watched->clusters) all.insert(cluster);
  }
  for (const auto& slo : slos_) {
    for (const auto& [cluster, watch] : slo->clusters) all.insert(cluster);
  }
  return {all.begin(), all.end()};
}

void Engine::Impl::forget_cluster(const Symbol& cluster) {
  for (const auto& watched : rules_) {
    const auto found = watched->clusters.find(cluster);
    if (found == watched->clusters.end()) continue;
    found->second.end_all(pending_, kClusterRemoved);
    watched->clusters.erase(found);
  }
  for (const auto& slo : slos_) {
    const auto found = slo->clusters.find(cluster);
    if (found == slo->clusters.end()) continue;
    found->second.end_all(pending_, kClusterRemoved);
    slo->clusters.erase(found);
    slo->sources.erase(cluster);
  }
  slo_tables_.erase(cluster);
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
    if (!seen) watch.freeze(now, events);
  }
}

std::vector<Alert> Engine::Impl::list_alerts(bool relisted) {
  if (relisted) {
    listed_.clear();
    for (const auto& watched : rules_) {
      for (const auto& [cluster, watch] : watched->clusters)
        watch.for_each_alert([&](const LiveAlert& alert) { listed_.push_back(&alert); });
    }
    for (const auto& slo : slos_) {
      for (const auto& [cluster, watch] : slo->clusters)
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
  const auto consider = [&](const std::optional<SteadyTime>& deadline) {
    if (deadline && (!earliest || *deadline < *earliest)) earliest = deadline;
  };
  for (const auto& watched : rules_) {
    for (const auto& [cluster, watch] : watched->clusters) {
      consider(watch.next_deadline());
    }
  }
  for (const auto& slo : slos_) {
    for (const auto& [cluster, watch] : slo->clusters) consider(watch.next_deadline());
  }
  return earliest;
}

Engine::Engine(RuleSet rules, MakeTraceId make_trace_id)
    : impl_(std::make_unique<Impl>(std::move(rules), std::move(make_trace_id))) {}

Engine::~Engine() = default;

Report Engine::evaluate(SnapshotPtr snapshot, Now now) {
  return impl_->evaluate(std::move(snapshot), now);
}

std::optional<SteadyTime> Engine::next_deadline() const {
  return impl_->next_deadline();
}

void Engine::replace_rules(RuleSet rules) {
  impl_->replace_rules(std::move(rules));
}

void Engine::correlate(Correlate correlate) {
  impl_->correlate(std::move(correlate));
}

std::vector<StateRecord> Engine::state(Now now, bool budgets) const {
  return impl_->state(now, budgets);
}

std::vector<Incident> Engine::open_incidents() const {
  return impl_->open_incidents();
}

ExplainAnswer Engine::explain(const ExplainQuestion& question, Now now) const {
  return impl_->explain(question, now);
}

std::vector<std::string> Engine::restore(std::span<const StateRecord> records, Now now) {
  return impl_->restore(records, now);
}

std::vector<std::string> Engine::adopt(std::span<const StateRecord> records) {
  return impl_->adopt(records);
}

std::vector<Symbol> Engine::clusters() const {
  return impl_->clusters();
}
void Engine::forget_cluster(const Symbol& cluster) {
  impl_->forget_cluster(cluster);
}

}  // namespace highwater::rules
