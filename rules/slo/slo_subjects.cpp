// Which subjects an SLO watch has budgets for. There are at most `max_entities`: when all are in
// use, the subject that has been away for longest makes room for a new one. See slo_watch.h.
#include <algorithm>

#include "rules/slo/slo_watch.h"

namespace highwater::rules {

void SloWatch::renumber(Now now, const ClusterView& view, AlertEvents& events) {
  const KeySet& subjects = *reader_.subjects();
  const std::vector<Budget*> before = std::move(by_subject_);
  for (Budget* budget : before) {
    if (budget != nullptr) budget->present = false;
  }
  ++numbering_;
  by_subject_.assign(subjects.rows(), nullptr);
  number_known(subjects, now.wall);
  for (Budget* budget : before) {
    if (budget == nullptr || budget->present) continue;
    end(*budget, gone_text(view, budget->entity), events);
    budget->held = {};
  }
  number_new(subjects, now);
}

void SloWatch::number_known(const KeySet& subjects, WallTime at) {
  const auto samples = reader_.samples();
  for (size_t subject = 0; subject < samples.size(); ++subject) {
    if (!samples[subject].present) continue;
    const auto known = by_entity_.find(Entity(subjects.dimensions(), subjects.row(subject)));
    if (known == by_entity_.end()) continue;
    Budget& budget = *known->second;
    // What was while it was away is unknown, or excluded.
    if (may_exclude(budget))
      count_around_exclusions(budget, at, at, false);
    else
      budget.curve.extend(at, {});
    budget.present = true;
    budget.restored = false;
    by_subject_[subject] = &budget;
  }
}

void SloWatch::number_new(const KeySet& subjects, Now now) {
  const auto samples = reader_.samples();
  left_out_ = 0;
  for (size_t subject = 0; subject < samples.size(); ++subject) {
    if (!samples[subject].present || by_subject_[subject] != nullptr) continue;
    if (budgets_.size() >= slo_.rule.max_entities && !make_room(now.steady)) {
      ++left_out_;
      continue;
    }
    Entity entity(subjects.dimensions(), subjects.row(subject));
    by_subject_[subject] = add(make_budget(std::move(entity), now.wall));
    by_subject_[subject]->present = true;
  }
  waits_for_room_ = left_out_ > 0 && !knows_who_left(now.steady);
}

// After a restart not everything is seen at once.
bool SloWatch::knows_who_left(SteadyTime now) const {
  return watched_from_ && now >= *watched_from_ + kRestoreGrace;
}

bool SloWatch::room_for_left_out(SteadyTime now) {
  return waits_for_room_ && knows_who_left(now);
}

// An absent subject has no alert, unless it is one of before a restart that was not seen yet.
bool SloWatch::make_room(SteadyTime now) {
  const bool all = knows_who_left(now);
  auto longest = budgets_.end();
  for (auto it = budgets_.begin(); it != budgets_.end(); ++it) {
    const Budget& budget = **it;
    if (budget.present || budget.alert != nullptr || (budget.restored && !all)) continue;
    if (longest == budgets_.end() || budget.curve.end() < (*longest)->curve.end()) longest = it;
  }
  if (longest == budgets_.end()) return false;
  by_entity_.erase((*longest)->entity);
  budgets_.erase(longest);
  return true;
}

}  // namespace highwater::rules
