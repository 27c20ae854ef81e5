#include "rules/incidents/incidents.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace highwater::rules {
namespace {

using std::chrono::seconds;

constexpr size_t kManyAtOnce = 10;            // more incidents of one rule than this become one
constexpr Duration kGathering = seconds(60);  // ... which takes further ones for this long
constexpr size_t kKeptEvidence = 5;           // of an incident that ended
constexpr std::string_view kCauseEnded = "the cause ended";

// What can be the cause of others comes before them: the cluster, its brokers, its partitions.
bool comes_first(const LiveAlert& left, const LiveAlert& right) {
  const int left_depth = depth(left.rule->traits.fault);
  const int right_depth = depth(right.rule->traits.fault);
  if (left_depth != right_depth) return left_depth < right_depth;
  if (left.alert.severity != right.alert.severity)
    return left.alert.severity > right.alert.severity;
  if (left.rule->order != right.rule->order) return left.rule->order < right.rule->order;
  return left.alert.entity < right.alert.entity;
}

// Faults of the ground that come together are one: brokers of one rack, partitions of one disk.
bool gathers_at_once(const LiveAlert& alert) {
  const FaultTraits& traits = alert.rule->traits;
  return traits.ground && traits.fault != Fault::loss;
}

// Whether an alert of the incident says the same of a part of what this one is about: partition 0
// of the topic is under min ISR, and so the topic's budget burns.
bool says_it_of_a_part(const OpenIncident& incident, const LiveAlert& alert) {
  const auto covers = [&alert](const LiveAlert& other) {
    return other.rule->measure == alert.rule->measure && other.onset <= alert.onset &&
           std::all_of(alert.alert.entity.labels.begin(), alert.alert.entity.labels.end(),
                       [&other](const auto& label) {
                         return other.alert.entity.label(label.first.text()) == label.second;
                       });
  };
  return (incident.cause() != nullptr && covers(*incident.cause())) ||
         incident.any_standing(covers);
}

}  // namespace

std::vector<Transition> IncidentBook::update(AlertEvents events, std::span<ClusterView> clusters,
                                             Now now, const VisitAlerts& visit_alerts) {
  transitions_.clear();
  take_ended(events.ended, now);
  std::vector<Newcomer> newcomers = take_back(events.fired);
  close(now, visit_alerts, &newcomers);
  // What was over when its incident ended, and goes on again.
  for (const Newcomer& left : past_) {
    if (!left.alert->past) newcomers.push_back(left);
  }
  std::erase_if(past_, [](const Newcomer& left) { return !left.alert->past; });
  causes_.follow(clusters, incidents_, now.steady);
  if (!newcomers.empty()) {
    place(std::move(newcomers), now);
    // What an incident waited for may have found its place elsewhere.
    close(now, visit_alerts, nullptr);
  }
  const bool impacts = causes_.version() != impact_version_;
  impact_version_ = causes_.version();
  for (auto& [id, incident] : incidents_) {
    if (impacts) incident->set_impact(causes_.impact_of(*incident));
    incident->refresh(now);
    if (incident->update_due(now.steady)) notify(TransitionKind::updated, *incident, now);
  }
  keep_ended(now);
  return std::move(transitions_);
}

void IncidentBook::set_owners(Owners owners) {
  owners_ = std::move(owners);
  for (auto& [id, incident] : incidents_)
    incident->set_team(team_of(owners_, incident->shown().cause));
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
    std::erase_if(past_, [&](const Newcomer& left) { return left.alert == end.alert.get(); });
    const auto found = incidents_.find(end.alert->alert.incident);
    if (found == incidents_.end()) continue;
    OpenIncident& incident = *found->second;
    if (incident.cause() == end.alert.get())
      incident.cause_ended(*end.alert, end.resolution, now);
    else
      incident.evidence_ended(*end.alert, end.resolution, now);
    causes_.ended(incident, *end.alert, now.steady);
  }
}

std::vector<IncidentBook::Newcomer> IncidentBook::take_back(const std::vector<FiredAlert>& fired) {
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
  std::optional<std::vector<const LiveAlert*>> waiting;
  const auto alerts_that_wait = [&]() -> std::span<const LiveAlert* const> {
    if (waiting) return *waiting;
    waiting.emplace();
    visit_alerts([&](const LiveAlert& alert) {
      // Those that fire at this moment have no incident yet either.
      if (alert.alert.incident == 0 && alert.alert.severity != Severity::info)
        waiting->push_back(&alert);
    });
    return *waiting;
  };
  for (auto it = incidents_.begin(); it != incidents_.end();) {
    OpenIncident& incident = *it->second;
    const OpenIncident::End end = incident.end_at(now.steady);
    const bool outlived = end == OpenIncident::End::outlived;
    const bool stays = end == OpenIncident::End::none || (outlived && newcomers == nullptr) ||
                       (!outlived && awaits_evidence(incident, alerts_that_wait(), now.steady));
    if (stays) {
      ++it;
      continue;
    }
    incident.refresh(now);
    resolve(incident, now, outlived ? std::string(kCauseEnded) : incident.cause_resolution());
    for (LiveAlert* alert : incident.standing()) {
      const Newcomer left{alert, nullptr, incident.id(), incident.shown().correlation};
      if (alert->past)
        past_.push_back(left);
      else
        newcomers->push_back(left);
    }
    it = incidents_.erase(it);
  }
}

