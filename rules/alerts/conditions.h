// Conditions: which rows of a measure's table meet a rule, and how its subjects stand. A subject is
// what an alert is about: a row, or with `per` all rows that agree in those dimensions. Used by the
// rule watches, on the pipeline's thread; pure.
//
// A poll of a healthy cluster costs one comparison per row here: no strings, no maps.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/observation.h"
#include "rules/alerts/alert_rule.h"

namespace highwater::rules {

enum class Verdict : uint8_t {
  met,
  clear,     // known, and the condition does not hold
  unknown,   // frozen: neither fires nor resolves
  gone,      // its row is not in the table any more
  excluded,  // a changed rule does not look at it any more
};

struct Sample {
  Verdict verdict = Verdict::unknown;
  double value = 0;  // of a met subject with several rows: the worst one's
  size_t count = 0;  // rows that meet the condition
};

// A measure's table and the observation it stands in; both null when there is none.
struct Source {
  const Table* table = nullptr;
  ObservationPtr observation;
};

// In the first observation that has one.
[[nodiscard]] Source find_source(std::span<const ObservationPtr> observations,
                                 const Measure& measure);

// The first dimension that differs between the rows of one subject, as a place in the measure's;
// nothing when none does.
[[nodiscard]] std::optional<size_t> varying_dimension(const Measure& measure,
                                                      const RowScope& scope);

// The dimensions of a scope's subjects: those of the measure, or `cluster` and those of `per`.
[[nodiscard]] std::vector<std::string_view> subject_dimensions(const Measure& measure,
                                                               const RowScope& scope);

// The same scope in the dimensions of another measure, which has all that it names.
[[nodiscard]] RowScope translated_scope(const RowScope& scope, const Measure& from,
                                        const Measure& to);

// What follows from the keys alone: made anew only when the table's KeySet changes.
class RowIndex {
 public:
  RowIndex() = default;
  RowIndex(const Measure& measure, const RowScope& scope, std::shared_ptr<const KeySet> rows);
  // Rows that are the subjects, of which those that are marked count.
  RowIndex(std::shared_ptr<const KeySet> subjects, std::vector<uint8_t> selected)
      : rows_(std::move(subjects)), subjects_(rows_), selected_(std::move(selected)) {}

  [[nodiscard]] const std::shared_ptr<const KeySet>& rows() const { return rows_; }
  [[nodiscard]] const std::shared_ptr<const KeySet>& subjects() const { return subjects_; }
  [[nodiscard]] bool selected(size_t row) const { return selected_.empty() || selected_[row] != 0; }
  [[nodiscard]] uint32_t subject_of(uint32_t row) const {
    return subject_of_.empty() ? row : subject_of_[row];
  }

 private:
  void select(const RowScope& scope);
  void group(const Measure& measure, const RowScope& scope);

  std::shared_ptr<const KeySet> rows_;
  std::shared_ptr<const KeySet> subjects_;  // rows_ itself without `per`
  std::vector<uint8_t> selected_;           // empty: all
  std::vector<uint32_t> subject_of_;        // by row; empty without `per`
};

// All rows that a rule looks at, at one glance.
struct RowCounts {
  size_t selected = 0;
  size_t met = 0;
  size_t unknown = 0;
  std::optional<double> worst;  // of the known ones: what comes nearest to the condition, or most
                                // exceeds it
  std::string because;          // why rows are unknown that can be read: "2 warming up ..."
};

// A row that a rule looks at, as it was last read. Its cells live as long as the reading's keys.
struct RowReading {
  std::span<const Symbol> cells;
  Verdict verdict = Verdict::unknown;  // met, clear or unknown
  double value = 0;
  Unknown reason = Unknown::known;
};
struct RowReadings {
  std::shared_ptr<const KeySet> keys;  // null: nothing was read
  std::vector<RowReading> rows;
};
class Windows;
// What the rows of a subject with `per` have in the first dimension that is not in it.
struct MetRows {
  std::vector<Symbol> names;  // the first different ones, kNamesInText at most
  size_t count = 0;           // how many different ones there are
  double sum = 0;             // of the rows' values
};

// Rows by their cells.
using HeldRows = std::vector<std::vector<Symbol>>;
constexpr size_t kMostHeldRows = 100;

// Reads tables for one rule on one cluster and says how each subject stands. Keeps the rows that
// met the condition when they were last known: with `per` they hold a subject while they are
// unknown.
class Sampler {
 public:
  // The rule must outlive the sampler.
  explicit Sampler(const AlertRule& rule);
  ~Sampler();

