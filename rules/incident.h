// OpenIncident: one incident from its opening to its end: its cause, its evidence, and when people
// hear of changes. Owned by the incident book, on the pipeline's thread; no clock is read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/core/report.h"
#include "rules/alerts.h"
#include "rules/state.h"

namespace highwater::rules {

// How long evidence may outlive the cause before it becomes an incident of its own.
constexpr Duration kEvidenceOutlives = std::chrono::seconds(60);

// An alert's identity, across its ends and returns.
struct AlertKey {
  Symbol rule;
  Entity entity;
  bool operator==(const AlertKey&) const = default;
};
[[nodiscard]] AlertKey key_of(const LiveAlert& alert);
// Whether the alert is about nothing narrower than a cluster.
[[nodiscard]] bool is_about_cluster(const Entity& entity);
// Whether the alert says that the cluster as a whole is unreachable.
[[nodiscard]] bool covers_cluster(const LiveAlert& alert);

struct HashAlertKey {
  size_t operator()(const AlertKey& key) const { return key.entity.hash() * 31 + key.rule.hash(); }
};

class OpenIncident {
 public:
  OpenIncident(uint64_t id, TraceId correlation, LiveAlert& cause, Now now);

  // From before a restart; `cause` may be null. Its evidence that still stands is added by the
  // caller, and then settle_restored() is called.
  OpenIncident(const SavedIncident& saved, LiveAlert* cause, Now now);
  void settle_restored(const SavedIncident& saved);
  [[nodiscard]] SavedIncident save(Now now) const;

  [[nodiscard]] uint64_t id() const { return shown_.id; }
  [[nodiscard]] const Symbol& cluster() const { return cluster_; }
  [[nodiscard]] const AlertKey& cause_key() const { return cause_key_; }
  [[nodiscard]] SteadyTime opened() const { return opened_; }
  [[nodiscard]] Severity severity() const { return shown_.severity; }
  // Null once it ended.
  [[nodiscard]] LiveAlert* cause() const { return cause_; }
  // An unreachable cluster: whatever else is wrong with it is evidence.
  [[nodiscard]] bool covers_cluster() const { return covers_cluster_; }
  // It woke people because a budget burns, and the burn goes on.
  [[nodiscard]] bool pages_for_budget() const {
    return cause_ != nullptr && cause_->alert.budget && cause_->alert.severity == Severity::page;
  }
  [[nodiscard]] bool had_evidence(const AlertKey& key) const { return members_.contains(key); }

  void add_evidence(LiveAlert& alert);
  void evidence_ended(const LiveAlert& alert, Now now);
  void cause_ended(const LiveAlert& alert, std::string_view resolution, Now now);
  void cause_returned(LiveAlert& alert);
  // Of one rule, none the other's cause: the incident stands as long as one of them.
  void make_peers() { peers_ = true; }
  // Takes further alerts of its rule for a while.
  void gather_until(SteadyTime time) { gathers_until_ = time; }
  [[nodiscard]] bool gathers(SteadyTime now) const {
    return gathers_until_ && now <= *gathers_until_;
  }

  enum class End : uint8_t { none, resolved, outlived };
  // Whether the incident is over: nothing of it stands, or its evidence outlived the cause.
  [[nodiscard]] End end_at(SteadyTime now) const;
  [[nodiscard]] const std::string& cause_resolution() const { return resolution_; }
  // Null while it stands.
  [[nodiscard]] const std::optional<SteadyTime>& cause_ended_at() const { return cause_ended_; }
  // Evidence that still fires, worst first.
  [[nodiscard]] std::vector<LiveAlert*> standing() const;

  // Brings what is shown up to date.
  void refresh(SteadyTime now);
  [[nodiscard]] bool update_due(SteadyTime now) const;
  // The incident as it stands is being sent.
  void sent(Now now, bool as_update);
  [[nodiscard]] std::optional<SteadyTime> next_deadline(SteadyTime now) const;

  [[nodiscard]] const Incident& shown() const { return shown_; }
  void set_impact(std::vector<std::pair<std::string, size_t>> impact) {
    shown_.impact = std::move(impact);
  }
  void set_former(uint64_t id, TraceId correlation);

 private:
  struct Member {
    LiveAlert* live = nullptr;  // null: it ended
    Evidence evidence;
    size_t order = 0;  // of its rule
  };
  [[nodiscard]] static bool worse(const Member* a, const Member* b);
  void choose_shown();
  [[nodiscard]] bool has_news() const;
  [[nodiscard]] SteadyTime news_allowed_at() const;

  Incident shown_;
  Symbol cluster_;
  AlertKey cause_key_;
  LiveAlert* cause_;
  bool covers_cluster_;
  SteadyTime opened_;
  std::optional<SteadyTime> cause_ended_;
  std::string resolution_;
  bool peers_ = false;
  std::optional<SteadyTime> gathers_until_;

  std::unordered_map<AlertKey, Member, HashAlertKey> members_;
  size_t standing_ = 0;
  bool members_changed_ = false;
  std::vector<const Member*> chosen_;  // what `evidence` shows

  size_t sent_evidence_ = 0;
  bool would_page_ = false;  // evidence not yet sent that would be a page of its own
  Severity sent_severity_;
  std::string sent_tier_;                 // of the cause, when it is an SLO's
  std::optional<SteadyTime> news_since_;  // when there first was something worth an update
  std::optional<SteadyTime> last_update_;
};

}  // namespace highwater::rules