bool IncidentBook::awaits_evidence(const OpenIncident& incident,
                                   std::span<const LiveAlert* const> waiting, SteadyTime now) {
  const SteadyTime ended = *incident.cause_ended_at();
  const SteadyTime until = ended + kEvidenceOutlives;
  if (now >= until) return false;
  std::vector<const LiveAlert*> soon;
  for (const LiveAlert* alert : waiting) {
    if (alert->cluster == incident.cluster() && alert->active_since < ended &&
        alert->counts_from + alert->rule->hold < until)
      soon.push_back(alert);
  }
  return causes_.explains_any(incident, soon);
}

// In the order in which one can be the cause of another, so that the order in which alerts arrive
// decides nothing.
void IncidentBook::place(std::vector<Newcomer> newcomers, Now now) {
  std::sort(newcomers.begin(), newcomers.end(),
            [](const Newcomer& a, const Newcomer& b) { return comes_first(*a.alert, *b.alert); });
  std::vector<const LiveAlert*> alerts;
  for (const Newcomer& newcomer : newcomers) alerts.push_back(newcomer.alert);
  causes_.prepare(alerts);
  std::vector<Opened> opened;
  const uint64_t last_before = last_id_;
  for (const Newcomer& newcomer : newcomers) {
    if (!join(newcomer, now) && !join_as_cause(newcomer, last_before, now))
      opened.push_back({&open_for(newcomer, now), &newcomer});
  }
  merge_many(opened, now);
  for (const Opened& entry : opened) {
    link(*entry.incident, *entry.newcomer->alert, now);
    entry.incident->set_impact(causes_.impact_of(*entry.incident));
    entry.incident->refresh(now);
    notify(TransitionKind::opened, *entry.incident, now, entry.newcomer->revealed_by);
  }
}

// As evidence of what explains it or had it before, or beside others of its kind.
bool IncidentBook::join(const Newcomer& newcomer, Now now) {
  LiveAlert& alert = *newcomer.alert;
  OpenIncident* incident = nullptr;
  if (const auto explained = causes_.explained_by(alert))
    incident = incidents_.at(*explained).get();
  else
    incident = former_of(alert);
  if (incident != nullptr) {
    incident->add_evidence(alert);
  } else {
    incident = gathering_of(alert, now.steady);
    if (incident == nullptr || newcomer.former != 0) return false;
    incident->add_cause(alert);
    if (gathers_at_once(alert)) incident->gather_until(now.steady + kGathering);
  }
  causes_.add(*incident, alert, now.steady);
  return true;
}

// As the cause of what it explains, which was seen earlier because it is looked at more often. Of
// several such incidents the oldest goes on.
bool IncidentBook::join_as_cause(const Newcomer& newcomer, uint64_t last_before, Now now) {
  LiveAlert& alert = *newcomer.alert;
  if (alert.alert.severity == Severity::info) return false;
  std::vector<uint64_t> explained = causes_.explains(alert, incidents_, now.steady);
  std::erase_if(explained, [&](uint64_t id) { return id > last_before; });
  if (explained.empty()) return false;
  OpenIncident& oldest = *incidents_.at(explained.front());
  oldest.add_cause(alert);
  causes_.add(oldest, alert, now.steady);
  for (const uint64_t id : std::span(explained).subspan(1)) {
    OpenIncident& other = *incidents_.at(id);
    merge(other, oldest, now);
    resolve(other, now,
            fmt::format("it is part of incident {} now: {}", oldest.id(), alert.alert.summary));
    incidents_.erase(id);
  }
  return true;
}

// The open incident that had the alert as evidence before, or is about a part of it: the most
// severe, then the oldest.
OpenIncident* IncidentBook::former_of(const LiveAlert& alert) {
  const AlertKey key = key_of(alert);
  OpenIncident* best = nullptr;
  for (const auto& [id, incident] : incidents_) {
    if (incident->cluster() != alert.cluster || incident->severity() == Severity::info) continue;
    if (best != nullptr && best->severity() >= incident->severity()) continue;
    if (incident->had_evidence(key) || says_it_of_a_part(*incident, alert)) best = incident.get();
  }
  return best;
}

