// SloWatch: one SLO on one cluster: its budgets, one for each subject, and the alerts of those that
// burn. Owned by the engine, on the pipeline's thread; no clock is read.
//
// A sample holds until the next one, or until its observation is stale; what follows is unknown, or
// what `no_data` says. Steps of the wall clock and the time before the first sample are unknown.
// Time outside of the SLO's hours is counted as nothing at all, and no alert outlives them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rules/alerts.h"
#include "rules/budget_curve.h"
#include "rules/burn.h"
#include "rules/live_alert.h"
#include "rules/sli.h"
#include "rules/slo_rule.h"

namespace highwater::rules {

// An SLO with what is made of it once. Its address is its identity while the engine keeps it.
struct SloEntry : RuleIdentity {
  SloEntry(SloRule checked, size_t place);

  SloRule rule;
  Template summary;
  Template description;
  Duration longest_tier{};
  std::string closing;  // what ends its alerts when its hours do
};

// One budget.
struct Budget {
  explicit Budget(Entity about, WallTime first) : entity(std::move(about)), curve(first) {}

  Entity entity;
  BudgetCurve curve;
  SliSample held;        // the last sample; time: what the time since then counts as
  bool present = false;  // its subject is in the newest table
  Sums lifetime;         // since the budget began, whatever the window
  WallTime last_bad;     // when something bad was last counted; the epoch: never
  std::unique_ptr<LiveAlert> alert;
  size_t tier = 0;  // of the alert
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
  [[nodiscard]] const SloEntry& slo() const { return slo_; }
  [[nodiscard]] const Symbol& cluster() const { return cluster_; }

 private:
  Duration advance(Now until);
  void count_time(WallTime from, WallTime until);
  static void count(Budget& budget, WallTime until, const Sums& happened);
  void take_samples(WallTime at, Duration passed);
  void renumber(WallTime at, AlertEvents& events);
  Budget* budget_of(Entity entity, WallTime at);
  Budget* add(std::unique_ptr<Budget> budget);
  void end_unseen(AlertEvents& events);
  void judge(ClusterView& view, Now now, AlertEvents& events);
  void judge(Budget& budget, ClusterView& view, Now now, AlertEvents& events);
  void fire(Budget& budget, Now now, AlertEvents& events);
  void word(Budget& budget, const TierVerdict& verdict, ClusterView& view, Now now) const;
  void end(Budget& budget, std::string_view resolution, AlertEvents& events);
  void forget_old(WallTime now);
  [[nodiscard]] SliSample without_data() const;

  const SloEntry& slo_;
  Symbol cluster_;
  SliReader reader_;
  ObservationPtr first_;  // of the last read; null: nothing that still holds
  ObservationPtr total_;
  std::optional<Now> counted_until_;
  OpenNow hours_;
  std::vector<std::unique_ptr<Budget>> budgets_;
  std::unordered_map<Entity, Budget*> by_entity_;
  std::vector<Budget*> by_subject_;  // null: beyond max_entities, or not selected
  size_t left_out_ = 0;
  uint64_t numbering_ = 0;
  std::optional<WallTime> thinned_;
  std::optional<SteadyTime> restored_until_;  // restored alerts wait so long for their subjects
};

}  // namespace highwater::rules
