// AbsentSeries: the counters of one source that were on its page and are not any more. A series
// that comes back goes on from the value it left with; taken for a new one, all it ever counted
// would be counted once more. Part of the interpreter, on its thread; pure.
//
// Bounded: the longest absent is forgotten first, and each after a day.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>

#include "agent/core/time.h"

namespace highwater::sources {

class AbsentSeries {
 public:
  static constexpr size_t kMost = 20'000;
  static constexpr Duration kRemembered = std::chrono::hours(24);

  // `now` never goes back.
  void add(uint64_t series, double last, SteadyTime now) {
    take(series, now);
    if (by_series_.size() >= kMost) forget_first();
    order_.push_back({series, last, now});
    by_series_[series] = std::prev(order_.end());
  }

  // The value it left with, when it is remembered; it is absent no more.
  std::optional<double> take(uint64_t series, SteadyTime now) {
    while (!order_.empty() && now - order_.front().since > kRemembered) forget_first();
    const auto found = by_series_.find(series);
    if (found == by_series_.end()) return std::nullopt;
    const double last = found->second->last;
    order_.erase(found->second);
    by_series_.erase(found);
    return last;
  }

  [[nodiscard]] size_t size() const { return by_series_.size(); }

 private:
  struct Left {
    uint64_t series = 0;
    double last = 0;
    SteadyTime since;
  };

  void forget_first() {
    by_series_.erase(order_.front().series);
    order_.pop_front();
  }

  std::list<Left> order_;  // the longest absent first
  std::unordered_map<uint64_t, std::list<Left>::iterator> by_series_;
};

}  // namespace highwater::sources
