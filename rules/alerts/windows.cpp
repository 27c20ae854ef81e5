#include "rules/alerts/windows.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

namespace highwater::rules {
namespace {

constexpr uint32_t kNoSlot = UINT32_MAX;
// A counter that was away for less goes on where it was.
constexpr Duration kCounterMemory = std::chrono::hours(24);
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// These are no fault of the reading: there is nothing that could be counted.
bool is_nothing(Unknown reason) {
  return reason == Unknown::no_commit || reason == Unknown::unsupported;
}

bool is_value(const Table& table, size_t row) {
  return table.known(row) && !std::isnan(table.values[row]);
}

// Rows that are unknown until they are set. Their dimensions may be fewer than the measure's.
Table unknown_rows(const Measure& measure, const std::shared_ptr<const KeySet>& keys) {
  Table table{&measure, keys, std::vector<double>(keys->rows(), kUnknown), {}};
  table.unknown.assign(keys->rows(), Unknown::not_asked);
  return table;
}

void set(Table& table, size_t row, double value) {
  table.values[row] = value;
  table.unknown[row] = Unknown::known;
}

// The same rows with their cells in another order of dimensions.
std::shared_ptr<const KeySet> reordered(const std::shared_ptr<const KeySet>& keys,
                                        const std::vector<std::string_view>& dimensions) {
  if (std::ranges::equal(keys->dimensions(), dimensions)) return keys;
  std::vector<size_t> places;
  for (const std::string_view dimension : dimensions) {
    const auto found = std::ranges::find(keys->dimensions(), dimension);
    places.push_back(static_cast<size_t>(found - keys->dimensions().begin()));
  }
  std::vector<Symbol> cells;
  cells.reserve(keys->rows() * places.size());
  for (size_t row = 0; row < keys->rows(); ++row) {
    for (const size_t place : places) cells.push_back(keys->row(row)[place]);
  }
  return std::make_shared<const KeySet>(dimensions, std::move(cells));
}

}  // namespace

// Gives each subject that is covered a number, and keeps it while the subject is away for less than
// the window.
class Windows::Slots {
 public:
  void follow(const std::shared_ptr<const KeySet>& subjects, std::span<const uint8_t> covered,
              SteadyTime now, Duration keep) {
    fresh_.clear();
    for (const uint32_t slot : slots_.follow(subjects, now, keep)) free_.push_back(slot);
    for (size_t subject = 0; subject < covered.size(); ++subject) {
      if (covered[subject] == 0 || slots_[subject] != kNoSlot) continue;
      if (!free_.empty()) {
        slots_[subject] = free_.back();
        free_.pop_back();
      } else if (count_ < kMostWindowRows) {
        slots_[subject] = static_cast<uint32_t>(count_++);
      } else {
        continue;
      }
      fresh_.push_back(slots_[subject]);
    }
  }
  [[nodiscard]] uint32_t operator[](size_t subject) const { return slots_[subject]; }
  [[nodiscard]] const std::vector<uint32_t>& all() const { return slots_.values(); }
  [[nodiscard]] size_t count() const { return count_; }
  // Given out by the last call of follow().
  [[nodiscard]] std::span<const uint32_t> fresh() const { return fresh_; }

 private:
  RowMemory<uint32_t> slots_{kNoSlot};
  std::vector<uint32_t> free_;
  std::vector<uint32_t> fresh_;
  size_t count_ = 0;
};

// What a counter's rows have grown by since they were first read, added up by slot. A counter that
// went down was reset and counts from zero.
class Windows::Counter {
 public:
  Counter(const Measure& measure, Duration window) : measure_(measure), history_(window) {}

  void select(RowScope scope) { scope_ = std::move(scope); }
  [[nodiscard]] RowIndex index_of(const std::shared_ptr<const KeySet>& rows) const {
    return {measure_, scope_, rows};
  }
  void start_slots(std::span<const uint32_t> fresh, size_t count) {
    grown_.resize(count, 0);
    for (const uint32_t slot : fresh) {
      grown_[slot] = 0;
      history_.forget(slot);
    }
  }
  // `slot_of` is by the index's subjects. Where `total` is given, a slot without rows has counted
  // nothing, and a new row counts from zero, unless it says more than there was in total.
  void read(const Table* table, const ObservationPtr& observation, const RowIndex& index,
            std::span<const uint32_t> slot_of, const Counter* total);
  [[nodiscard]] const History& history() const { return history_; }

