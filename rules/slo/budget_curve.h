// BudgetCurve: what one budget has gone through, as cumulative sums over the wall clock: how much
// was counted by its first counter, how much there was, for how long it was known. The sums of any
// window are a difference of two points of the curve. One per SLO and entity; owned by its SLO
// watch, on the pipeline's thread; no clock is read.
//
// The sums are kept at full minutes, in thousandths (milliseconds, or thousandths of an event), and
// grow in a straight line between two points: a point is needed only where the slope changes, so
// memory grows with what went wrong, not with the window. A healthy time SLI is a handful of
// points, however its polls jitter; one of events whose rate varies has a point a minute. What is
// older than three days is thinned to full hours.
//
// Two counters are compared over a window, never step by step: one of them may be read later than
// the other. A step may hold bad events without a total; what of a window exceeds the window's
// total is no part of its sums.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/time.h"
#include "rules/slo/budget_points.h"

namespace highwater::rules {

// Of a time SLI `bad` and `total` are seconds; of an event SLI they are events. `known` is the time
// that could be judged; what is missing from the window's length is unknown.
struct Sums {
  double bad = 0;
  double total = 0;
  Duration known{};
};

// What grew, as it was counted: `first` may exceed `total`.
struct Counted {
  double first = 0;  // seconds or events, bad ones or good ones: BudgetCurve::First
  double total = 0;
  Duration known{};
};

class BudgetCurve {
 public:
  enum class First : uint8_t { bad, good };

  // Nothing is known before `begin`.
  explicit BudgetCurve(WallTime begin, First first = First::bad);

  // What happened between the end and `until`, evenly spread. When no time has passed (`until` is
  // the end or before it), nothing is added. What cannot be is bounded: negative or not finite is
  // 0, each number at most 1e15, known <= the time passed.
  void extend(WallTime until, const Counted& happened);

  // Notes that this time counts for nothing: it is not missing where it is not known. Behind what
  // was noted before; at most kMostExcluded stretches, of which the oldest are forgotten first.
  void exclude(WallTime from, WallTime until);
  static constexpr size_t kMostExcluded = 2000;
  // Each interval of it between two times, as visit(from, until).
  template <class Visit>
  void for_each_excluded(WallTime from, WallTime to, Visit visit) const {
    for (const Interval& one : excluded_) {
      if (one.from < to && one.until > from)
        visit(std::max(one.from, from), std::min(one.until, to));
    }
  }

  // Between two times; what lies outside of the curve is unknown. Exact to five thousandths where
  // each of the two is a full minute of the last three days, a full hour before those, or the end
  // of the curve; in between the sums are spread evenly. O(log n).
  [[nodiscard]] Sums between(WallTime from, WallTime to) const;
  // The same as it was counted.
  [[nodiscard]] Counted counted(WallTime from, WallTime to) const;

  [[nodiscard]] First first() const { return first_; }
  // The same history of a curve that counts the others of its events.
  [[nodiscard]] BudgetCurve counting(First first) const;

  [[nodiscard]] WallTime begin() const;  // to the millisecond, rounded down
  [[nodiscard]] WallTime end() const { return end_; }

  // The first point after this time, the end at last: from one to the next all sums grow in a
  // straight line.
  [[nodiscard]] WallTime next_point(WallTime after) const;

  // Thins what is older than three days, and forgets what is older than `keep` in pieces of 64
  // points. For every tick: there is work once an hour, with what has become old since.
  void thin(WallTime now, Duration keep);

  [[nodiscard]] size_t points() const;
  [[nodiscard]] size_t bytes() const;  // of heap and object

  // For the store: binary, little endian, with a version; decode refuses anything that a curve
  // cannot be, and takes no more memory than twice its input.
  [[nodiscard]] std::string encode() const;
  [[nodiscard]] static Result<BudgetCurve> decode(std::string_view bytes);

 private:
  struct Interval {
    WallTime from;
    WallTime until;
  };

  void close_minute(int64_t at, const BudgetTotals& sums);
  [[nodiscard]] BudgetTotals sums_at(WallTime time) const;
  [[nodiscard]] bool consistent() const;

  BudgetPoints points_;  // up to where the slope last changed
  BudgetPoint last_;     // the last full minute, or the begin; moves on along the line of slope_
  BudgetTotals slope_;   // a millisecond's, from the last of points_
  BudgetTotals closed_;  // at last_, not rounded
  BudgetTotals ended_;   // at end_, not rounded
  WallTime end_;
  std::vector<Interval> excluded_;  // apart from each other, the oldest first
  int64_t thinned_until_;           // a full hour, or the begin
  First first_;
};

// What of it is bad; of good events that is what is missing from the total.
[[nodiscard]] Sums sums_of(const Counted& counted, BudgetCurve::First first);

}  // namespace highwater::rules
