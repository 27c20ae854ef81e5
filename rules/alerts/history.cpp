#include "rules/alerts/history.h"

#include <algorithm>
#include <utility>

namespace highwater::rules {
namespace {

double between(SteadyTime at, SteadyTime a, double value_a, SteadyTime b, double value_b) {
  return value_a + (value_b - value_a) * to_seconds(at - a) / to_seconds(b - a);
}

}  // namespace

void History::add(SteadyTime at, bool known, std::vector<double> values) {
  Column column{at, {}, true, std::move(values)};
  column.complete = std::ranges::none_of(column.values, [](double v) { return std::isnan(v); });
  if (!columns_.empty()) {
    const Column& last = columns_.back();
    if (at <= last.at) return;
    column.known = known ? at - last.at : Duration::zero();
    const size_t count = columns_.size();
    // The last column is only kept when it is far enough from the one before.
    if (count > 1 && last.at - columns_[count - 2].at < length_ / kMostColumns) {
      column.known += last.known;
      columns_.pop_back();
    }
  }
  columns_.push_back(std::move(column));
  while (columns_.size() > 2 && columns_[1].at <= at - length_) columns_.pop_front();
}

void History::forget(size_t slot) {
  for (Column& column : columns_) {
    if (slot >= column.values.size()) continue;
    column.values[slot] = std::numeric_limits<double>::quiet_NaN();
    column.complete = false;
  }
}

std::vector<History::Course> History::courses(size_t slots) const {
  std::vector<Course> courses(slots);
  if (columns_.empty()) return courses;
  const Column& last = columns_.back();
  const SteadyTime edge = last.at - length_;
  double known_to_all = 0;
  for (size_t i = 1; i < columns_.size(); ++i) {
    const Column& before = columns_[i - 1];
    const Column& column = columns_[i];
    const double inside =
        to_seconds(column.at - std::max(before.at, edge)) / to_seconds(column.at - before.at);
    const double seconds = to_seconds(column.known) * std::clamp(inside, 0.0, 1.0);
    if (before.complete && column.complete && before.values.size() >= slots &&
        column.values.size() >= slots) {
      known_to_all += seconds;
      continue;
    }
    for (size_t slot = 0; slot < slots; ++slot) {
      if (before.has(slot) && column.has(slot)) courses[slot].known += seconds;
    }
  }
  for (size_t slot = 0; slot < slots; ++slot) {
    if (!last.has(slot)) continue;
    const Begin begin = begin_of(slot, edge);
    courses[slot].known += known_to_all;
    courses[slot].growth = last.value(slot) - begin.value;
    courses[slot].seconds = to_seconds(last.at - begin.at);
    courses[slot].young = begin.young;
  }
  return courses;
}

// The slot's last value is known.
History::Begin History::begin_of(size_t slot, SteadyTime edge) const {
  size_t first = 0;
  while (!columns_[first].has(slot)) ++first;
  const Column& begin = columns_[first];
  if (begin.at >= edge || first + 1 == columns_.size())
    return {begin.at, begin.value(slot), begin.at > edge};
  size_t next = first + 1;
  while (!columns_[next].has(slot)) ++next;
  const Column& end = columns_[next];
  // At most one column is older than the edge.
  return {edge, between(edge, begin.at, begin.value(slot), end.at, end.value(slot)), false};
}

std::vector<History::Past> History::pasts(size_t slots) const {
  std::vector<Past> pasts(slots);
  if (columns_.empty()) return pasts;
  const SteadyTime edge = columns_.back().at - length_;
  const Column& begin = columns_.front();
  if (begin.at > edge) {
    for (Past& past : pasts) past.young = true;
    return pasts;
  }
  const Column& end = columns_[std::min<size_t>(1, columns_.size() - 1)];
  const bool exact = begin.at == edge;
  const bool known = end.known * 2 >= end.at - begin.at;
  for (size_t slot = 0; slot < slots; ++slot) {
    if (!begin.has(slot))
      pasts[slot].young = true;
    else if (exact)
      pasts[slot].value = begin.value(slot);
    else if (known && end.has(slot))
      pasts[slot].value = between(edge, begin.at, begin.value(slot), end.at, end.value(slot));
  }
  return pasts;
}

}  // namespace highwater::rules