 private:
  const Measure& measure_;
  RowScope scope_;
  History history_;
  ObservationPtr from_;  // the last reading
  RowMemory<double> last_{kUnknown};
  std::vector<double> grown_;
};

void Windows::Counter::read(const Table* table, const ObservationPtr& observation,
                            const RowIndex& index, std::span<const uint32_t> slot_of,
                            const Counter* total) {
  if (observation == from_) return;
  const SteadyTime at = observation->at.steady;
  const bool known = from_ != nullptr && !is_stale(*from_, at);
  from_ = observation;
  std::vector<uint8_t> counted(grown_.size(), total != nullptr ? 1 : 0);
  std::vector<uint8_t> missing(grown_.size(), 0);
  if (table != nullptr) (void)last_.follow(table->keys, at, kCounterMemory);
  for (uint32_t row = 0; table != nullptr && row < table->rows(); ++row) {
    if (!index.selected(row)) continue;
    const uint32_t slot = slot_of[index.subject_of(row)];
    if (slot == kNoSlot) continue;
    if (!is_value(*table, row)) {
      if (!is_nothing(table->reason(row))) missing[slot] = 1;
      continue;
    }
    const double value = table->values[row];
    double& last = last_[row];
    if (std::isnan(last)) last = total != nullptr && value <= total->grown_[slot] ? 0 : value;
    grown_[slot] += value >= last ? value - last : value;
    last = value;
    counted[slot] = 1;
  }
  std::vector<double> values = grown_;
  for (size_t slot = 0; slot < values.size(); ++slot) {
    if (counted[slot] == 0 || missing[slot] != 0) values[slot] = kUnknown;
  }
  history_.add(at, known, std::move(values));
}

Windows::Windows(const AlertRule& rule) : rule_(rule) {
  start();
}

Windows::~Windows() = default;

void Windows::start() {
  of_ = rule_.when;
  slots_ = std::make_unique<Slots>();
  base_.reset();
  part_.reset();
  values_.reset();
  values_from_.reset();
  part_index_ = {};
  left_ = {};
  right_ = {};
  rule_changed();
}

void Windows::rule_changed() {
  const Condition& when = rule_.when;
  if (when.kind != of_.kind || when.left != of_.left || when.right != of_.right ||
      when.window != of_.window)
    return start();
  outdated_ = true;
  const auto renew = [&](std::unique_ptr<Counter>& counter, const Measure& measure,
                         RowScope scope) {
    if (counter == nullptr) counter = std::make_unique<Counter>(measure, when.window);
    counter->select(std::move(scope));
  };
  switch (when.kind) {
    case ConditionKind::value:
      return;
    case ConditionKind::past:
      if (values_ == nullptr) values_ = std::make_unique<History>(when.window);
      return;
    case ConditionKind::rate:
      return renew(base_, *when.left, rule_);
    case ConditionKind::ratio:
      renew(base_, *when.right, translated_scope(rule_, *when.left, *when.right));
      return renew(part_, *when.left, rule_);
  }
}

void Windows::read(const Source& left, const Source& right) {
  warming_ = 0;
  gaps_ = 0;
  left_out_ = 0;
  switch (rule_.when.kind) {
    case ConditionKind::value:
      return;
    case ConditionKind::rate:
    case ConditionKind::ratio:
      read_counters(left, right);
      return;
    case ConditionKind::past:
      read_past(left);
      return;
  }
}

// Numbers the subjects. True when their rows are not those of before.
bool Windows::follow(const Source& rows) {
  if (!outdated_ && rows.table->keys == index_.rows()) return false;
  outdated_ = false;
  const Condition& when = rule_.when;
  if (base_ != nullptr) {
    index_ = base_->index_of(rows.table->keys);
  } else {
    RowScope each = rule_;
    each.aggregated = false;
    index_ = RowIndex(*when.left, each, rows.table->keys);
  }
  covered_.assign(index_.subjects()->rows(), 0);
  for (uint32_t row = 0; row < rows.table->rows(); ++row) {
    if (index_.selected(row)) covered_[index_.subject_of(row)] = 1;
  }
  keys_ = base_ == nullptr ? index_.rows()
                           : reordered(index_.subjects(), subject_dimensions(*when.left, rule_));
  slots_->follow(keys_, covered_, rows.observation->at.steady, when.window);
  if (values_ != nullptr) {
    for (const uint32_t slot : slots_->fresh()) values_->forget(slot);
  }
  if (base_ != nullptr) base_->start_slots(slots_->fresh(), slots_->count());
  if (part_ != nullptr) part_->start_slots(slots_->fresh(), slots_->count());
  return true;
}

void Windows::read_counters(const Source& left, const Source& total) {
  const bool is_ratio = rule_.when.kind == ConditionKind::ratio;
  const Source& rows = is_ratio ? total : left;
  const bool anew = follow(rows);
  base_->read(rows.table, rows.observation, index_, slots_->all(), nullptr);
  if (!is_ratio) return fill_rates();
  if (left.table == nullptr) {
    part_->read(nullptr, total.observation, {}, {}, base_.get());
  } else {
    if (anew || left.table->keys != part_index_.rows()) follow_part(left.table->keys);
    part_->read(left.table, left.observation, part_index_, part_slots_, base_.get());
  }
  fill_ratios();
}

void Windows::follow_part(const std::shared_ptr<const KeySet>& rows) {
  part_index_ = part_->index_of(rows);
  part_slots_.clear();
  const KeySet& subjects = *part_index_.subjects();
  for (size_t subject = 0; subject < subjects.rows(); ++subject) {
    const auto found = keys_->find(subjects.row(subject));
    part_slots_.push_back(found ? (*slots_)[*found] : kNoSlot);
  }
}

void Windows::fill_rates() {
  const std::vector<History::Course> courses = base_->history().courses(slots_->count());
  left_ = unknown_rows(*rule_.when.left, keys_);
  for (size_t subject = 0; subject < keys_->rows(); ++subject) {
    if (covered_[subject] == 0) continue;
    const uint32_t slot = (*slots_)[subject];
    if (suffices(courses, slot)) set(left_, subject, courses[slot].growth / courses[slot].seconds);
  }
}

void Windows::fill_ratios() {
  const std::vector<History::Course> totals = base_->history().courses(slots_->count());
  const std::vector<History::Course> parts = part_->history().courses(slots_->count());
  const bool less = rule_.when.comparison == Comparison::less ||
                    rule_.when.comparison == Comparison::less_or_equal;
  left_ = unknown_rows(*rule_.when.left, keys_);
  for (size_t subject = 0; subject < keys_->rows(); ++subject) {
    if (covered_[subject] == 0) continue;
    const uint32_t slot = (*slots_)[subject];
    if (!suffices(totals, slot) || !suffices(parts, slot)) continue;
    const History::Course& total = totals[slot];
    const History::Course& part = parts[slot];
    // Of too few events none is bad, or all are good: it is not met.
    if (total.growth <= 0 || total.growth < rule_.when.least)
      set(left_, subject, less ? 1 : 0);
    else
      set(left_, subject, part.growth / part.seconds * total.seconds / total.growth);
  }
}

void Windows::read_past(const Source& left) {
  (void)follow(left);
  if (left.observation != values_from_) {
    const SteadyTime at = left.observation->at.steady;
    const bool known = values_from_ != nullptr && !is_stale(*values_from_, at);
    values_from_ = left.observation;
    std::vector<double> values(slots_->count(), kUnknown);
    for (size_t row = 0; row < left.table->rows(); ++row) {
      const uint32_t slot = (*slots_)[row];
      if (slot != kNoSlot && is_value(*left.table, row)) values[slot] = left.table->values[row];
    }
    values_->add(at, known, std::move(values));
  }
  fill_past(*left.table);
}

// "Not met" is a right side that no value reaches.
void Windows::fill_past(const Table& now) {
  const Condition& when = rule_.when;
  const bool less =
      when.comparison == Comparison::less || when.comparison == Comparison::less_or_equal;
  constexpr double kNever = std::numeric_limits<double>::infinity();
  const std::vector<History::Past> pasts = values_->pasts(slots_->count());
  right_ = unknown_rows(*when.left, keys_);
  for (size_t row = 0; row < keys_->rows(); ++row) {
    if (covered_[row] == 0) continue;
    const uint32_t slot = (*slots_)[row];
    const History::Past past = slot == kNoSlot ? History::Past{} : pasts[slot];
    if (std::isnan(past.value)) {
      if (is_value(now, row)) count_unknown(slot, past.young);
      continue;
    }
    // The greater of the two has to be something: a multiple of nothing says nothing.
    const double greater = less ? past.value : now.values[row];
    const bool is_something = when.least > 0 ? greater >= when.least : past.value > 0;
    set(right_, row, is_something ? when.threshold * past.value : less ? -kNever : kNever);
  }
}

bool Windows::suffices(std::span<const History::Course> courses, uint32_t slot) {
  if (slot == kNoSlot) {
    count_unknown(slot, false);
    return false;
  }
  const History::Course& course = courses[slot];
  if (course.seconds > 0 && course.known >= kLeastKnownShare * to_seconds(rule_.when.window))
    return true;
  // What cannot be read now says so itself.
  if (course.seconds > 0 || course.young) count_unknown(slot, course.young);
  return false;
}

void Windows::count_unknown(uint32_t slot, bool young) {
  ++(slot == kNoSlot ? left_out_ : young ? warming_ : gaps_);
}

std::string Windows::unknown_because() const {
  std::string text;
  const auto add = [&](size_t count, std::string_view why) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, why);
  };
  const std::string window = format_duration(rule_.when.window);
  add(warming_, rule_.when.kind == ConditionKind::past
                    ? fmt::format("warming up (not yet seen for {})", window)
                    : fmt::format("warming up (not yet seen for half of {})", window));
  add(gaps_, rule_.when.kind == ConditionKind::past
                 ? fmt::format("not read {} ago", window)
                 : fmt::format("read in less than half of {}", window));
  add(left_out_, fmt::format("beyond the first {}", kMostWindowRows));
  return text;
}

}  // namespace highwater::rules
