// Conditions: which rows of a measure's table meet a rule, and how its subjects stand. A subject is
// what an alert is about: a row, or with `per` all rows that agree in those dimensions. Used by the
// rule watches, on the pipeline's thread; pure.
//
// A poll of a healthy cluster costs one comparison per row here: no strings, no maps.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "agent/core/observation.h"
#include "rules/alert_rule.h"

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

// The dimensions of a scope's subjects: those of the measure, or `cluster` and those of `per`.
[[nodiscard]] std::vector<std::string_view> subject_dimensions(const Measure& measure,
                                                               const RowScope& scope);

// What follows from the keys alone: made anew only when the table's KeySet changes.
class RowIndex {
 public:
  RowIndex() = default;
  RowIndex(const Measure& measure, const RowScope& scope, std::shared_ptr<const KeySet> rows);

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
struct Survey {
  size_t selected = 0;
  size_t met = 0;
  size_t unknown = 0;
  std::optional<double> worst;  // of the known ones: what comes nearest to the condition, or most
                                // exceeds it
};

// Reads tables for one rule on one cluster and says how each subject stands. Keeps the rows that
// met the condition when they were last known: with `per` they hold a subject while they are
// unknown.
class Sampler {
 public:
  // The rule must outlive the sampler.
  explicit Sampler(const AlertRule& rule) : rule_(rule) {}

  // Takes up the newest tables; `right` is there when the rule compares two measures. True when the
  // subjects were numbered anew.
  bool read(const Source& left, const Source& right);
  // The rule was changed: everything but the last known state of rows is made anew.
  void rule_changed() { rows_outdated_ = true; }

  // In rising order; of the last read.
  [[nodiscard]] std::span<const uint32_t> met_subjects() const { return met_subjects_; }
  [[nodiscard]] Sample sample(uint32_t subject);
  // One pass over the rows of the last read.
  [[nodiscard]] Survey survey() const;
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
  void join(const std::shared_ptr<const KeySet>& right);
  void gather_met_rows();
  void gather_groups();
  void survey_groups();
  [[nodiscard]] double right_value(uint32_t row) const;
  [[nodiscard]] bool is_known(uint32_t row) const;
  [[nodiscard]] double worse(double a, double b) const;

  const AlertRule& rule_;
  bool rows_outdated_ = true;
  RowIndex index_;
  std::vector<uint32_t> join_;  // by row of the left table: the right one's row
  std::shared_ptr<const KeySet> join_rows_;
  std::shared_ptr<const KeySet> join_right_;
  Source left_;
  Source right_;
  std::vector<uint32_t> met_rows_;
  std::vector<uint32_t> lit_rows_;  // with `per`: they met when they were last known
  std::vector<uint32_t> met_subjects_;
  std::vector<Group> groups_;  // with `per`, by subject, when surveyed
  bool surveyed_ = false;
};

}  // namespace highwater::rules
