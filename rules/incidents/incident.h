// OpenIncident: one incident from its opening to its end: its causes, its evidence, what it is
// called, and when people hear of changes. Owned by the incident book, on the pipeline's thread; no
// clock is read.
//
// The alert that opened it is its identity for receivers and never changes. What it is called is
// the worst of its alerts that stand (headline.h), and changes with them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/core/report.h"
#include "rules/alerts/alerts.h"
#include "rules/incidents/headline.h"
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
[[nodiscard]] AlertKey key_of(const Alert& alert);

struct HashAlertKey {
  size_t operator()(const AlertKey& key) const { return key.entity.hash() * 31 + key.rule.hash(); }
};

class OpenIncident {
 public:
  OpenIncident(uint64_t id, TraceId correlation, LiveAlert& cause, Now now);

  // From before a restart; `cause` may be null. Its alerts that still stand are added by the
  // caller, and then settle_restored() is called.
  OpenIncident(const SavedIncident& saved, LiveAlert* cause, Now now);
  void settle_restored(const SavedIncident& saved);
  [[nodiscard]] SavedIncident save(Now now) const;

  [[nodiscard]] uint64_t id() const { return shown_.id; }
  [[nodiscard]] const Symbol& cluster() const { return cluster_; }
  [[nodiscard]] const AlertKey& cause_key() const { return cause_key_; }
  [[nodiscard]] Severity severity() const { return shown_.severity; }
  // The alert that opened it; null once it ended.
  [[nodiscard]] LiveAlert* cause() const { return cause_; }
  [[nodiscard]] bool had_evidence(const AlertKey& key) const { return members_.contains(key); }

  void add_evidence(LiveAlert& alert) { add(alert, false); }
  // Another cause: the incident stands as long as one of them.
  void add_cause(LiveAlert& alert);
  void evidence_ended(const LiveAlert& alert, std::string_view resolution, Now now);
  void cause_ended(const LiveAlert& alert, std::string_view resolution, Now now);
  void cause_returned(LiveAlert& alert);
  // Takes further alerts of its rule as causes for a while.
  void gather_until(SteadyTime time) { gathers_until_ = time; }
  [[nodiscard]] bool gathers(SteadyTime now) const {
    return gathers_until_ && now <= *gathers_until_;
  }

  enum class End : uint8_t { none, resolved, outlived };
  // Whether the incident is over: nothing of it stands, or its evidence outlived the causes.
  [[nodiscard]] End end_at(SteadyTime now) const;
  [[nodiscard]] const std::string& cause_resolution() const { return resolution_; }
  // Null while a cause stands.
  [[nodiscard]] const std::optional<SteadyTime>& cause_ended_at() const { return cause_ended_; }
  // What still fires besides the opening alert, worst first.
  [[nodiscard]] std::vector<LiveAlert*> standing() const;
  template <class Test>
  [[nodiscard]] bool any_standing(Test test) const {
    return std::any_of(members_.begin(), members_.end(), [&](const auto& member) {
      return member.second.live != nullptr && test(*member.second.live);
    });
  }

  // Brings what is shown up to date.
  void refresh(Now now);
  [[nodiscard]] bool update_due(SteadyTime now) const;
  // The incident as it stands is being sent.
  void sent(Now now, bool as_update);
  [[nodiscard]] std::optional<SteadyTime> next_deadline(SteadyTime now) const;

  [[nodiscard]] const Incident& shown() const { return shown_; }
  // What the graph says; kept as it was last while a cause stood.
  void set_impact(std::vector<Impact> impact);
  void set_former(uint64_t id, TraceId correlation);
  void set_team(std::string team) { shown_.team = std::move(team); }
  void add_link(IncidentLink link);
  // Of what it ends, and when.
  void close(WallTime at, std::string resolution);

 private:
  struct Member {
    LiveAlert* live = nullptr;  // null: it ended
    Evidence evidence;
    size_t order = 0;  // of its rule
  };
  void add(LiveAlert& alert, bool is_cause);
  [[nodiscard]] static bool worse(const Member* a, const Member* b);
  [[nodiscard]] static bool is_standing_cause(const Member* member);
  [[nodiscard]] static bool is_worse_headline(const Member& a, const Member& b);
  [[nodiscard]] bool has_cause() const { return cause_ != nullptr || standing_causes_ > 0; }
  void last_cause_ended(std::string_view resolution, SteadyTime now);
  void choose_shown();
  void choose_headline();
  // Since when no cause holds any more; nothing while one does.
  [[nodiscard]] std::optional<SteadyTime> cause_over() const;
  void note_members();
  void keep_loss(const LiveAlert& alert, bool is_cause);
  void compose();
  [[nodiscard]] bool is_worse_than_sent() const;
  [[nodiscard]] bool has_news() const;
  [[nodiscard]] bool evidence_is_news() const;
  [[nodiscard]] size_t telling() const;
  [[nodiscard]] SteadyTime news_allowed_at() const;
  [[nodiscard]] SteadyTime title_settles_at() const;

  Incident shown_;
  Symbol cluster_;
  AlertKey cause_key_;
  LiveAlert* cause_;
  SteadyTime opened_;
  std::optional<SteadyTime> cause_ended_;
  std::string resolution_;
  std::optional<SteadyTime> gathers_until_;

  std::unordered_map<AlertKey, Member, HashAlertKey> members_;
  size_t standing_ = 0;         // members that fire
  size_t standing_causes_ = 0;  // of them, causes
  bool members_changed_ = false;
  std::vector<const Member*> chosen_;  // what `evidence` shows
  const Member* worst_ = nullptr;      // the member that would be the headline
  size_t grave_ = 0;                   // members that fire, as severe as the incident itself
  size_t grave_ground_ = 0;            // ... of ground faults
  std::map<Symbol, Peers> causes_by_rule_;
  std::map<Symbol, Peers> ground_by_rule_;
  std::map<Symbol, std::map<Symbol, Peers>> remarks_;  // by group and rule
  // The newest loss whose alert ended: what is gone stays gone.
  struct Loss {
    Alert alert;
    FaultTraits traits;
    HeadlineRank rank;
  };
  std::optional<Loss> loss_;
  std::vector<Impact> hanging_;   // what the graph says
  std::vector<Impact> affected_;  // whom its alerts are about
  FaultTraits headline_traits_;
  int gravity_ = 0;  // of the headline
  // The gravest name it had: that is what it is called when it has ended.
  int gravest_ = 0;
  std::string gravest_title_;

  size_t consequences_ = 0;  // other kinds of ground faults that the title of a broker names

  size_t sent_evidence_ = 0;
  size_t sent_consequences_ = 0;
  Severity sent_severity_;
  int sent_gravity_ = 0;
  Symbol sent_headline_;  // its rule
  std::string facts_;     // what the title says that follows from the fault
  std::string sent_facts_;
  bool title_settled_ = false;            // ... was said once
  bool reason_told_ = false;              // ... and is about why a group is behind
  std::string sent_tier_;                 // of the headline, when it is an SLO's
  std::optional<SteadyTime> news_since_;  // when there first was something worth an update
  std::optional<SteadyTime> last_update_;
};

}  // namespace highwater::rules
