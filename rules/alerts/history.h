// History: the last readings of many rows, thinned to about sixty over its length. What a window of
// a condition is computed from. Used by the windows, on the pipeline's thread; pure.
//
// A reading is a column: one moment, one value for each slot (a number that somebody gave to a
// row). Between two columns the time is known as far as the readings were no further apart than a
// reading speaks for.
#pragma once

#include <cmath>
#include <cstdint>
#include <deque>
#include <limits>
#include <span>
#include <vector>

#include "agent/core/time.h"

namespace highwater::rules {

constexpr int kMostColumns = 60;

class History {
 public:
  explicit History(Duration length) : length_(length) {}

  // Values by slot, NaN where unknown. `known` says that the time since the reading before is. What
  // is not newer than the last reading is ignored.
  void add(SteadyTime at, bool known, std::vector<double> values);
  // Another row has that slot from now on.
  void forget(size_t slot);

  // What a slot's value did within the length, up to the last reading. Where no value is known so
  // far back it begins with the first one; where the window begins between two values they are
  // joined by a line.
  struct Course {
    double growth = 0;
    double seconds = 0;  // from its begin to the last reading; 0 when that is unknown
    double known = 0;    // seconds of the length
    bool young = false;  // it did not begin before the window
  };
  // By slot, for `slots` of them.
  [[nodiscard]] std::vector<Course> courses(size_t slots) const;

  // What the value was when the length began.
  struct Past {
    double value = std::numeric_limits<double>::quiet_NaN();  // NaN: unknown
    bool young = false;                                       // no reading is that old
  };
  [[nodiscard]] std::vector<Past> pasts(size_t slots) const;

  [[nodiscard]] Duration length() const { return length_; }
  [[nodiscard]] size_t columns() const { return columns_.size(); }

 private:
  struct Column {
    SteadyTime at;
    Duration known{};      // of the time since the column before
    bool complete = true;  // no value is unknown
    std::vector<double> values;

    [[nodiscard]] double value(size_t slot) const {
      return slot < values.size() ? values[slot] : std::numeric_limits<double>::quiet_NaN();
    }
    [[nodiscard]] bool has(size_t slot) const { return !std::isnan(value(slot)); }
  };
  struct Begin {
    SteadyTime at;
    double value = 0;
    bool young = false;
  };
  [[nodiscard]] Begin begin_of(size_t slot, SteadyTime edge) const;

  Duration length_;
  std::deque<Column> columns_;
};

}  // namespace highwater::rules