  // Takes up the newest tables; `right` is there when the rule compares two measures. True when the
  // subjects were numbered anew.
  bool read(const Source& left, const Source& right);
  // Nothing can be judged, but a ratio's total goes on.
  void read_total(const Source& total);
  // The rule was changed: everything but the last known state of rows is made anew.
  void rule_changed();

  // In rising order; of the last read.
  [[nodiscard]] std::span<const uint32_t> met_subjects() const { return met_subjects_; }
  [[nodiscard]] Sample sample(uint32_t subject);
  // The rows that meet the condition; of rules with `per`.
  [[nodiscard]] MetRows met_rows(uint32_t subject);
  // With `per`: which rows hold the subject, for they met when they were last known; the first
  // kMostHeldRows of them. So that a restart does not take what it cannot read for what is well.
  [[nodiscard]] HeldRows held_rows(uint32_t subject) const;
  // ... and takes them over: they hold their subjects until they are known, and so do those that
  // are not there yet.
  void take_over(HeldRows rows);
  [[nodiscard]] bool awaits_rows() const { return !awaited_.empty(); }
  // Does not wait any longer for those that are gone.
  void forget_awaited(const std::function<bool(const Entity&)>& is_gone);
  // One pass over the rows of the last read.
  [[nodiscard]] RowCounts row_counts() const;
  // The same row by row; row_readings.cpp.
  [[nodiscard]] RowReadings readings() const;
  // Null before the first read.
  [[nodiscard]] const std::shared_ptr<const KeySet>& subjects() const { return index_.subjects(); }

 private:
  struct Group {
    Sample met;
    Sample others;  // the known rows that do not meet; `count` is how many
    size_t selected = 0;
    bool held = false;  // a row that met before is unknown now
  };

  void take_up_keys(const std::shared_ptr<const KeySet>& rows);
  void find_awaited();
  [[nodiscard]] std::optional<uint32_t> subject_of(const std::vector<Symbol>& cells) const;
  void join(const std::shared_ptr<const KeySet>& right);
  void gather_met_rows();
  void gather_groups();
  void survey_groups();
  [[nodiscard]] double right_value(uint32_t row) const;
  [[nodiscard]] bool is_known(uint32_t row) const;
  [[nodiscard]] Unknown reason(uint32_t row) const;
  [[nodiscard]] double worse(double a, double b) const;
  // Whether several rows are one subject.
  [[nodiscard]] bool groups_rows() const { return rule_.aggregated && !rule_.when.adds_up_rows(); }

  const AlertRule& rule_;
  std::unique_ptr<Windows> windows_;  // of a condition over a window
  bool rows_outdated_ = true;
  RowIndex index_;
  std::vector<uint32_t> join_;  // by row of the left table: the right one's row
  std::shared_ptr<const KeySet> join_rows_;
  std::shared_ptr<const KeySet> join_right_;
  Source left_;
  Source right_;
  std::vector<uint32_t> met_rows_;
  std::vector<uint32_t> last_met_rows_;  // with `per`: they met when they were last known
  HeldRows awaited_;                     // of before a restart, and not in the table yet
  std::vector<uint32_t> met_subjects_;
  std::vector<Group> groups_;  // with `per`, by subject, when surveyed
  bool surveyed_ = false;
  // Subject and row of those that met, in that order; made when first asked for.
  std::optional<std::vector<std::pair<uint32_t, uint32_t>>> met_by_subject_;
};

}  // namespace highwater::rules
