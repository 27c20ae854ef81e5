#include "rules/rehearsal/rerun.h"

#include <algorithm>
#include <utility>

namespace highwater::rules {
namespace {

// As in the pipeline: a deadline that stays in the past must not become a busy loop.
constexpr Duration kShortestWait = std::chrono::milliseconds(50);

}  // namespace

Rerun::Rerun(RuleSet rules) : rules_(std::move(rules)), engine_(make_engine()) {}

std::unique_ptr<Engine> Rerun::make_engine() {
  return std::make_unique<Engine>(rules_, [this] {
    TraceId id;
    ++ids_;
    for (size_t i = 0; i < 8; ++i) id.bytes[15 - i] = static_cast<uint8_t>(ids_ >> (8 * i));
    return id;
  });
}

void Rerun::judge(Now now, std::span<const ObservationPtr> news, bool after_gap) {
  if (!start_) {
    start_ = now.wall;
  } else if (after_gap) {
    begin_anew(now);
  } else {
    judge_until(now.steady);
  }
  for (const ObservationPtr& one : news) current_.observations[{one->cluster, one->part}] = one;
  evaluate(now);
}

void Rerun::begin_anew(Now now) {
  const std::vector<StateRecord> state = engine_->state(last_, true);
  engine_ = make_engine();
  // All of it was written by this program.
  (void)engine_->restore(state, now);
  current_ = {};
}

void Rerun::judge_until(SteadyTime until) {
  while (const std::optional<SteadyTime> deadline = engine_->next_deadline()) {
    const SteadyTime due = std::max(*deadline, last_.steady + kShortestWait);
    if (due >= until) return;
    evaluate({due, last_.wall + (due - last_.steady)});
  }
}

void Rerun::evaluate(Now now) {
  const Report report = engine_->evaluate(std::make_shared<const Snapshot>(current_), now);
  last_ = now;
  // The wall clock may have been set back.
  at_ = std::max(at_, now.wall - *start_);
  timeline_.take(report, at_);
}

std::vector<KeptBudget> Rerun::budgets() const {
  return kept_budgets(*engine_, rules_.slos, last_);
}

}  // namespace highwater::rules
