#include "rules/yearly_intervals.h"

#include <algorithm>
#include <utility>

namespace highwater::rules {
namespace {

constexpr size_t kYearsKept = 4;
constexpr int kYearsFollowed = 3;
// Beyond these a time in nanoseconds would overflow.
constexpr int kFirstYear = 1700;
constexpr int kLastYear = 2250;

WallTime bounded(WallTime at) {
  return std::clamp(at, new_year(kFirstYear), new_year(kLastYear));
}

int year_holding(WallTime at) {
  return static_cast<int>(
      std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(at)).year());
}

}  // namespace

WallTime new_year(int year) {
  return std::chrono::sys_days(std::chrono::year(year) / 1 / 1);
}

YearlyIntervals::Around YearlyIntervals::around(WallTime at) const {
  at = bounded(at);
  {
    const std::scoped_lock lock(mutex_);
    if (last_ && last_->begin <= at && at < last_->end) return *last_;
  }
  const Around found = find_around(at);
  const std::scoped_lock lock(mutex_);
  last_ = found;
  return found;
}

YearlyIntervals::Around YearlyIntervals::find_around(WallTime at) const {
  const int year = year_holding(at);
  const auto here = year_of(year);
  const auto next = std::ranges::upper_bound(here->pieces, at, {}, &Piece::end);
  Around interval{next != here->pieces.end() && next->begin <= at, new_year(year),
                  new_year(year + 1)};
  if (interval.open) {
    interval.begin = next->begin;
    interval.end = next->end;
  } else {
    if (next != here->pieces.begin()) interval.begin = std::prev(next)->end;
    if (next != here->pieces.end()) interval.end = next->begin;
  }
  // It may go on in the years before and after.
  for (int other = year - 1; interval.begin == new_year(other + 1); --other) {
    if (year - other > kYearsFollowed) break;
    const auto before = year_of(other);
    const WallTime last = before->pieces.empty() ? new_year(other) : before->pieces.back().end;
    const bool reaches = !before->pieces.empty() && last == interval.begin;
    if (interval.open != reaches) break;
    interval.begin = interval.open ? before->pieces.back().begin : last;
  }
  for (int other = year + 1; interval.end == new_year(other); ++other) {
    if (other - year > kYearsFollowed) break;
    const auto after = year_of(other);
    const WallTime first =
        after->pieces.empty() ? new_year(other + 1) : after->pieces.front().begin;
    const bool reaches = !after->pieces.empty() && first == interval.end;
    if (interval.open != reaches) break;
    interval.end = interval.open ? after->pieces.front().end : first;
  }
  return interval;
}

Duration YearlyIntervals::inside(WallTime from, WallTime to) const {
  from = bounded(from);
  to = bounded(to);
  if (from >= to) return Duration::zero();
  const int last = year_holding(to);
  Duration sum{};
  for (int year = year_holding(from); year < last; ++year) sum += year_of(year)->total;
  return sum + since_new_year(last, to) - since_new_year(year_holding(from), from);
}

WallTime YearlyIntervals::after(WallTime from, Duration inside) const {
  from = bounded(from);
  const int first = year_holding(from);
  Duration left = inside + since_new_year(first, from);
  for (int year = first; year <= first + kYearsFollowed; ++year) {
    const auto table = year_of(year);
    if (left > table->total) {
      left -= table->total;
      continue;
    }
    if (inside <= Duration::zero()) return from;
    const auto piece = std::ranges::lower_bound(table->pieces, left, {}, [](const Piece& each) {
      return each.before + (each.end - each.begin);
    });
    return piece == table->pieces.end() ? new_year(year + 1)
                                        : piece->begin + (left - piece->before);
  }
  return new_year(first + kYearsFollowed + 1);
}

Duration YearlyIntervals::since_new_year(int year, WallTime at) const {
  const auto table = year_of(year);
  const auto next = std::ranges::upper_bound(table->pieces, at, {}, &Piece::end);
  if (next == table->pieces.end()) return table->total;
  return next->before + std::max(at - next->begin, Duration::zero());
}

std::shared_ptr<const YearlyIntervals::Year> YearlyIntervals::year_of(int year) const {
  const std::scoped_lock lock(mutex_);
  if (const auto known = years_.find(year); known != years_.end()) return known->second;
  auto made = std::make_shared<const Year>(cut_year(year));
  years_.emplace(year, made);
  // The one furthest away is asked for last.
  if (years_.size() > kYearsKept) {
    const bool first = year - years_.begin()->first > years_.rbegin()->first - year;
    years_.erase(first ? years_.begin() : std::prev(years_.end()));
  }
  return made;
}

YearlyIntervals::Year YearlyIntervals::cut_year(int year) const {
  Year made;
  for (const WallInterval& interval : make_(year)) {
    const Piece piece{std::max(interval.begin, new_year(year)),
                      std::min(interval.end, new_year(year + 1)), made.total};
    if (piece.begin >= piece.end) continue;
    made.total += piece.end - piece.begin;
    made.pieces.push_back(piece);
  }
  return made;
}

}  // namespace highwater::rules
