// How the engine's state survives a restart.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "agent/core/report_json.h"
#include "rules/engine_impl.h"
#include "rules/state.h"

namespace highwater::rules {
namespace {

SavedAlert saved(const LiveAlert& live, size_t tier, HeldRows held_rows, Now now) {
  // What is more than enough is not written again each minute.
  SavedAlert alert{live.alert,           std::min(live.held(now.steady), live.rule->hold),
                   std::nullopt,         tier,
                   std::move(held_rows), live.past,
                   to_wall(live.onset, now), to_wall(live.not_before, now)};
  if (live.clear_since) alert.cleared = live.cleared(now.steady);
  return alert;
}

StateKey state_key(const Symbol& rule, const Entity& entity) {
  return {rule.text(), entity};
}

}  // namespace

std::vector<StateRecord> Engine::Impl::state(Now now, bool budgets) const {
  std::vector<StateRecord> records;
  const auto add = [&](std::string_view kind, std::string key, std::string value) {
    records.push_back({std::string(kind), std::move(key), std::move(value)});
  };
  const auto add_alert = [&](const LiveAlert& live, size_t tier, HeldRows held_rows) {
    add(kAlertKind, encode_key(state_key(live.rule->name, live.alert.entity)),
        encode_saved(saved(live, tier, std::move(held_rows), now)));
  };
  for (const auto& watched : rules_) {
    for (const auto& [cluster, watch] : watched->clusters)
      watch.for_each_kept([&](const LiveAlert& live, HeldRows held_rows) {
        add_alert(live, 0, std::move(held_rows));
      });
  }
  for (const auto& watched : slos_) {
    for (const auto& [cluster, watch] : watched->clusters) {
      watch.for_each_kept([&](const Budget& budget) {
        if (budget.alert != nullptr) add_alert(*budget.alert, budget.tier, {});
        // An alert does not outlive a budget that is a minute older than it.
        if (budgets || budget.alert != nullptr)
          add(kBudgetKind, encode_key(state_key(watched->entry.name, budget.entity)),
              encode_saved(budget));
      });
    }
  }
  for (const SavedIncident& incident : book_.save(now))
    add(kIncidentKind, std::to_string(incident.shown.id), encode_saved(incident));
  add_ended(records);
  add(kCounterKind, "last", encode_saved(book_.counters()));
  return records;
}

// There may be a thousand of them with each state: each is encoded once.
void Engine::Impl::add_ended(std::vector<StateRecord>& records) const {
  std::unordered_map<uint64_t, std::string> kept;
  for (const IncidentPtr& ended : *book_.history()) {
    auto known = ended_records_.extract(ended->id);
    std::string& record = kept[ended->id];
    record = known.empty() ? encode_incident(*ended) : std::move(known.mapped());
    records.push_back({std::string(kEndedKind), std::to_string(ended->id), record});
  }
  ended_records_ = std::move(kept);
}

// Takes records over one after the other, and puts together what belongs together.
class Engine::Impl::Restoring {
 public:
  Restoring(Impl& engine, Now now) : engine_(engine), now_(now) {}

  std::vector<std::string> run(std::span<const StateRecord> records);

 private:
  void read(const StateRecord& record);
  void read_alert(const StateRecord& record);
  void read_budget(const StateRecord& record);
  void hand_over_alerts();
  void leave_out(const StateRecord& record, const std::string& why) {
    problems_.push_back(fmt::format("{} {} is left out: {}", record.kind, record.key, why));
  }

  struct Found {
    SavedAlert saved;
    std::unique_ptr<LiveAlert> live;
  };

