// SloWatch: one SLO on one cluster: its budgets, one for each subject, and the alerts of those that
// burn. Owned by the engine, on the pipeline's thread; no clock is read.
//
// A sample holds until the next one, or until its observation is stale; what follows is unknown, or
// what `no_data` says. Steps of the wall clock and the time before the first sample are unknown.
// Time outside of the SLO's hours is counted as nothing at all, and no alert outlives them.
//
// Two counters are compared over windows (budget_curve.h). An event is missing from a counter of
// good ones only once that was read after the total that has the event: until then it is held back.
#pragma once

#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rules/alerts/alerts.h"
#include "rules/alerts/live_alert.h"
#include "rules/slo/budget_curve.h"
#include "rules/slo/burn.h"
#include "rules/slo/sli.h"
#include "rules/slo/slo_rule.h"

namespace highwater::rules {

class Exclusions;
struct Silence;

// An SLO with what is made of it once. Its address is its identity while the engine keeps it.
struct SloEntry : RuleIdentity {
  SloEntry(SloRule checked, size_t place);

  SloRule rule;
  Template summary;
  Template description;
  Template no_data_summary;
  Duration longest_tier{};
  std::shared_ptr<const Exclusions> exclusions;  // null: all time counts
  std::string closing;                           // what ends its alerts when its hours do
};

// What an SLO that counts events keeps beside the curve.
struct EventCounts {
  Counted lifetime;  // since the budget began, as it was counted
  Counted unread;    // grew while other rows of the subject were unknown
  double late = 0;   // events that no counter of good ones could have yet
};

// One budget.
struct Budget {
  Budget(Entity about, WallTime begin, BudgetCurve::First first)
      : entity(std::move(about)), curve(begin, first) {}

  Entity entity;
  BudgetCurve curve;
  SliSample held;                   // the last sample; time: what the time since then counts as
  double bad_value = std::nan("");  // of time: the last sample that was bad, for texts
  bool present = false;             // its subject is in the newest table
  bool restored = false;            // of before the start, and its subject was not seen since
  // Since the budget began, whatever the window. What is bad never falls: a good event that is
  // counted very late does not take back what was exported.
  Sums lifetime;
  std::unique_ptr<EventCounts> events;  // null until some were counted
  WallTime last_bad;                    // when something bad was last counted; the epoch: never
  WallTime bad_since;                   // begin of the spell that `last_bad` belongs to
  bool spell_over = false;              // its alert has ended: what is bad next is another spell
  std::unique_ptr<LiveAlert> alert;
  size_t tier = 0;                          // of the alert
  WallTime forecast_at;                     // when the alert's clears_at was found
  std::shared_ptr<const Exclusions> asked;  // those that `excluding` are of
  std::vector<const Silence*> excluding;    // maintenance whose time does not count
};

class SloWatch {
 public:
  SloWatch(const SloEntry& slo, Symbol cluster);

  void evaluate(ClusterView& view, Now now, AlertEvents& events);
  // Ends alerts with the hours in which they began; part of evaluate(), and for clusters of which
  // nothing is known.
  void keep_hours(Now now, AlertEvents& events);
  // Nothing new can be read. True when time was counted, which is now and then enough.
  bool freeze(Now now);
  // A budget from before a restart, and its alert, which is unknown until its subject is seen, and
  // gone when that does not happen soon. The alert's rule, cluster and moments are set.
  void restore(std::unique_ptr<Budget> budget);
  void restore(std::unique_ptr<LiveAlert> alert, size_t tier, Now now);
  // A budget from before the start that could not be read until now: what was counted since goes on
  // from it.
  void adopt(std::unique_ptr<Budget> before);
  // The SLO was changed in place; what its budgets are about is still the same.
  void rule_changed(AlertEvents& events);
  // The SLO was removed.
  void end_all(AlertEvents& events, std::string_view resolution);
  // When time alone changes something here.
  [[nodiscard]] std::optional<SteadyTime> next_deadline() const;

