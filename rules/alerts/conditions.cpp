#include "rules/alerts/conditions.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "rules/alerts/windows.h"
#include "rules/text.h"

namespace highwater::rules {
namespace {

constexpr uint32_t kNoRow = UINT32_MAX;
constexpr size_t kRoomKept = 256;  // rows

// One loop for each comparison, so that the loop itself compares and does nothing else.
template <class Compare>
void gather(std::span<const double> values, double threshold, Compare compare,
            std::vector<uint32_t>& rows) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (compare(values[i], threshold)) [[unlikely]]
      rows.push_back(static_cast<uint32_t>(i));
  }
}

void gather(std::span<const double> values, Comparison comparison, double threshold,
            std::vector<uint32_t>& rows) {
  switch (comparison) {
    case Comparison::equal:
      return gather(values, threshold, std::equal_to<>{}, rows);
    case Comparison::not_equal:
      return gather(values, threshold, std::not_equal_to<>{}, rows);
    case Comparison::less:
      return gather(values, threshold, std::less<>{}, rows);
    case Comparison::less_or_equal:
      return gather(values, threshold, std::less_equal<>{}, rows);
    case Comparison::greater:
      return gather(values, threshold, std::greater<>{}, rows);
    case Comparison::greater_or_equal:
      return gather(values, threshold, std::greater_equal<>{}, rows);
  }
}

bool matches_any(const DimensionFilter& filter, std::span<const Symbol> cells) {
  const std::string& text = cells[static_cast<size_t>(filter.dimension)].text();
  return std::any_of(filter.patterns.begin(), filter.patterns.end(),
                     [&](const Pattern& pattern) { return pattern.matches(text); });
}

// The places of a subject's dimensions in the measure's. A subject is never about several clusters.
std::vector<size_t> subject_places(const RowScope& scope) {
  std::vector<size_t> places{0};
  for (const int place : scope.per) {
    if (place != 0) places.push_back(static_cast<size_t>(place));
  }
  return places;
}

}  // namespace

Source find_source(std::span<const ObservationPtr> observations, const Measure& measure) {
  for (const ObservationPtr& observation : observations) {
    const Table* table = observation->find(measure);
    if (table != nullptr && table->keys != nullptr) return {table, observation};
  }
  return {};
}

std::optional<size_t> varying_dimension(const Measure& measure, const RowScope& scope) {
  if (!scope.aggregated) return std::nullopt;
  const std::vector<size_t> fixed = subject_places(scope);
  for (size_t place = 0; place < measure.dimensions.size(); ++place) {
    if (std::ranges::find(fixed, place) == fixed.end()) return place;
  }
  return std::nullopt;
}

std::vector<std::string_view> subject_dimensions(const Measure& measure, const RowScope& scope) {
  if (!scope.aggregated) return measure.dimensions;
  std::vector<std::string_view> dimensions;
  for (const size_t place : subject_places(scope)) dimensions.push_back(measure.dimensions[place]);
  return dimensions;
}

RowScope translated_scope(const RowScope& scope, const Measure& from, const Measure& to) {
  const auto place = [&](int dimension) {
    return std::max(dimension_index(to, from.dimensions[static_cast<size_t>(dimension)]), 0);
  };
  RowScope result = scope;
  for (auto* filters : {&result.select, &result.exclude}) {
    for (DimensionFilter& filter : *filters) filter.dimension = place(filter.dimension);
  }
  for (int& dimension : result.per) dimension = place(dimension);
  std::ranges::sort(result.per);
  return result;
}

RowIndex::RowIndex(const Measure& measure, const RowScope& scope,
                   std::shared_ptr<const KeySet> rows)
    : rows_(std::move(rows)), subjects_(rows_) {
  if (!scope.select.empty() || !scope.exclude.empty()) select(scope);
  if (scope.aggregated) group(measure, scope);
}

void RowIndex::select(const RowScope& scope) {
  selected_.resize(rows_->rows());
  for (size_t row = 0; row < selected_.size(); ++row) {
    const auto cells = rows_->row(row);
    const auto matches = [&](const DimensionFilter& filter) { return matches_any(filter, cells); };
    selected_[row] = std::all_of(scope.select.begin(), scope.select.end(), matches) &&
                     std::none_of(scope.exclude.begin(), scope.exclude.end(), matches);
  }
}

