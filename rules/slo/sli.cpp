#include "rules/slo/sli.h"

#include <algorithm>
#include <cmath>

namespace highwater::rules {
namespace {

constexpr uint32_t kNone = UINT32_MAX;

// These are no fault of the reading: there is nothing that could be good or bad.
bool is_nothing(Unknown reason) {
  return reason == Unknown::no_commit || reason == Unknown::unsupported;
}

bool is_value(const Table& table, size_t row) {
  return table.known(row) && !std::isnan(table.values[row]);
}

// How far a value is from being good; the worst of several is shown.
double distance(const GoodRange& good, double value) {
  if (good.outside) return 0;
  return std::max(good.low - value, value - good.high);
}

// Where each subject of `from` stands in `to`; both have the same dimensions, in any order.
std::vector<uint32_t> match(const KeySet& from, const KeySet& to) {
  std::vector<size_t> places;
  for (const std::string_view dimension : to.dimensions()) {
    const auto found = std::ranges::find(from.dimensions(), dimension);
    if (found == from.dimensions().end()) return std::vector<uint32_t>(from.rows(), kNone);
    places.push_back(static_cast<size_t>(found - from.dimensions().begin()));
  }
  std::vector<uint32_t> matched;
  matched.reserve(from.rows());
  std::vector<Symbol> key(places.size());
  for (size_t row = 0; row < from.rows(); ++row) {
    for (size_t i = 0; i < places.size(); ++i) key[i] = from.row(row)[places[i]];
    matched.push_back(to.find(key).value_or(kNone));
  }
  return matched;
}

// Values by row, brought to the numbers of another KeySet.
template <class T>
std::vector<T> renumbered(const std::vector<T>& values, const KeySet& before, const KeySet& now,
                          T absent) {
  std::vector<T> moved(now.rows(), absent);
  for (size_t row = 0; row < values.size(); ++row) {
    if (const auto found = now.find(before.row(row))) moved[*found] = values[row];
  }
  return moved;
}

}  // namespace

bool is_bad(const Sli& sli, const SliSample& sample) {
  return sli.first_is_good ? sample.first < sample.total : sample.first > 0;
}

bool SliReader::read(const Source& first, const Source& total) {
  const Source& rows = sli_.is_events() ? total : first;
  const SliSource& source = sli_.is_events() ? *sli_.total : sli_.first;
  const bool anew = outdated_ || rows.table->keys != index_.rows();
  if (anew) {
    const std::shared_ptr<const KeySet> before = index_.subjects();
    index_ = RowIndex(*source.measure, source.scope, rows.table->keys);
    if (before != nullptr)
      total_seen_ = renumbered<uint8_t>(total_seen_, *before, *index_.subjects(), 0);
    total_seen_.resize(index_.subjects()->rows(), 0);
    outdated_ = false;
  }
  samples_.assign(index_.subjects()->rows(), SliSample{});
  if (sli_.is_events())
    read_events(first, total, anew);
  else
    read_time(*first.table);
  return anew;
}

void SliReader::rule_changed() {
  outdated_ = true;
  first_index_ = {};
}

void SliReader::read_time(const Table& table) {
  std::vector<uint8_t> missing(samples_.size(), 0);  // a row that should be known is not
  std::vector<uint8_t> seen(samples_.size(), 0);     // some row is known
  for (uint32_t row = 0; row < table.rows(); ++row) {
    if (!index_.selected(row)) continue;
    const uint32_t subject = index_.subject_of(row);
    SliSample& sample = samples_[subject];
    sample.present = true;
    if (!is_value(table, row)) {
      if (!is_nothing(table.reason(row))) missing[subject] = 1;
      continue;
    }
    const double value = table.values[row];
    const bool good = sli_.good.contains(value);
    if (seen[subject] == 0 || distance(sli_.good, value) > distance(sli_.good, sample.value) ||
        (!good && sample.first == 0))
      sample.value = value;
    seen[subject] = 1;
    if (!good) sample.first = 1;
  }
  for (size_t subject = 0; subject < samples_.size(); ++subject) {
    SliSample& sample = samples_[subject];
    sample.known = sample.first != 0 || (seen[subject] != 0 && missing[subject] == 0);
  }
}

void SliReader::read_events(const Source& first, const Source& total, bool anew) {
  std::vector<double> all;
  std::vector<uint8_t> all_known;
  const std::vector<uint8_t> nowhere(index_.subjects()->rows(), 0);
  total_counters_.read(*total.table, index_, nowhere, all, all_known);
  if (first.table->keys != first_index_.rows() || anew) {
    first_index_ = RowIndex(*sli_.first.measure, sli_.first.scope, first.table->keys);
    subject_of_first_ = match(*first_index_.subjects(), *index_.subjects());
  }
  // A counter that is not there yet counts as 0 while its total is known.
  std::vector<uint8_t> from_zero(first_index_.subjects()->rows(), 0);
  for (size_t i = 0; i < from_zero.size(); ++i) {
    if (subject_of_first_[i] != kNone) from_zero[i] = total_seen_[subject_of_first_[i]];
  }
  std::vector<double> some;
  std::vector<uint8_t> some_known;
  first_counters_.read(*first.table, first_index_, from_zero, some, some_known);

  for (size_t row = 0; row < total.table->rows(); ++row) {
    if (index_.selected(row))
      samples_[index_.subject_of(static_cast<uint32_t>(row))].present = true;
  }
  std::vector<double> counted(samples_.size(), 0);
  std::vector<uint8_t> counted_known(samples_.size(), 1);
  for (size_t i = 0; i < some.size(); ++i) {
    const uint32_t subject = subject_of_first_[i];
    if (subject == kNone) continue;
    counted[subject] += some[i];
    counted_known[subject] &= some_known[i];
  }
  for (size_t subject = 0; subject < samples_.size(); ++subject) {
    SliSample& sample = samples_[subject];
    sample.known = sample.present && all_known[subject] != 0 && counted_known[subject] != 0;
    sample.first = counted[subject];
    sample.total = all[subject];
    if (all_known[subject] != 0) total_seen_[subject] = 1;
  }
}

void SliReader::Counters::read(const Table& table, const RowIndex& index,
                               std::span<const uint8_t> from_zero, std::vector<double>& growth,
                               std::vector<uint8_t>& known) {
  if (rows_ != table.keys) {
    last_ = rows_ == nullptr ? std::vector<double>(table.rows(), std::nan(""))
                             : renumbered(last_, *rows_, *table.keys, std::nan(""));
    rows_ = table.keys;
  }
  const size_t subjects = index.subjects()->rows();
  growth.assign(subjects, 0);
  known.assign(subjects, 1);
  for (uint32_t row = 0; row < table.rows(); ++row) {
    if (!index.selected(row)) continue;
    const uint32_t subject = index.subject_of(row);
    if (!is_value(table, row)) {
      if (!is_nothing(table.reason(row))) known[subject] = 0;
      continue;
    }
    const double value = table.values[row];
    double& last = last_[row];
    if (std::isnan(last)) last = from_zero[subject] != 0 ? 0 : value;
    growth[subject] += value >= last ? value - last : value;
    last = value;
  }
}

}  // namespace highwater::rules