  template <class Visit>
  void for_each_alert(Visit visit) const {
    for (const auto& budget : budgets_) {
      if (budget->alert != nullptr) visit(*budget->alert);
    }
  }
  // Every budget there is, also of what is not there now.
  template <class Visit>
  void for_each_kept(Visit visit) const {
    for (const auto& budget : budgets_) visit(*budget);
  }
  // Every budget whose subject is there now.
  template <class Visit>
  void for_each_budget(Visit visit) const {
    for (const Budget* budget : by_subject_) {
      if (budget != nullptr) visit(*budget);
    }
  }
  // What happened until then is in the budgets; nothing before the first sample.
  [[nodiscard]] const std::optional<Now>& counted_until() const { return counted_until_; }
  // Grows when for_each_budget visits others than before.
  [[nodiscard]] uint64_t numbering() const { return numbering_; }
  // Subjects beyond max_entities, which have no budget.
  [[nodiscard]] size_t left_out() const { return left_out_; }
  // Of the newest reading that still holds; a poll of the usual length when there is none.
  [[nodiscard]] Duration cadence() const;
  // Within the SLO's hours, as of the last evaluation.
  [[nodiscard]] bool is_open() const { return hours_.open(); }
  [[nodiscard]] const SloEntry& slo() const { return slo_; }
  [[nodiscard]] const Symbol& cluster() const { return cluster_; }

 private:
  Duration advance(Now until);
  void expire(Now now);
  void count_time(WallTime from, WallTime until);
  void count_interval(Budget& budget, WallTime from, WallTime until, bool open) const;
  void count(Budget& budget, WallTime until, const Counted& happened) const;
  // slo_exclusions.cpp
  [[nodiscard]] bool may_exclude(Budget& budget) const;
  void count_around_exclusions(Budget& budget, WallTime from, WallTime until, bool known) const;
  [[nodiscard]] bool exclude_events(Budget& budget, WallTime until) const;
  void count_events(Budget& budget, WallTime until, const Counted& happened) const;
  // Whether what is bad from then on goes on with the budget's spell.
  [[nodiscard]] bool same_spell(const Budget& budget, WallTime from) const;
  void note_bad(Budget& budget, WallTime from, WallTime until) const;
  void note_onset(Budget& budget, Now now) const;
  // When what the budget burns for began, by the wall clock.
  [[nodiscard]] WallTime began(const Budget& budget) const;
  struct Reading {
    bool first_anew;  // the first counter was read since the samples before
    bool complete;    // nothing is missing that a restart forgot
  };
  void take_samples(WallTime at, Duration passed, Reading reading);
  void take_events(Budget& budget, WallTime at, Duration passed, bool first_anew) const;
  // slo_subjects.cpp
  void renumber(Now now, const ClusterView& view, AlertEvents& events);
  void number_known(const KeySet& subjects, WallTime at);
  void number_new(const KeySet& subjects, Now now);
  [[nodiscard]] bool make_room(SteadyTime now);
  [[nodiscard]] bool knows_who_left(SteadyTime now) const;
  [[nodiscard]] bool room_for_left_out(SteadyTime now);
  Budget* add(std::unique_ptr<Budget> budget);
  void end_unseen(const ClusterView& view, AlertEvents& events);
  void judge(ClusterView& view, Now now, AlertEvents& events);
  void judge(Budget& budget, ClusterView& view, Now now, AlertEvents& events);
  void fire(Budget& budget, Now now, AlertEvents& events);
  void forecast(Budget& budget, BudgetDetail& detail, WallTime now) const;
  void word(Budget& budget, const TierVerdict& verdict, ClusterView& view, Now now) const;
  void end(Budget& budget, std::string_view resolution, AlertEvents& events);
  void thin(WallTime now);
  [[nodiscard]] SliSample without_data() const;
  [[nodiscard]] std::unique_ptr<Budget> make_budget(Entity entity, WallTime at) const;

  const SloEntry& slo_;
  Symbol cluster_;
  SliReader reader_;
  ObservationPtr first_;  // of the last read; null: nothing that still holds
  ObservationPtr total_;
  bool reread_ = false;  // the rule changed since
  std::optional<Now> counted_until_;
  OpenNow hours_;
  std::vector<std::unique_ptr<Budget>> budgets_;
  std::unordered_map<Entity, Budget*> by_entity_;
  std::vector<Budget*> by_subject_;  // null: beyond max_entities, or not selected
  size_t left_out_ = 0;
  bool waits_for_room_ = false;  // some were left out before it was known who left
  uint64_t numbering_ = 0;
  std::optional<WallTime> thinned_;
  std::optional<SteadyTime> watched_from_;
  std::optional<SteadyTime> restored_until_;  // restored alerts wait so long for their subjects
};

}  // namespace highwater::rules