OpenIncident* IncidentBook::gathering_of(const LiveAlert& alert, SteadyTime now) {
  if (alert.rule->aggregated) return nullptr;
  for (const auto& [id, incident] : incidents_) {
    if (incident->cluster() == alert.cluster && incident->cause_key().rule == alert.rule->name &&
        incident->gathers(now))
      return incident.get();
  }
  return nullptr;
}

// More than a few of one rule at once are one incident, and so is what one incident left behind.
void IncidentBook::merge_many(std::vector<Opened>& opened, Now now) {
  std::map<std::tuple<Symbol, Symbol, uint64_t>, std::vector<Opened>> by_rule;
  std::set<const OpenIncident*> merged;  // are gone by then
  for (const Opened& entry : opened) {
    const LiveAlert& alert = *entry.newcomer->alert;
    const uint64_t former = entry.newcomer->former;
    if (alert.rule->aggregated && former == 0) continue;
    by_rule[{alert.cluster, alert.rule->name, former}].push_back(entry);
  }
  for (const auto& [key, entries] : by_rule) {
    const bool former = std::get<2>(key) != 0;
    if (!former && entries.size() <= kManyAtOnce) continue;
    OpenIncident& first = *entries.front().incident;
    if (!former) first.gather_until(now.steady + kGathering);
    for (const Opened& entry : std::span(entries).subspan(1)) {
      merge(*entry.incident, first, now);
      merged.insert(entry.incident);
      incidents_.erase(entry.incident->id());
    }
  }
  std::erase_if(opened, [&](const Opened& entry) { return merged.contains(entry.incident); });
}

// All that stands of the one becomes the other's. Its cause is a cause there when both are of one
// rule, and evidence otherwise.
void IncidentBook::merge(OpenIncident& from, OpenIncident& into, Now now) {
  from.refresh(now);
  const std::vector<LiveAlert*> standing = from.standing();
  if (LiveAlert* const cause = from.cause()) {
    if (from.cause_key().rule == into.cause_key().rule)
      into.add_cause(*cause);
    else
      into.add_evidence(*cause);
  }
  for (LiveAlert* alert : standing) into.add_evidence(*alert);
  causes_.merge(from, into);
}

void IncidentBook::link(OpenIncident& incident, const LiveAlert& cause, Now now) {
  for (const Causes::Related& related : causes_.related(cause, incidents_, now.steady)) {
    OpenIncident& other = *incidents_.at(related.incident);
    if (&other == &incident) continue;
    incident.refresh(now);
    other.refresh(now);
    const auto link_to = [](const Incident& to, bool affected) {
      return IncidentLink{to.id, to.correlation, to.title, to.opened, affected};
    };
    incident.add_link(link_to(other.shown(), related.affected));
    other.add_link(link_to(incident.shown(), !related.affected));
  }
}

TraceId IncidentBook::correlation_of(const LiveAlert& alert) const {
  std::optional<TraceId> shared;
  if (correlate_ && alert.rule != nullptr && alert.rule->measure != nullptr)
    shared = correlate_(alert.alert, *alert.rule->measure);
  return shared ? *shared : make_trace_id_();
}

OpenIncident& IncidentBook::open_for(const Newcomer& newcomer, Now now) {
  const uint64_t id = ++last_id_;
  auto incident =
      std::make_unique<OpenIncident>(id, correlation_of(*newcomer.alert), *newcomer.alert, now);
  incident->set_former(newcomer.former, newcomer.former_correlation);
  incident->set_team(team_of(owners_, newcomer.alert->alert));
  if (gathers_at_once(*newcomer.alert)) incident->gather_until(now.steady + kGathering);
  OpenIncident& placed = *incidents_.emplace(id, std::move(incident)).first->second;
  causes_.add(placed, *newcomer.alert, now.steady);
  return placed;
}

void IncidentBook::notify(TransitionKind kind, OpenIncident& incident, Now now,
                          ObservationPtr revealed_by) {
  incident.sent(now, kind == TransitionKind::updated);
  transitions_.push_back({++last_sequence_, kind, incident.shown(), incident.shown().resolution,
                          std::move(revealed_by)});
}

void IncidentBook::resolve(OpenIncident& incident, Now now, std::string resolution) {
  incident.close(now.wall, std::move(resolution));
  notify(TransitionKind::resolved, incident, now);
  auto kept = std::make_shared<Incident>(incident.shown());
  // It is written with every state: what a look back needs, and no more.
  kept->evidence.resize(std::min(kept->evidence.size(), kKeptEvidence));
  kept->cause.description.clear();
  ended_.push_back(std::move(kept));
}

}  // namespace highwater::rules