  Impl& engine_;
  const Now now_;
  std::vector<std::string> problems_;
  std::vector<Found> alerts_;
  std::vector<SavedIncident> incidents_;
  std::vector<IncidentPtr> history_;
  SavedCounters counters_;
};

std::vector<std::string> Engine::Impl::Restoring::run(std::span<const StateRecord> records) {
  for (const StateRecord& record : records) read(record);
  std::ranges::sort(incidents_, {}, [](const SavedIncident& saved) { return saved.shown.id; });
  // A firing alert whose incident was lost begins again, so that people hear of it.
  for (Found& found : alerts_) {
    Alert& alert = found.live->alert;
    const bool open = std::ranges::any_of(incidents_, [&](const SavedIncident& incident) {
      return incident.shown.id == alert.incident;
    });
    if (open) continue;
    alert.incident = 0;
    alert.state = AlertState::pending;
  }
  IncidentBook::AlertsByKey by_key;
  for (const Found& found : alerts_) {
    if (found.live->alert.state == AlertState::firing)
      by_key.emplace(key_of(*found.live), found.live.get());
  }
  engine_.book_.restore(incidents_, counters_, by_key, now_);
  engine_.book_.restore_history(std::move(history_));
  hand_over_alerts();
  engine_.pending_.relisted = true;
  return std::move(problems_);
}

void Engine::Impl::Restoring::read(const StateRecord& record) {
  if (record.kind == kAlertKind) return read_alert(record);
  if (record.kind == kBudgetKind) return read_budget(record);
  if (record.kind == kIncidentKind) {
    Result<SavedIncident> saved = decode_saved_incident(record.value);
    if (!saved) return leave_out(record, saved.error().message);
    incidents_.push_back(std::move(*saved));
  }
  if (record.kind == kEndedKind) {
    Result<Incident> ended = decode_incident(record.value);
    if (!ended) return leave_out(record, ended.error().message);
    if (ended->ended) history_.push_back(std::make_shared<const Incident>(std::move(*ended)));
  }
  if (record.kind == kCounterKind) {
    const Result<SavedCounters> saved = decode_saved_counters(record.value);
    if (!saved) return leave_out(record, saved.error().message);
    counters_ = *saved;
  }
}

void Engine::Impl::Restoring::read_alert(const StateRecord& record) {
  Result<SavedAlert> saved = decode_saved_alert(record.value);
  if (!saved) return leave_out(record, saved.error().message);
  const Alert& alert = saved->alert;
  const Watched* const rule = engine_.find_rule(alert.rule);
  const WatchedSlo* const slo = engine_.find_slo(alert.rule);
  if (rule == nullptr && slo == nullptr) return leave_out(record, "there is no such rule any more");
  auto live = std::make_unique<LiveAlert>();
  live->rule = rule != nullptr ? static_cast<const RuleIdentity*>(&rule->entry) : &slo->entry;
  live->alert = alert;
  live->cluster = alert.entity.label("cluster");
  live->entity_text = alert.entity.text();
  live->held_rows = std::move(saved->held_rows);
  live->past = saved->past;
  // Nothing was known while the agent was away.
  live->counts_from = now_.steady - saved->held;
  live->active_since = std::min(to_steady(alert.active_since, now_), live->counts_from);
  if (saved->cleared) live->clear_since = now_.steady - *saved->cleared;
  if (saved->onset && saved->not_before) {
    live->onset = to_steady(*saved->onset, now_);
    live->not_before = to_steady(*saved->not_before, now_);
  } else {
    set_onset(*live, to_steady(alert.active_since, now_), kSeenAtLeastEvery);
  }
  alerts_.push_back({std::move(*saved), std::move(live)});
}

void Engine::Impl::Restoring::read_budget(const StateRecord& record) {
  const Result<StateKey> key = decode_key(record.key);
  if (!key) return leave_out(record, key.error().message);
  WatchedSlo* const slo = engine_.find_slo(key->rule);
  if (slo == nullptr) return;  // an SLO that was removed leaves its budgets behind
  Result<std::unique_ptr<Budget>> budget = decode_saved_budget(key->entity, record.value);
  if (!budget) return leave_out(record, budget.error().message);
  const Symbol cluster = key->entity.label("cluster");
  slo->clusters.try_emplace(cluster, slo->entry, cluster).first->second.restore(std::move(*budget));
}

void Engine::Impl::Restoring::hand_over_alerts() {
  for (Found& found : alerts_) {
    const Symbol cluster = found.live->cluster;
    const std::string name = found.live->alert.rule;
    if (Watched* const rule = engine_.find_rule(name)) {
      rule->clusters.try_emplace(cluster, rule->entry, cluster)
          .first->second.restore(std::move(found.live), now_.steady);
    } else if (found.live->alert.state == AlertState::firing) {
      WatchedSlo* const slo = engine_.find_slo(name);
      slo->clusters.try_emplace(cluster, slo->entry, cluster)
          .first->second.restore(std::move(found.live), found.saved.tier, now_);
    }
  }
}

std::vector<std::string> Engine::Impl::restore(std::span<const StateRecord> records, Now now) {
  return Restoring(*this, now).run(records);
}

std::vector<std::string> Engine::Impl::adopt(std::span<const StateRecord> records) {
  std::vector<std::string> problems;
  const auto leave_out = [&](const StateRecord& record, const std::string& why) {
    problems.push_back(fmt::format("{} {} is left out: {}", record.kind, record.key, why));
  };
  for (const StateRecord& record : records) {
    if (record.kind == kCounterKind) {
      const Result<SavedCounters> saved = decode_saved_counters(record.value);
      if (saved)
        book_.raise(*saved);
      else
        leave_out(record, saved.error().message);
    }
    if (record.kind != kBudgetKind) continue;
    const Result<StateKey> key = decode_key(record.key);
    if (!key) {
      leave_out(record, key.error().message);
      continue;
    }
    WatchedSlo* const slo = find_slo(key->rule);
    if (slo == nullptr) continue;  // an SLO that was removed leaves its budgets behind
    Result<std::unique_ptr<Budget>> budget = decode_saved_budget(key->entity, record.value);
    if (!budget) {
      leave_out(record, budget.error().message);
      continue;
    }
    const Symbol cluster = key->entity.label("cluster");
    slo->clusters.try_emplace(cluster, slo->entry, cluster).first->second.adopt(std::move(*budget));
  }
  return problems;
}

Engine::Impl::Watched* Engine::Impl::find_rule(std::string_view name) {
  const auto found = std::ranges::find_if(
      rules_, [&](const auto& watched) { return watched->entry.rule.name == name; });
  return found == rules_.end() ? nullptr : found->get();
}

Engine::Impl::WatchedSlo* Engine::Impl::find_slo(std::string_view name) {
  const auto found = std::ranges::find_if(
      slos_, [&](const auto& watched) { return watched->entry.rule.name == name; });
  return found == slos_.end() ? nullptr : found->get();
}

}  // namespace highwater::rules
