#include "rules/incident.h"

#include <algorithm>

namespace highwater::rules {
namespace {

using std::chrono::seconds;

constexpr Duration kBurst = seconds(2);            // evidence comes in bursts: one update for all
constexpr Duration kBetweenUpdates = seconds(30);  // but for one that raises the severity
constexpr std::string_view kCoversCluster = "cluster_reachable";  // the measure
constexpr size_t kWorthAnUpdate = 5;                              // pieces of evidence
// Ended evidence is kept so that a piece that comes and goes counts once; beyond this it may not.
constexpr size_t kMaxEndedEvidence = 10'000;
constexpr std::string_view kNotRestored = "its alert was not found after a restart";

// A change of it is news.
std::string_view tier_of(const Alert& cause) {
  return cause.budget ? std::string_view(cause.budget->tier) : std::string_view();
}

}  // namespace

AlertKey key_of(const LiveAlert& alert) {
  return {alert.rule->name, alert.alert.entity};
}

bool is_about_cluster(const Entity& entity) {
  return entity.labels.size() < 2;
}

bool covers_cluster(const LiveAlert& alert) {
  return is_about_cluster(alert.alert.entity) && alert.rule->measure->name == kCoversCluster;
}

OpenIncident::OpenIncident(uint64_t id, TraceId correlation, LiveAlert& cause, Now now)
    : cluster_(cause.cluster),
      cause_key_(key_of(cause)),
      cause_(&cause),
      covers_cluster_(rules::covers_cluster(cause)),
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
}

OpenIncident::OpenIncident(const SavedIncident& saved, LiveAlert* cause, Now now)
    : shown_(saved.shown),
      cluster_(saved.shown.cause.entity.label("cluster")),
      cause_key_{Symbol(saved.shown.cause.rule), saved.shown.cause.entity},
      cause_(cause),
      covers_cluster_(saved.covers_cluster),
      opened_(to_steady(saved.shown.opened, now)),
      resolution_(saved.resolution),
      peers_(saved.peers),
      sent_severity_(saved.sent_severity) {
  if (cause_ != nullptr) return;
  cause_ended_ = saved.cause_ended ? to_steady(*saved.cause_ended, now) : now.steady;
  if (resolution_.empty()) resolution_ = kNotRestored;
}

void OpenIncident::settle_restored(const SavedIncident& saved) {
  for (const Evidence& ended : saved.shown.evidence) {
    if (!ended.ended) continue;
    const auto [place, added] = members_.try_emplace(AlertKey{Symbol(ended.rule), ended.entity});
    if (added) place->second.evidence = ended;
  }
  shown_.evidence_count = std::max(saved.shown.evidence_count, members_.size());
  sent_evidence_ = saved.sent_evidence;
  sent_tier_ = saved.sent_tier;
  members_changed_ = true;
}

SavedIncident OpenIncident::save(Now now) const {
  SavedIncident saved;
  saved.shown = shown_;
  saved.covers_cluster = covers_cluster_;
  saved.peers = peers_;
  if (cause_ended_) saved.cause_ended = to_wall(*cause_ended_, now);
  saved.resolution = resolution_;
  saved.sent_evidence = sent_evidence_;
  saved.sent_severity = sent_severity_;
  saved.sent_tier = sent_tier_;
  return saved;
}

void OpenIncident::add_evidence(LiveAlert& alert) {
  alert.alert.incident = id();
  const auto [found, added] = members_.try_emplace(key_of(alert));
  Member& member = found->second;
  if (added) ++shown_.evidence_count;
  if (member.live == nullptr && pages_for_budget() && !alert.alert.budget)
    would_page_ = would_page_ || alert.alert.severity == Severity::page;
  if (member.live == nullptr) ++standing_;
  member.live = &alert;
  member.order = alert.rule->order;
  member.evidence.rule = alert.alert.rule;
  member.evidence.entity = alert.alert.entity;
  member.evidence.severity = alert.alert.severity;
  member.evidence.since = alert.alert.active_since;
  member.evidence.ended = false;
  members_changed_ = true;
}

void OpenIncident::evidence_ended(const LiveAlert& alert, Now now) {
  const auto found = members_.find(key_of(alert));
  if (found == members_.end() || found->second.live != &alert) return;
  Member& member = found->second;
  member.evidence.summary = alert.alert.summary;
  member.evidence.ended = true;
  member.live = nullptr;
  --standing_;
  members_changed_ = true;
  if (peers_ && cause_ == nullptr && found->first.rule == cause_key_.rule)
    cause_ended_ = now.steady;
  if (members_.size() - standing_ <= kMaxEndedEvidence) return;
  chosen_.clear();
  members_.erase(found);
}

