// BudgetCurve: what one budget has gone through, as cumulative sums over the wall clock: how much
// was bad, how much there was, for how long it was known. The sums of any window are a difference
// of two points of the curve. One per SLO and entity; owned by its SLO watch, on the pipeline's
// thread; no clock is read.
//
// Between two points the sums grow in a straight line, so a point is needed only where the slope
// changes: memory grows with what went wrong, not with the window. Points of the last three days
// lie as they were measured, at most one per minute; older ones are thinned to one per hour.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/time.h"

namespace highwater::rules {

// Of a time SLI `bad` and `total` are seconds; of an event SLI they are events. `known` is the time
// that could be judged; what is missing from the window's length is unknown.
struct Sums {
  double bad = 0;
  double total = 0;
  Duration known{};
};

class BudgetCurve {
 public:
  // Nothing is known before `first`.
  explicit BudgetCurve(WallTime first);

  // What happened between the end and `until`, evenly spread. `until` is not before the end (then
  // nothing happens), bad <= total, known <= the time passed; all of them finite and not negative.
  void extend(WallTime until, const Sums& happened);

  // Between two times; what lies outside of the curve is unknown. Within the curve exact to the
  // minute in the last three days, to the hour before.
  [[nodiscard]] Sums between(WallTime from, WallTime to) const;

  [[nodiscard]] WallTime begin() const;
  [[nodiscard]] WallTime end() const;

  // Thins what is older than three days and forgets what is older than `keep`; the sums of what is
  // kept stay as they were.
  void thin(WallTime now, Duration keep);

  [[nodiscard]] size_t points() const { return points_.size(); }
  [[nodiscard]] size_t bytes() const;  // of heap and object

  // For the store: binary, little endian, with a version; decode refuses anything that a curve
  // cannot be, in bounded memory.
  [[nodiscard]] std::string encode() const;
  [[nodiscard]] static Result<BudgetCurve> decode(std::string_view bytes);

 private:
  struct Point {
    WallTime at;
    Sums until;  // cumulative since the curve's begin
  };
  std::vector<Point> points_;  // rising; at least one
};

}  // namespace highwater::rules
