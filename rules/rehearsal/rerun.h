// Rerun: judges again what an agent once saw, when it saw it, and notes what fired when. Used by
// `highwater replay`; owned by one thread. No clock is read.
//
// It does what the agent's pipeline does: judges when something new was seen, and in between when
// the rules ask to. After a gap it goes on as an agent does that was started again: budgets and
// alerts are what they were, and the time in between is unknown.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "rules/engine.h"
#include "rules/rehearsal/kept_budgets.h"
#include "rules/rehearsal/timeline.h"

namespace highwater::rules {

class Rerun {
 public:
  explicit Rerun(RuleSet rules);
  Rerun(const Rerun&) = delete;
  Rerun& operator=(const Rerun&) = delete;

  // Never back, but after a gap.
  void judge(Now now, std::span<const ObservationPtr> news, bool after_gap);

  // What fired so far, in the order in which it began; times are since the first moment.
  [[nodiscard]] std::vector<Firing> firings() const { return timeline_.firings(); }
  // As they stand after the last moment.
  [[nodiscard]] std::vector<KeptBudget> budgets() const;
  [[nodiscard]] size_t pages() const { return timeline_.pages(); }
  [[nodiscard]] const RuleSet& rules() const { return rules_; }
  [[nodiscard]] const std::optional<WallTime>& start() const { return start_; }

 private:
  void begin_anew(Now now);
  void judge_until(SteadyTime until);
  void evaluate(Now now);
  [[nodiscard]] std::unique_ptr<Engine> make_engine();

  RuleSet rules_;
  uint64_t ids_ = 0;
  std::unique_ptr<Engine> engine_;
  Snapshot current_;
  Timeline timeline_;
  std::optional<WallTime> start_;
  Now last_;
  Duration at_{};  // of the last judgement, since the start
};

}  // namespace highwater::rules
