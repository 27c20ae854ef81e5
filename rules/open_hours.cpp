#include "rules/open_hours.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "rules/calendar.h"

namespace highwater::rules {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::sys_days;

constexpr Duration kWeek = days(7);
constexpr size_t kYearsKept = 4;
constexpr int kYearsFollowed = 3;
constexpr size_t kWindowsKept = 64;
constexpr size_t kDatesShown = 3;
// Beyond these a time in nanoseconds would overflow.
constexpr int kFirstYear = 1700;
constexpr int kLastYear = 2250;

constexpr std::array<std::string_view, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

sys_days first_day(int year) {
  return std::chrono::year(year) / 1 / 1;
}

WallTime new_year(int year) {
  return first_day(year);
}

WallTime bounded(WallTime at) {
  return std::clamp(at, new_year(kFirstYear), new_year(kLastYear));
}

int year_holding(WallTime at) {
  return static_cast<int>(std::chrono::year_month_day(std::chrono::floor<days>(at)).year());
}

// "mon-fri", "mon, wed-fri"
std::string days_text(const std::array<bool, 7>& chosen) {
  if (std::ranges::all_of(chosen, [](bool day) { return day; })) return "daily";
  std::string text;
  for (size_t first = 0; first < chosen.size(); ++first) {
    if (!chosen[first]) continue;
    size_t last = first;
    while (last + 1 < chosen.size() && chosen[last + 1]) ++last;
    text += fmt::format("{}{}", text.empty() ? "" : ", ", kDays[first]);
    if (last > first) text += fmt::format("{}{}", last > first + 1 ? "-" : ", ", kDays[last]);
    first = last;
  }
  return text;
}

std::string clock_text(std::chrono::minutes since_midnight) {
  const auto minutes = since_midnight > days(1) ? since_midnight - days(1) : since_midnight;
  return fmt::format("{:02}:{:02}", minutes.count() / 60, minutes.count() % 60);
}

std::string date_text(local_days day) {
  const std::chrono::year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

}  // namespace

OpenHours::OpenHours(During during) : during_(std::move(during)) {
  lay_out_week();
}

void OpenHours::lay_out_week() {
  std::vector<WeekPiece> all;
  for (size_t day = 0; day < during_.days.size(); ++day) {
    if (!during_.days[day]) continue;
    for (const During::Hours& hours : during_.hours) {
      const Duration midnight = days(day);
      const Duration begin = midnight + hours.begin;
      const Duration end = midnight + hours.end;
      all.push_back({begin, std::min(end, kWeek)});
      if (end > kWeek) all.push_back({Duration::zero(), end - kWeek});
    }
  }
  std::ranges::sort(all, {}, &WeekPiece::begin);
  for (const WeekPiece& piece : all) {
    if (!week_.empty() && piece.begin <= week_.back().end)
      week_.back().end = std::max(week_.back().end, piece.end);
    else
      week_.push_back(piece);
  }
  for (const WeekPiece& piece : week_) {
    of_week_ += piece.end - piece.begin;
    longest_ = std::max(longest_, piece.end - piece.begin);
  }
  if (of_week_ == kWeek) {
    longest_ = Duration::max();
  } else if (week_.front().begin == Duration::zero() && week_.back().end == kWeek) {
    // Over the night to Monday.
    longest_ = std::max(longest_, kWeek - week_.back().begin + week_.front().end);
  }
}

// Both within the week, or the second beyond it.
Duration OpenHours::inside_week(Duration from, Duration to) const {
  if (to > kWeek) return inside_week(from, kWeek) + inside_week(Duration::zero(), to - kWeek);
  Duration sum{};
  for (const WeekPiece& piece : week_) {
    const Duration begin = std::max(piece.begin, from);
    const Duration end = std::min(piece.end, to);
    if (end > begin) sum += end - begin;
  }
  return sum;
}

Duration OpenHours::most_within(Duration window) const {
  const std::scoped_lock lock(mutex_);
  if (const auto known = most_.find(window); known != most_.end()) return known->second;
  const Duration rest = window % kWeek;
  Duration most{};
  // The best window begins with a piece or ends with one.
  for (const WeekPiece& piece : week_) {
    most = std::max(most, inside_week(piece.begin, piece.begin + rest));
    const Duration from = piece.end - rest;
    const Duration begin = from < Duration::zero() ? from + kWeek : from;
    most = std::max(most, inside_week(begin, begin + rest));
  }
  most += of_week_ * (window / kWeek);
  if (most_.size() < kWindowsKept) most_.emplace(window, most);
  return most;
}

OpenHours::Interval OpenHours::around(WallTime at) const {
  at = bounded(at);
  const int year = year_holding(at);
  const auto here = year_of(year);
  const auto next = std::ranges::upper_bound(here->pieces, at, {}, &Piece::end);
  Interval interval{next != here->pieces.end() && next->begin <= at, new_year(year),
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

Duration OpenHours::inside(WallTime from, WallTime to) const {
  from = bounded(from);
  to = bounded(to);
  if (from >= to) return Duration::zero();
  const int last = year_holding(to);
  Duration sum{};
  for (int year = year_holding(from); year < last; ++year) sum += year_of(year)->total;
  return sum + since_new_year(last, to) - since_new_year(year_holding(from), from);
}

WallTime OpenHours::after(WallTime from, Duration inside) const {
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

Duration OpenHours::since_new_year(int year, WallTime at) const {
  const auto table = year_of(year);
  const auto next = std::ranges::upper_bound(table->pieces, at, {}, &Piece::end);
  if (next == table->pieces.end()) return table->total;
  return next->before + std::max(at - next->begin, Duration::zero());
}

std::shared_ptr<const OpenHours::Year> OpenHours::year_of(int year) const {
  const std::scoped_lock lock(mutex_);
  if (const auto known = years_.find(year); known != years_.end()) return known->second;
  auto made = std::make_shared<const Year>(make_year(year));
  years_.emplace(year, made);
  // The one furthest away is asked for last.
  if (years_.size() > kYearsKept) {
    const bool first = year - years_.begin()->first > years_.rbegin()->first - year;
    years_.erase(first ? years_.begin() : std::prev(years_.end()));
  }
  return made;
}

OpenHours::Year OpenHours::make_year(int year) const {
  std::vector<LocalInterval> stretches;
  // A day more than any zone is away from UTC, and one for hours across midnight.
  const local_days first((first_day(year) - days(2)).time_since_epoch());
  const local_days end((first_day(year + 1) + days(2)).time_since_epoch());
  for (local_days day = first; day < end; day += days(1)) {
    const auto weekday = std::chrono::weekday(day).iso_encoding() - 1;
    if (!during_.days[weekday] || std::ranges::binary_search(during_.except, day)) continue;
    for (const During::Hours& hours : during_.hours)
      stretches.push_back({day + hours.begin, day + hours.end});
  }
  Year made;
  for (const WallInterval& interval : wall_stretches(during_.time_zone, stretches)) {
    const Piece piece{std::max(interval.begin, new_year(year)),
                      std::min(interval.end, new_year(year + 1)), made.total};
    if (piece.begin >= piece.end) continue;
    made.total += piece.end - piece.begin;
    made.pieces.push_back(piece);
  }
  return made;
}

std::string OpenHours::text() const {
  std::string text = days_text(during_.days);
  const During::Hours whole;
  const bool all_day = std::ranges::any_of(during_.hours, [&](const During::Hours& hours) {
    return hours.begin == whole.begin && hours.end == whole.end;
  });
  for (const During::Hours& hours : during_.hours) {
    if (all_day) break;
    text += fmt::format("{} {}-{}", &hours == &during_.hours.front() ? "" : " and",
                        clock_text(hours.begin), clock_text(hours.end));
  }
  text += " " + during_.time_zone;
  size_t shown = 0;
  for (const local_days day : during_.except) {
    if (shown == kDatesShown) {
      text += fmt::format(" and {} more dates", during_.except.size() - shown);
      break;
    }
    text += fmt::format("{} {}", shown++ == 0 ? ", except" : ",", date_text(day));
  }
  return text;
}

bool OpenNow::follow(const OpenHours* hours, Now now) {
  if (hours == nullptr) return false;
  const bool same = interval_ && interval_->begin <= now.wall && now.wall < interval_->end;
  if (!same) interval_ = hours->around(now.wall);
  ends_ = now.steady + (interval_->end - now.wall);
  return !same;
}

}  // namespace highwater::rules
