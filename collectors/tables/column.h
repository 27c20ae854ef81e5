// Column: a Table that grows row by row while its KeyTracker collects the rows. Used by the
// interpreters, on the interpreter's thread.
#pragma once

#include <algorithm>
#include <cassert>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "agent/core/observation.h"

namespace highwater::collectors {

constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

// For how many seconds something has gone on that is there at this moment. Never 0, which says that
// there is nothing of the kind: an alert of before a restart would end by it.
[[nodiscard]] inline double seconds_so_far(Duration duration) {
  constexpr double kJustSeen = 0.001;
  return std::max(kJustSeen, to_seconds(duration));
}

class Column {
 public:
  Column(const Measure& measure, size_t expected_rows) : measure_(&measure) {
    values_.reserve(expected_rows);
  }

  // The next row. With a reason it is unknown, and `value` is the last one known (kNoValue: none).
  // Inlined by force: it is called for every number of every poll, from many places.
  [[gnu::always_inline]] void add(double value, Unknown reason = Unknown::known) {
    if (reason != Unknown::known || !unknown_.empty()) [[unlikely]]
      add_reason(reason);
    values_.push_back(value);
  }

  // Takes back what was said of a known row.
  void replace(size_t row, double value, Unknown reason = Unknown::known) {
    values_[row] = value;
    if (reason == Unknown::known) return;
    unknown_.resize(values_.size(), Unknown::known);
    unknown_[row] = reason;
  }
  [[nodiscard]] size_t size() const { return values_.size(); }
  [[nodiscard]] bool known(size_t row) const {
    return unknown_.empty() || unknown_[row] == Unknown::known;
  }

  [[nodiscard]] Table build(std::shared_ptr<const KeySet> keys) && {
    assert(keys->rows() == values_.size());
    return {measure_, std::move(keys), std::move(values_), std::move(unknown_)};
  }

 private:
  void add_reason(Unknown reason);

  const Measure* measure_;
  std::vector<double> values_;
  std::vector<Unknown> unknown_;
};

// A table of one row.
inline void add_single_row(Observation& observation, const Measure& measure,
                           std::shared_ptr<const KeySet> keys, double value,
                           Unknown reason = Unknown::known) {
  Column column(measure, 1);
  column.add(value, reason);
  observation.tables.push_back(std::move(column).build(std::move(keys)));
}

}  // namespace highwater::collectors
