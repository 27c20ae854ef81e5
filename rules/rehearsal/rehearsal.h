// Rehearsal: plays a scenario to an engine of its own and notes what fired when. Used by `highwater
// test` and `highwater replay`; owned by one thread. No clock is read: an hour of it takes
// milliseconds.
//
// At each step of the interval the series become tables, as a poll would have brought them, and the
// engine judges; in between it judges when it asks to, as it would in the agent. A sample holds
// until the next step.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "rules/engine.h"
#include "rules/rehearsal/kept_budgets.h"
#include "rules/rehearsal/scenario.h"
#include "rules/rehearsal/timeline.h"
#include "rules/slo/burn.h"
#include "rules/slo/sli.h"

namespace highwater::rules {

// How a budget stood at a moment.
struct RehearsedBudget {
  const SloRule* slo = nullptr;
  Entity entity;
  BudgetStatus status;
  // Of the last sample: nothing is unknown, true is good. Of events: good when none of those
  // since the step before were bad.
  std::optional<bool> good;
};

class Rehearsal {
 public:
  // The scenario must outlive it.
  Rehearsal(RuleSet rules, const Scenario& scenario);
  ~Rehearsal();
  Rehearsal(const Rehearsal&) = delete;
  Rehearsal& operator=(const Rehearsal&) = delete;

  // Goes on until this long after the start, that moment included. Never back.
  void run_until(Duration at);

  // Of the last judgement; the moment is in it.
  [[nodiscard]] const Report& report() const { return report_; }
  [[nodiscard]] const RuleSet& rules() const { return rules_; }
  [[nodiscard]] std::vector<RehearsedBudget> budgets(std::string_view slo) const;
  // Those of every SLO.
  [[nodiscard]] std::vector<KeptBudget> budgets() const;
  // How many incidents have paged so far.
  [[nodiscard]] size_t pages() const { return timeline_.pages(); }
  [[nodiscard]] const std::set<std::string>& fired() const { return timeline_.fired(); }
  // What fired so far, in the order in which it began.
  [[nodiscard]] std::vector<Firing> firings() const { return timeline_.firings(); }

 private:
  class Stage;

  void step(uint64_t number);
  void judge_until(Duration at, bool included);
  void judge(Duration at);
  [[nodiscard]] Now moment(Duration at) const;
  void judge_parts(const SloRule& rule, std::vector<RehearsedBudget>& budgets) const;
  void judge_samples(const SloRule& rule, std::vector<RehearsedBudget>& budgets) const;
  static bool read(SliReader& reader, const SloRule& rule, const Snapshot& snapshot,
                   const Symbol& cluster);

  const Scenario& scenario_;
  RuleSet rules_;
  std::unique_ptr<Stage> stage_;
  Engine engine_;
  SnapshotPtr snapshot_;
  SnapshotPtr before_;  // of the step before
  Report report_;
  Timeline timeline_;
  uint64_t next_step_ = 0;
  Duration judged_{-1};
};

}  // namespace highwater::rules
