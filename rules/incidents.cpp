#include "rules/incidents.h"

#include <algorithm>
#include <tuple>

namespace highwater::rules {
namespace {

using std::chrono::seconds;

constexpr size_t kManyAtOnce = 10;            // more incidents of one rule than this become one
constexpr Duration kGathering = seconds(60);  // ... which takes further ones for this long
constexpr std::string_view kCauseEnded = "the cause ended";

bool comes_first(const Newcomer& a, const Newcomer& b) {
  const LiveAlert& left = *a.alert;
  const LiveAlert& right = *b.alert;
  if (left.alert.severity != right.alert.severity)
    return left.alert.severity > right.alert.severity;
  if (left.rule->order != right.rule->order) return left.rule->order < right.rule->order;
  return left.alert.entity < right.alert.entity;
}

}  // namespace

std::vector<Transition> IncidentBook::update(AlertEvents events, std::span<ClusterView> clusters,
                                             Now now, const VisitAlerts& visit_alerts) {
  told_.clear();
  take_ended(events.ended, now);
  std::vector<Newcomer> newcomers = take_back(events.fired);
  close(now, visit_alerts, &newcomers);
  causes_.follow(clusters, incidents_);
  if (!newcomers.empty()) {
    settle(std::move(newcomers), now);
    // What an incident waited for may have found its place elsewhere.
    close(now, visit_alerts, nullptr);
  }
  for (auto& [id, incident] : incidents_) {
    incident->refresh(now.steady);
    if (incident->update_due(now.steady)) tell(TransitionKind::updated, *incident, now);
  }
  return std::move(told_);
}

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
    const AlertKey key{Symbol(entry.shown.cause.rule), entry.shown.cause.entity};
    const auto cause = entry.cause_ended ? alerts.end() : alerts.find(key);
    const bool stands = cause != alerts.end() && cause->second->alert.incident == id;
    auto incident = std::make_unique<OpenIncident>(entry, stands ? cause->second : nullptr, now);
    for (const auto& [of, alert] : alerts) {
      if (alert->alert.incident == id && !(stands && alert == cause->second))
        incident->add_evidence(*alert);
    }
    incident->settle_restored(entry);
    incidents_[id] = std::move(incident);
    last_id_ = std::max(last_id_, id);
  }
}

std::vector<Incident> IncidentBook::open() const {
  std::vector<const OpenIncident*> order;
  for (const auto& [id, incident] : incidents_) order.push_back(incident.get());
  std::stable_sort(order.begin(), order.end(), [](const OpenIncident* a, const OpenIncident* b) {
    return a->severity() > b->severity();
  });
  std::vector<Incident> shown;
  shown.reserve(order.size());
  for (const OpenIncident* incident : order) shown.push_back(incident->shown());
  return shown;
}

std::optional<SteadyTime> IncidentBook::next_deadline(SteadyTime now) const {
  std::optional<SteadyTime> earliest;
  for (const auto& [id, incident] : incidents_) {
    const auto deadline = incident->next_deadline(now);
    if (deadline && (!earliest || *deadline < *earliest)) earliest = deadline;
  }
  return earliest;
}

void IncidentBook::take_ended(const std::vector<EndedAlert>& ended, Now now) {
  for (const EndedAlert& end : ended) {
    const auto found = incidents_.find(end.alert->alert.incident);
    if (found == incidents_.end()) continue;
    OpenIncident& incident = *found->second;
    if (incident.cause() == end.alert.get())
      incident.cause_ended(*end.alert, end.resolution, now);
    else
      incident.evidence_ended(*end.alert, now);
  }
}

std::vector<Newcomer> IncidentBook::take_back(const std::vector<FiredAlert>& fired) {
  std::unordered_map<AlertKey, OpenIncident*, HashAlertKey> without_cause;
  for (auto& [id, incident] : incidents_) {
    if (incident->cause() == nullptr) without_cause.emplace(incident->cause_key(), incident.get());
  }
  std::vector<Newcomer> newcomers;
  for (const FiredAlert& alert : fired) {
    const auto found = without_cause.find(key_of(*alert.alert));
    if (found != without_cause.end())
      found->second->cause_returned(*alert.alert);
    else
      newcomers.push_back({alert.alert, alert.revealed_by, 0, {}});
  }
  return newcomers;
}

void IncidentBook::close(Now now, const VisitAlerts& visit_alerts,
                         std::vector<Newcomer>* newcomers) {
  for (auto it = incidents_.begin(); it != incidents_.end();) {
    OpenIncident& incident = *it->second;
    const OpenIncident::End end = incident.end_at(now.steady);
    const bool outlived = end == OpenIncident::End::outlived;
    const bool stays = end == OpenIncident::End::none || (outlived && newcomers == nullptr) ||
                       (!outlived && awaits_evidence(incident, visit_alerts, now.steady));
    if (stays) {
      ++it;
      continue;
    }
    incident.refresh(now.steady);
    tell(TransitionKind::resolved, incident, now,
         outlived ? std::string(kCauseEnded) : incident.cause_resolution());
    for (LiveAlert* alert : incident.standing())
      newcomers->push_back({alert, nullptr, incident.id(), incident.shown().correlation});
    it = incidents_.erase(it);
  }
}

bool IncidentBook::awaits_evidence(const OpenIncident& incident, const VisitAlerts& visit_alerts,
                                   SteadyTime now) {
  const SteadyTime ended = *incident.cause_ended_at();
  const SteadyTime until = ended + kEvidenceOutlives;
  if (now >= until) return false;
  bool found = false;
  visit_alerts([&](const LiveAlert& alert) {
    // Those that fire at this moment have no incident yet either.
    if (found || alert.alert.incident != 0 || alert.cluster != incident.cluster()) return;
    const bool soon = alert.active_since < ended && alert.active_since + alert.rule->hold < until;
    found = soon && alert.alert.severity != Severity::info && causes_.explained(incident, alert);
  });
  return found;
}