void RowIndex::group(const Measure& measure, const RowScope& scope) {
  const std::vector<size_t> places = subject_places(scope);
  std::unordered_map<size_t, std::vector<uint32_t>> by_hash;
  std::vector<Symbol> cells;  // of all subjects
  std::vector<Symbol> key(places.size());
  uint32_t count = 0;
  subject_of_.reserve(rows_->rows());
  for (size_t row = 0; row < rows_->rows(); ++row) {
    for (size_t i = 0; i < places.size(); ++i) key[i] = rows_->row(row)[places[i]];
    std::vector<uint32_t>& candidates = by_hash[hash_cells(key)];
    const auto same = [&](uint32_t subject) {
      return std::equal(key.begin(), key.end(),
                        cells.begin() + static_cast<ptrdiff_t>(subject * places.size()));
    };
    const auto found = std::find_if(candidates.begin(), candidates.end(), same);
    if (found != candidates.end()) {
      subject_of_.push_back(*found);
      continue;
    }
    candidates.push_back(count);
    subject_of_.push_back(count++);
    cells.insert(cells.end(), key.begin(), key.end());
  }
  subjects_ = std::make_shared<const KeySet>(subject_dimensions(measure, scope), std::move(cells));
}

Sampler::Sampler(const AlertRule& rule) : rule_(rule) {
  rule_changed();
}

Sampler::~Sampler() = default;

void Sampler::rule_changed() {
  rows_outdated_ = true;
  if (windows_ != nullptr) left_ = right_ = {};
  if (rule_.when.kind == ConditionKind::value)
    windows_.reset();
  else if (windows_ == nullptr)
    windows_ = std::make_unique<Windows>(rule_);
  else
    windows_->rule_changed();
}

bool Sampler::read(const Source& left, const Source& right) {
  left_ = left;
  right_ = right;
  if (windows_ != nullptr) {
    windows_->read(left, right);
    if (windows_->left() != nullptr) left_.table = windows_->left();
    right_ = {windows_->right(), left.observation};
  }
  const bool anew = rows_outdated_ || left_.table->keys != index_.rows();
  if (anew) take_up_keys(left_.table->keys);
  if (anew && awaits_rows()) find_awaited();
  if (right_.table != nullptr) join(right_.table->keys);
  gather_met_rows();
  if (groups_rows())
    gather_groups();
  else
    met_subjects_ = met_rows_;
  return anew;
}

void Sampler::read_total(const Source& total) {
  if (windows_ != nullptr) windows_->read({}, total);
}

Sample Sampler::sample(uint32_t subject) {
  if (groups_rows()) {
    if (!surveyed_) survey_groups();
    const Group& group = groups_[subject];
    if (group.met.count > 0) return group.met;
    if (group.selected == 0) return {Verdict::excluded};
    if (group.held || group.others.count == 0) return {Verdict::unknown};
    return {Verdict::clear, group.others.value, 0};
  }
  if (!index_.selected(subject)) return {Verdict::excluded};
  if (!is_known(subject)) return {Verdict::unknown};
  const double value = left_.table->values[subject];
  const bool met = holds(value, rule_.when.comparison, right_value(subject));
  return {met ? Verdict::met : Verdict::clear, value, met ? size_t{1} : size_t{0}};
}

MetRows Sampler::met_rows(uint32_t subject) {
  MetRows found;
  const auto place = varying_dimension(*rule_.when.left, rule_);
  if (!place) return found;
  if (!met_by_subject_) {
    met_by_subject_.emplace();
    for (const uint32_t row : met_rows_) met_by_subject_->emplace_back(index_.subject_of(row), row);
    std::sort(met_by_subject_->begin(), met_by_subject_->end());
  }
  std::unordered_set<Symbol> different;
  auto entry = std::lower_bound(met_by_subject_->begin(), met_by_subject_->end(),
                                std::pair<uint32_t, uint32_t>(subject, 0));
  for (; entry != met_by_subject_->end() && entry->first == subject; ++entry) {
    const Symbol& name = index_.rows()->row(entry->second)[*place];
    found.sum += left_.table->values[entry->second];
    if (different.insert(name).second && found.names.size() < kNamesInText)
      found.names.push_back(name);
  }
  found.count = different.size();
  return found;
}

RowCounts Sampler::row_counts() const {
  RowCounts counts;
  if (windows_ != nullptr) counts.because = windows_->unknown_because();
  if (left_.table == nullptr || index_.rows() != left_.table->keys) return counts;
  for (uint32_t row = 0; row < left_.table->rows(); ++row) {
    if (!index_.selected(row)) continue;
    ++counts.selected;
    if (!is_known(row)) {
      ++counts.unknown;
      continue;
    }
    const double value = left_.table->values[row];
    counts.met += holds(value, rule_.when.comparison, right_value(row)) ? 1 : 0;
    counts.worst = counts.worst ? worse(*counts.worst, value) : value;
  }
  return counts;
}

