#include "exporters/http/lookup_budget.h"

namespace highwater::http {

bool LookupBudget::may_begin(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  while (!running_.empty() && now - running_.front() >= kLife) running_.pop_front();
  return running_.size() < kMost;
}

void LookupBudget::abandoned(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  running_.push_back(now);
}

}  // namespace highwater::http
