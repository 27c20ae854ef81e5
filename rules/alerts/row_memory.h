// RowMemory: a value for each row of a table, carried along when the rows change. What belongs to a
// row that left is kept for a while, so that a series that comes back goes on where it was.
// Bounded; used by the windows, on the pipeline's thread.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "agent/core/table.h"
#include "agent/core/time.h"

namespace highwater::rules {

constexpr size_t kMostAbsentRows = 10'000;

template <class Value>
class RowMemory {
 public:
  // `none` is what a new row has; it is not remembered.
  explicit RowMemory(Value none) : none_(none) {}

  // Numbers the values by the rows of `keys`; rows that have been away for longer than `keep` are
  // forgotten, and when there are too many the longest absent make room. Returns what was
  // forgotten.
  std::vector<Value> follow(const std::shared_ptr<const KeySet>& keys, SteadyTime now,
                            Duration keep) {
    std::vector<Value> forgotten;
    if (keys == keys_) return forgotten;
    std::vector<Value> values(keys->rows(), none_);
    bring_back(*keys, now, keep, values, forgotten);
    for (size_t row = 0; row < values_.size(); ++row) {
      if (is_none(values_[row])) continue;
      const auto cells = keys_->row(row);
      if (const auto found = keys->find(cells))
        values[*found] = values_[row];
      else
        absent_.push_back({{cells.begin(), cells.end()}, values_[row], now});
    }
    if (absent_.size() > kMostAbsentRows) {
      const auto end = absent_.begin() + static_cast<ptrdiff_t>(absent_.size() - kMostAbsentRows);
      for (auto it = absent_.begin(); it != end; ++it) forgotten.push_back(it->value);
      absent_.erase(absent_.begin(), end);
    }
    values_ = std::move(values);
    keys_ = keys;
    return forgotten;
  }

  [[nodiscard]] const std::vector<Value>& values() const { return values_; }
  [[nodiscard]] Value& operator[](size_t row) { return values_[row]; }
  [[nodiscard]] const Value& operator[](size_t row) const { return values_[row]; }

 private:
  struct Absent {
    std::vector<Symbol> cells;
    Value value;
    SteadyTime since;
  };

  void bring_back(const KeySet& keys, SteadyTime now, Duration keep, std::vector<Value>& values,
                  std::vector<Value>& forgotten) {
    std::erase_if(absent_, [&](const Absent& absent) {
      if (const auto found = keys.find(absent.cells)) {
        values[*found] = absent.value;
        return true;
      }
      if (now - absent.since <= keep) return false;
      forgotten.push_back(absent.value);
      return true;
    });
  }
  // NaN is none as well.
  [[nodiscard]] bool is_none(const Value& value) const {
    return value == none_ || !(value == value);  // NOLINT(misc-redundant-expression)
  }

  Value none_;
  std::shared_ptr<const KeySet> keys_;
  std::vector<Value> values_;
  std::vector<Absent> absent_;  // the longest absent first
};

}  // namespace highwater::rules
