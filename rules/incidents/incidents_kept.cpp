// What outlives an update of the incidents: the open ones over a restart, and those that ended.
#include <algorithm>
#include <tuple>

#include "rules/incidents/incidents.h"

namespace highwater::rules {

std::vector<SavedIncident> IncidentBook::save(Now now) const {
  std::vector<SavedIncident> saved;
  for (const auto& [id, incident] : incidents_) saved.push_back(incident->save(now));
  return saved;
}

void IncidentBook::restore(const std::vector<SavedIncident>& saved, const SavedCounters& counters,
                           const AlertsByKey& alerts, Now now) {
  last_id_ = counters.last_incident;
  last_sequence_ = counters.last_transition;
  for (const SavedIncident& entry : saved) {
    const uint64_t id = entry.shown.id;
    const auto cause = alerts.find(key_of(entry.shown.cause));
    const bool stands = cause != alerts.end() && cause->second->alert.incident == id;
    auto incident = std::make_unique<OpenIncident>(entry, stands ? cause->second : nullptr, now);
    for (const auto& [of, alert] : alerts) {
      if (alert->alert.incident == id && !(stands && alert == cause->second))
        incident->add_evidence(*alert);
    }
    incident->settle_restored(entry);
    incident->set_team(team_of(owners_, entry.shown.cause));
    incidents_[id] = std::move(incident);
    last_id_ = std::max(last_id_, id);
  }
}

void IncidentBook::restore_history(std::vector<IncidentPtr> ended) {
  std::ranges::sort(ended, [](const IncidentPtr& a, const IncidentPtr& b) {
    return std::tuple(*b->ended, b->id) < std::tuple(*a->ended, a->id);
  });
  if (ended.size() > kMaxHistory) ended.resize(kMaxHistory);
  history_ = std::make_shared<const IncidentHistory>(std::move(ended));
}

// The newest first.
void IncidentBook::keep_ended(Now now) {
  if (ended_.empty()) return;
  std::vector<IncidentPtr> ended(ended_.rbegin(), ended_.rend());
  ended_.clear();
  if (ended.size() > kMaxHistory) ended.resize(kMaxHistory);
  for (const IncidentPtr& known : *history_) {
    if (ended.size() < kMaxHistory && *known->ended + kHistoryKept >= now.wall)
      ended.push_back(known);
  }
  history_ = std::make_shared<const IncidentHistory>(std::move(ended));
}

}  // namespace highwater::rules
