// Windows: what a condition over a window compares. From the newest tables and what it remembers of
// earlier ones it makes a table that is judged like any other: how fast counters grow, the share of
// one counter's growth in another's, or what a measure was some time ago. One for each such rule
// and cluster; used by the sampler, on the pipeline's thread; no clock is read.
//
// Nothing is kept over a restart: until half of the window was seen a row is unknown, which freezes
// the alerts that were restored.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "rules/alerts/conditions.h"
#include "rules/alerts/history.h"
#include "rules/alerts/row_memory.h"

namespace highwater::rules {

// Rows (or with `per` sums of rows) that one rule can follow on one cluster; more are unknown.
constexpr size_t kMostWindowRows = 10'000;
// Less of a window that is known makes it unknown.
constexpr double kLeastKnownShare = 0.5;

class Windows {
 public:
  // The rule must outlive it, and may be changed in place.
  explicit Windows(const AlertRule& rule);
  ~Windows();
  Windows(const Windows&) = delete;
  Windows& operator=(const Windows&) = delete;

  // Takes up the newest tables. `right` is the total of a ratio. While there is no table of a
  // ratio's left measure, nothing of it was counted yet.
  void read(const Source& left, const Source& right);
  void rule_changed();

  // Of the last read: what is judged in place of the table that was read; its rows are the
  // subjects. Null: that table.
  [[nodiscard]] const Table* left() const { return left_.keys == nullptr ? nullptr : &left_; }
  // What it is compared with. Null: the threshold.
  [[nodiscard]] const Table* right() const { return right_.keys == nullptr ? nullptr : &right_; }
  // Which subjects have a row that the rule selects.
  [[nodiscard]] const std::vector<uint8_t>& covered() const { return covered_; }
  // Why rows that were read are unknown all the same: "2 are warming up"; empty: none is.
  [[nodiscard]] std::string unknown_because() const;

 private:
  class Slots;
  class Counter;

  void start();
  bool follow(const Source& rows);
  void read_counters(const Source& left, const Source& total);
  void follow_part(const std::shared_ptr<const KeySet>& rows);
  void read_past(const Source& left);
  void fill_rates();
  void fill_ratios();
  void fill_past(const Table& now);
  // Whether it is enough for a verdict; counts why not.
  bool suffices(std::span<const History::Course> courses, uint32_t slot);
  void count_unknown(uint32_t slot, bool young);

  const AlertRule& rule_;
  // What the memory is of: when the rule is changed in this, it starts again.
  Condition of_;
  bool outdated_ = true;
  RowIndex index_;
  std::shared_ptr<const KeySet> keys_;  // of the subjects, in the order of the left dimensions
  std::vector<uint8_t> covered_;
  std::unique_ptr<Slots> slots_;   // of the subjects
  std::unique_ptr<Counter> base_;  // whose rows the subjects are: of a ratio the total
  std::unique_ptr<Counter> part_;  // of a ratio the left one
  RowIndex part_index_;
  std::vector<uint32_t> part_slots_;  // by its subjects
  std::unique_ptr<History> values_;   // of a condition on the past
  ObservationPtr values_from_;        // its last reading
  Table left_;
  Table right_;
  size_t warming_ = 0;
  size_t gaps_ = 0;
  size_t left_out_ = 0;
};

}  // namespace highwater::rules