void IncidentBook::settle(std::vector<Newcomer> newcomers, Now now) {
  std::sort(newcomers.begin(), newcomers.end(), comes_first);
  Causes::Placement placement = causes_.place(newcomers, incidents_, now.steady);
  std::vector<Place>& places = placement.places;
  std::vector<size_t> massed;
  gather(newcomers, placement, now.steady, massed);

  std::map<size_t, OpenIncident*> opened;  // by root
  for (size_t i = 0; i < newcomers.size(); ++i) {
    if (places[i].incident == 0 && places[i].root == i)
      opened.emplace(i, &open_for(newcomers[i], now));
  }
  for (const size_t root : massed) {
    opened.at(root)->make_peers();
    if (newcomers[root].former == 0) opened.at(root)->gather_until(now.steady + kGathering);
  }
  const std::vector<Absorbed> absorbed = absorb(placement, opened, now);
  for (size_t i = 0; i < newcomers.size(); ++i) {
    if (places[i].incident == 0 && places[i].root == i) continue;
    const auto by = std::find_if(absorbed.begin(), absorbed.end(), [&](const Absorbed& entry) {
      return entry.incident->id() == places[i].incident;
    });
    OpenIncident& incident = by != absorbed.end()      ? *by->into
                             : places[i].incident != 0 ? *incidents_.at(places[i].incident)
                                                       : *opened.at(places[i].root);
    incident.add_evidence(*newcomers[i].alert);
  }
  for (const auto& [root, incident] : opened) {
    incident->refresh(now.steady);
    causes_.opened(*incident);
    tell(TransitionKind::opened, *incident, now, {}, newcomers[root].revealed_by);
  }
  for (const Absorbed& entry : absorbed) {
    const Alert& cause = entry.into->shown().cause;
    tell(TransitionKind::resolved, *entry.incident, now,
         "explained by " + cause.rule + " " + cause.entity.text());
  }
}

// Incidents whose cause turned out to have a cause itself: all that stands of them becomes its
// evidence.
std::vector<IncidentBook::Absorbed> IncidentBook::absorb(
    const Causes::Placement& placement, const std::map<size_t, OpenIncident*>& opened, Now now) {
  std::vector<Absorbed> absorbed;
  for (const auto& [id, newcomer] : placement.absorbed) {
    const Place& place = placement.places[newcomer];
    OpenIncident* into =
        place.incident != 0 ? incidents_.at(place.incident).get() : opened.at(place.root);
    const auto found = incidents_.find(id);
    if (into == found->second.get()) continue;
    OpenIncident& incident = *found->second;
    incident.refresh(now.steady);
    into->add_evidence(*incident.cause());
    for (LiveAlert* alert : incident.standing()) into->add_evidence(*alert);
    absorbed.push_back({std::move(found->second), into});
    incidents_.erase(found);
  }
  return absorbed;
}

// Many roots of one rule become one. Afterwards a place's root is a newcomer that opens an
// incident.
void IncidentBook::gather(std::span<const Newcomer> newcomers, Causes::Placement& placement,
                          SteadyTime now, std::vector<size_t>& massed) const {
  std::vector<Place>& places = placement.places;
  struct Peers {
    uint64_t gathering = 0;  // an open incident that takes them
    std::vector<size_t> roots;
  };
  // By cluster, rule, and the incident whose evidence they were.
  std::map<std::tuple<Symbol, Symbol, uint64_t>, Peers> peers;
  for (const auto& [id, incident] : incidents_) {
    const bool absorbed = std::any_of(
        placement.absorbed.begin(), placement.absorbed.end(),
        [&, absorbed_id = id](const auto& entry) { return entry.first == absorbed_id; });
    if (incident->gathers(now) && !absorbed)
      peers[{incident->cluster(), incident->cause_key().rule, 0}].gathering = id;
  }
  for (size_t i = 0; i < newcomers.size(); ++i) {
    const LiveAlert& alert = *newcomers[i].alert;
    const bool alone = alert.rule->aggregated && newcomers[i].former == 0;
    if (places[i].incident == 0 && places[i].root == i && !alone)
      peers[{alert.cluster, alert.rule->name, newcomers[i].former}].roots.push_back(i);
  }
  std::vector<Place> moved(newcomers.size());
  for (size_t i = 0; i < newcomers.size(); ++i) moved[i] = {0, i};
  for (const auto& [key, group] : peers) {
    const bool former = std::get<2>(key) != 0;
    if (group.roots.empty()) continue;
    if (group.gathering == 0 && !former && group.roots.size() <= kManyAtOnce) continue;
    for (const size_t root : group.roots) moved[root] = {group.gathering, group.roots.front()};
    if (group.gathering == 0) massed.push_back(group.roots.front());
  }
  for (Place& place : places) {
    if (place.incident == 0) place = moved[place.root];
  }
}

OpenIncident& IncidentBook::open_for(const Newcomer& newcomer, Now now) {
  const uint64_t id = ++last_id_;
  auto incident = std::make_unique<OpenIncident>(id, make_trace_id_(), *newcomer.alert, now);
  incident->set_former(newcomer.former, newcomer.former_correlation);
  return *incidents_.emplace(id, std::move(incident)).first->second;
}

void IncidentBook::tell(TransitionKind kind, OpenIncident& incident, Now now,
                        std::string resolution, ObservationPtr revealed_by) {
  incident.sent(now, kind == TransitionKind::updated);
  told_.push_back(
      {++last_sequence_, kind, incident.shown(), std::move(resolution), std::move(revealed_by)});
}

}  // namespace highwater::rules
