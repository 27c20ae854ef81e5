#include "rules/incidents/incident.h"

#include <algorithm>
#include <set>

namespace highwater::rules {
namespace {

// Ended evidence is kept so that a piece that comes and goes counts once; beyond this it may not.
constexpr size_t kMaxEndedEvidence = 10'000;
constexpr std::string_view kNotRestored = "its alert was not found after a restart";

// Whether what such a fault leaves behind is a matter of its own: a broker is back, and a group
// still lags. What is wrong with a group stays one matter, whatever it is called in the end.
bool leaves_behind(const FaultTraits& traits) {
  return traits.ground || traits.fault != Fault::group;
}

// A part of the cluster that is down, or a loss: people look for its name.
bool is_told_by_name(const FaultTraits& traits) {
  return traits.ground && (is_component(traits.fault) || traits.fault == Fault::loss);
}

}  // namespace

AlertKey key_of(const LiveAlert& alert) {
  return {alert.rule->name, alert.alert.entity};
}

AlertKey key_of(const Alert& alert) {
  return {Symbol(alert.rule), alert.entity};
}

OpenIncident::OpenIncident(uint64_t id, TraceId correlation, LiveAlert& cause, Now now)
    : cluster_(cause.cluster),
      cause_key_(key_of(cause)),
      cause_(&cause),
      opened_(now.steady),
      sent_severity_(cause.alert.severity) {
  shown_.id = id;
  shown_.correlation = correlation;
  shown_.severity = cause.alert.severity;
  shown_.opened = now.wall;
  shown_.updated = now.wall;
  shown_.revealed_by = cause.revealed_by;
  cause.alert.incident = id;
  shown_.cause = cause.alert;
  shown_.headline = cause.alert;
  headline_traits_ = cause.rule->traits;
  members_changed_ = true;
}

OpenIncident::OpenIncident(const SavedIncident& saved, LiveAlert* cause, Now now)
    : shown_(saved.shown),
      cluster_(saved.shown.cause.entity.label("cluster")),
      cause_key_(key_of(saved.shown.cause)),
      cause_(cause),
      opened_(to_steady(saved.shown.opened, now)),
      resolution_(saved.resolution),
      sent_severity_(saved.sent_severity) {
  if (cause_ != nullptr) {
    headline_traits_ = cause_->rule->traits;
    return;
  }
  cause_ended_ = saved.cause_ended ? to_steady(*saved.cause_ended, now) : now.steady;
  if (resolution_.empty()) resolution_ = kNotRestored;
}

void OpenIncident::settle_restored(const SavedIncident& saved) {
  for (const Evidence& known : saved.shown.evidence) {
    const auto [place, added] = members_.try_emplace(AlertKey{Symbol(known.rule), known.entity});
    Member& member = place->second;
    if (!added) {
      if (known.cause && !member.evidence.cause) ++standing_causes_;
      member.evidence.cause = known.cause;
    } else {
      member.evidence = known;
      member.evidence.ended = true;
    }
  }
  if (standing_causes_ > 0) cause_ended_.reset();
  shown_.evidence_count = std::max(saved.shown.evidence_count, members_.size());
  sent_evidence_ = saved.sent_evidence;
  sent_consequences_ = saved.sent_consequences;
  sent_tier_ = saved.sent_tier;
  gravity_ = gravest_ = sent_gravity_ = saved.sent_gravity;
  gravest_title_ = saved.shown.title;
  sent_headline_ = Symbol(saved.shown.headline.rule);
  title_settled_ = true;
  reason_told_ = true;
  if (saved.sent_gravity == rules::gravity(Fault::loss)) {
    loss_.emplace();
    loss_->alert = saved.shown.headline;
    loss_->traits.fault = Fault::loss;
    loss_->traits.ground = true;
    loss_->rank.gravity = saved.sent_gravity;
  }
  hanging_ = shown_.impact;
  std::erase_if(hanging_, [](const Impact& impact) { return impact.state == "affected"; });
  members_changed_ = true;
}

SavedIncident OpenIncident::save(Now now) const {
  SavedIncident saved;
  saved.shown = shown_;
  if (cause_ended_) saved.cause_ended = to_wall(*cause_ended_, now);
  saved.resolution = resolution_;
  saved.sent_evidence = sent_evidence_;
  saved.sent_consequences = sent_consequences_;
  saved.sent_severity = sent_severity_;
  saved.sent_gravity = sent_gravity_;
  saved.sent_tier = sent_tier_;
  return saved;
}

void OpenIncident::add_cause(LiveAlert& alert) {
  add(alert, true);
  cause_ended_.reset();
}

void OpenIncident::add(LiveAlert& alert, bool is_cause) {
  alert.alert.incident = id();
  const auto [found, added] = members_.try_emplace(key_of(alert));
  Member& member = found->second;
  if (added) ++shown_.evidence_count;
  if (member.live == nullptr) ++standing_;
  const bool was_cause = member.live != nullptr && member.evidence.cause;
  is_cause = is_cause || member.evidence.cause;
  if (is_cause && !was_cause) ++standing_causes_;
  member.live = &alert;
  member.order = alert.rule->order;
  member.evidence.rule = alert.alert.rule;
  member.evidence.entity = alert.alert.entity;
  member.evidence.severity = alert.alert.severity;
  member.evidence.since = alert.alert.active_since;
  member.evidence.ended = false;
  member.evidence.cause = is_cause;
  member.evidence.named = is_cause || is_told_by_name(alert.rule->traits);
  if (standing_causes_ > 0) cause_ended_.reset();
  members_changed_ = true;
}

void OpenIncident::evidence_ended(const LiveAlert& alert, std::string_view resolution, Now now) {
  const auto found = members_.find(key_of(alert));
  if (found == members_.end() || found->second.live != &alert) return;
  Member& member = found->second;
  keep_loss(alert, member.evidence.cause);
  member.evidence.summary = alert.alert.summary;
  member.evidence.ended = true;
  member.live = nullptr;
  --standing_;
  members_changed_ = true;
  if (member.evidence.cause) {
    --standing_causes_;
    if (!has_cause()) last_cause_ended(resolution, now.steady);
  }
  if (members_.size() - standing_ <= kMaxEndedEvidence) return;
  chosen_.clear();
  worst_ = nullptr;
  members_.erase(found);
}

void OpenIncident::cause_ended(const LiveAlert& alert, std::string_view resolution, Now now) {
  shown_.cause = alert.alert;
  if (key_of(shown_.headline) == cause_key_) shown_.headline = alert.alert;
  keep_loss(alert, true);
  cause_ = nullptr;
  members_changed_ = true;
  if (!has_cause()) last_cause_ended(resolution, now.steady);
}

void OpenIncident::keep_loss(const LiveAlert& alert, bool is_cause) {
  const FaultTraits& traits = alert.rule->traits;
  if (!traits.ground || traits.fault != Fault::loss) return;
  loss_ = Loss{alert.alert, traits, HeadlineRank(alert, is_cause)};
}

// Where the incident goes on under the name of what still stands, that is its cause from now on.
void OpenIncident::last_cause_ended(std::string_view resolution, SteadyTime now) {
  cause_ended_ = now;
  resolution_ = resolution;
  const bool renamed = key_of(shown_.headline) != cause_key_;
  if (standing_ == 0 || (leaves_behind(headline_traits_) && !renamed)) return;
  Member* next = nullptr;
  for (auto& [key, member] : members_) {
    if (member.live == nullptr) continue;
    if (next == nullptr || is_worse_headline(member, *next)) next = &member;
  }
  if (leaves_behind(headline_traits_) && key_of(*next->live) != key_of(shown_.headline)) return;
  next->evidence.cause = true;
  ++standing_causes_;
  cause_ended_.reset();
}

void OpenIncident::cause_returned(LiveAlert& alert) {
  cause_ = &alert;
  alert.alert.incident = id();
  cause_ended_.reset();
  members_changed_ = true;
}

OpenIncident::End OpenIncident::end_at(SteadyTime now) const {
  if (has_cause()) return End::none;
  if (standing_ == 0) return End::resolved;
  if (now < *cause_ended_ + kEvidenceOutlives) return End::none;
  // Nothing new is opened on what is unknown, nor on what is over and stays against flapping.
  bool known = false;
  bool past = true;
  for (const auto& [key, member] : members_) {
    if (member.live == nullptr) continue;
    past = past && member.live->past;
    known = known || (!member.live->alert.unknown && !member.live->clear_since);
  }
  if (past) return End::resolved;
  return known ? End::outlived : End::none;
}

std::vector<LiveAlert*> OpenIncident::standing() const {
  std::vector<const Member*> members;
  for (const auto& [key, member] : members_) {
    if (member.live != nullptr) members.push_back(&member);
  }
  std::sort(members.begin(), members.end(), worse);
  std::vector<LiveAlert*> alerts;
  for (const Member* member : members) alerts.push_back(member->live);
  return alerts;
}

void OpenIncident::set_impact(std::vector<Impact> impact) {
  if (has_cause()) hanging_ = std::move(impact);
}

void OpenIncident::set_former(uint64_t id, TraceId correlation) {
  shown_.former = id;
  shown_.former_correlation = correlation;
}

void OpenIncident::add_link(IncidentLink link) {
  const auto same = std::ranges::find(shown_.links, link.id, &IncidentLink::id);
  if (same != shown_.links.end()) {
    *same = std::move(link);
  } else if (shown_.links.size() < kMaxLinks) {
    shown_.links.push_back(std::move(link));
    std::ranges::sort(shown_.links, {}, &IncidentLink::id);
  }
}

void OpenIncident::close(WallTime at, std::string resolution) {
  shown_.ended = at;
  shown_.cause_over.reset();
  shown_.resolution = std::move(resolution);
  if (gravest_ > gravity_) shown_.title = gravest_title_;
  shown_.title = resolved_title(shown_);
}

bool OpenIncident::worse(const Member* a, const Member* b) {
  const Evidence& left = a->evidence;
  const Evidence& right = b->evidence;
  if (left.ended != right.ended) return right.ended;
  if (left.severity != right.severity) return left.severity > right.severity;
  if (left.cause != right.cause) return left.cause;
  if (left.named != right.named) return left.named;
  if (left.since != right.since) return left.since < right.since;
  if (a->order != b->order) return a->order < b->order;
  if (left.rule != right.rule) return left.rule < right.rule;
  return left.entity < right.entity;
}

bool OpenIncident::is_standing_cause(const Member* member) {
  return member->live != nullptr && member->evidence.cause;
}

bool OpenIncident::is_worse_headline(const Member& a, const Member& b) {
  const HeadlineRank left(*a.live, a.evidence.cause);
  const HeadlineRank right(*b.live, b.evidence.cause);
  return left.worse_than(right) || (!right.worse_than(left) && worse(&a, &b));
}

}  // namespace highwater::rules