void Sampler::take_up_keys(const std::shared_ptr<const KeySet>& rows) {
  const std::shared_ptr<const KeySet> before = index_.rows();
  index_ = rule_.when.adds_up_rows() ? RowIndex(rows, windows_->covered())
                                     : RowIndex(*rule_.when.left, rule_, rows);
  rows_outdated_ = false;
  if (before == nullptr || before == rows) return;
  std::vector<uint32_t> carried;
  for (const uint32_t row : last_met_rows_) {
    if (const auto now = rows->find(before->row(row))) carried.push_back(*now);
  }
  std::sort(carried.begin(), carried.end());
  last_met_rows_ = std::move(carried);
}

void Sampler::join(const std::shared_ptr<const KeySet>& right) {
  if (join_rows_ == index_.rows() && join_right_ == right) return;
  join_rows_ = index_.rows();
  join_right_ = right;
  std::vector<size_t> places;
  for (const std::string_view dimension : right->dimensions()) {
    const int place = dimension_index(*rule_.when.left, dimension);
    places.push_back(static_cast<size_t>(std::max(place, 0)));
  }
  join_.clear();
  std::vector<Symbol> key(places.size());
  for (size_t row = 0; row < join_rows_->rows(); ++row) {
    for (size_t i = 0; i < places.size(); ++i) key[i] = join_rows_->row(row)[places[i]];
    join_.push_back(right->find(key).value_or(kNoRow));
  }
}

void Sampler::gather_met_rows() {
  met_rows_.clear();
  met_by_subject_.reset();
  const std::span<const double> values(left_.table->values);
  if (right_.table == nullptr) {
    gather(values, rule_.when.comparison, rule_.when.threshold, met_rows_);
  } else {
    for (uint32_t row = 0; row < values.size(); ++row) {
      if (is_known(row) && holds(values[row], rule_.when.comparison, right_value(row)))
        met_rows_.push_back(row);
    }
  }
  std::erase_if(met_rows_, [&](uint32_t row) { return !index_.selected(row) || !is_known(row); });
  // A thousand rules that each select a few of the rows of one table would keep room for all of
  // them.
  if (met_rows_.capacity() > kRoomKept && met_rows_.capacity() / 4 > met_rows_.size())
    met_rows_.shrink_to_fit();
}

void Sampler::gather_groups() {
  std::vector<uint32_t> met = met_rows_;
  for (const uint32_t row : last_met_rows_) {
    if (index_.selected(row) && !is_known(row)) met.push_back(row);
  }
  std::sort(met.begin(), met.end());
  last_met_rows_ = std::move(met);
  met_subjects_.clear();
  for (const uint32_t row : met_rows_) met_subjects_.push_back(index_.subject_of(row));
  std::sort(met_subjects_.begin(), met_subjects_.end());
  met_subjects_.erase(std::unique(met_subjects_.begin(), met_subjects_.end()), met_subjects_.end());
  surveyed_ = false;
}

// One pass over the rows, only when a subject has an alert.
void Sampler::survey_groups() {
  surveyed_ = true;
  groups_.assign(index_.subjects()->rows(), Group{});
  const auto add = [&](Sample& sample, double value) {
    sample.value = sample.count == 0 ? value : worse(sample.value, value);
    ++sample.count;
  };
  size_t next_met = 0;
  for (uint32_t row = 0; row < left_.table->rows(); ++row) {
    if (!index_.selected(row)) continue;
    Group& group = groups_[index_.subject_of(row)];
    ++group.selected;
    if (next_met < met_rows_.size() && met_rows_[next_met] == row) {
      ++next_met;
      add(group.met, left_.table->values[row]);
    } else if (is_known(row)) {
      add(group.others, left_.table->values[row]);
    }
  }
  for (const uint32_t row : last_met_rows_) {
    if (!is_known(row)) groups_[index_.subject_of(row)].held = true;
  }
  for (const auto& cells : awaited_) {
    if (const auto subject = subject_of(cells)) groups_[*subject].held = true;
  }
  for (Group& group : groups_) group.met.verdict = Verdict::met;
}

double Sampler::right_value(uint32_t row) const {
  return right_.table == nullptr ? rule_.when.threshold : right_.table->values[join_[row]];
}

// A value that is not a number was never measured, whatever its row says.
bool Sampler::is_known(uint32_t row) const {
  if (!left_.table->known(row) || std::isnan(left_.table->values[row])) return false;
  if (right_.table == nullptr) return true;
  const uint32_t other = join_[row];
  return other != kNoRow && right_.table->known(other) && !std::isnan(right_.table->values[other]);
}

double Sampler::worse(double a, double b) const {
  switch (rule_.when.comparison) {
    case Comparison::less:
    case Comparison::less_or_equal:
      return std::min(a, b);
    case Comparison::equal:
    case Comparison::not_equal:
    case Comparison::greater:
    case Comparison::greater_or_equal:
      return std::max(a, b);
  }
  return a;
}

}  // namespace highwater::rules