void OpenIncident::cause_ended(const LiveAlert& alert, std::string_view resolution, Now now) {
  shown_.cause = alert.alert;
  cause_ = nullptr;
  cause_ended_ = now.steady;
  resolution_ = resolution;
}

void OpenIncident::cause_returned(LiveAlert& alert) {
  cause_ = &alert;
  alert.alert.incident = id();
  cause_ended_.reset();
}

OpenIncident::End OpenIncident::end_at(SteadyTime now) const {
  if (cause_ != nullptr) return End::none;
  if (standing_ == 0) return End::resolved;
  if (now < *cause_ended_ + kEvidenceOutlives) return End::none;
  // Nothing new is opened on what nobody knows, nor while a peer of the cause stands.
  bool known = false;
  for (const auto& [key, member] : members_) {
    if (member.live == nullptr) continue;
    if (peers_ && key.rule == cause_key_.rule) return End::none;
    known = known || !member.live->alert.unknown;
  }
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

void OpenIncident::refresh(SteadyTime now) {
  if (cause_ != nullptr) {
    shown_.cause = cause_->alert;
    shown_.severity = std::max(shown_.severity, cause_->alert.severity);
  }
  if (members_changed_) choose_shown();
  for (size_t i = 0; i < chosen_.size(); ++i) {
    shown_.evidence[i] = chosen_[i]->evidence;
    if (chosen_[i]->live != nullptr) shown_.evidence[i].summary = chosen_[i]->live->alert.summary;
  }
  if (has_news() && !news_since_) news_since_ = now;
}

bool OpenIncident::update_due(SteadyTime now) const {
  return has_news() && now >= news_allowed_at();
}

void OpenIncident::sent(Now now, bool as_update) {
  sent_evidence_ = shown_.evidence_count;
  sent_severity_ = shown_.severity;
  sent_tier_ = tier_of(shown_.cause);
  would_page_ = false;
  news_since_.reset();
  shown_.updated = now.wall;
  if (as_update) last_update_ = now.steady;
}

std::optional<SteadyTime> OpenIncident::next_deadline(SteadyTime now) const {
  std::optional<SteadyTime> earliest;
  if (has_news()) earliest = news_allowed_at();
  if (cause_ != nullptr || standing_ == 0) return earliest;
  const SteadyTime outlived = *cause_ended_ + kEvidenceOutlives;
  if (outlived > now && (!earliest || outlived < *earliest)) earliest = outlived;
  return earliest;
}

void OpenIncident::set_former(uint64_t id, TraceId correlation) {
  shown_.former = id;
  shown_.former_correlation = correlation;
}

bool OpenIncident::worse(const Member* a, const Member* b) {
  const Evidence& left = a->evidence;
  const Evidence& right = b->evidence;
  if (left.ended != right.ended) return right.ended;
  if (left.severity != right.severity) return left.severity > right.severity;
  if (left.since != right.since) return left.since < right.since;
  if (a->order != b->order) return a->order < b->order;
  if (left.rule != right.rule) return left.rule < right.rule;
  return left.entity < right.entity;
}

void OpenIncident::choose_shown() {
  members_changed_ = false;
  chosen_.clear();
  for (const auto& [key, member] : members_) {
    chosen_.push_back(&member);
    shown_.severity = std::max(shown_.severity, member.evidence.severity);
  }
  const size_t count = std::min(chosen_.size(), kMaxEvidence);
  std::partial_sort(chosen_.begin(), chosen_.begin() + static_cast<ptrdiff_t>(count), chosen_.end(),
                    worse);
  chosen_.resize(count);
  shown_.evidence.resize(count);
}

bool OpenIncident::has_news() const {
  if (shown_.severity > sent_severity_ || tier_of(shown_.cause) != sent_tier_ || would_page_)
    return true;
  const size_t count = shown_.evidence_count;
  if (sent_evidence_ == 0) return count > 0;
  return count >= 2 * sent_evidence_ && count >= sent_evidence_ + kWorthAnUpdate;
}

// A higher severity may have to wake somebody: it waits for the rest of its burst only.
SteadyTime OpenIncident::news_allowed_at() const {
  const SteadyTime burst_over = news_since_.value_or(opened_) + kBurst;
  if (!last_update_ || shown_.severity > sent_severity_) return burst_over;
  return std::max(burst_over, *last_update_ + kBetweenUpdates);
}

}  // namespace highwater::rules
