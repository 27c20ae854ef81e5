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

constexpr Duration kWeek = days(7);
constexpr size_t kWindowsKept = 64;
constexpr size_t kDatesShown = 3;

constexpr std::array<std::string_view, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

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

OpenHours::OpenHours(During during)
    : during_(std::move(during)), years_([this](int year) { return make_year(year); }) {
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

std::vector<WallInterval> OpenHours::make_year(int year) const {
  std::vector<LocalInterval> stretches;
  // A day more than any zone is away from UTC, and one for hours across midnight.
  const local_days first(local_days(std::chrono::year(year) / 1 / 1) - days(2));
  const local_days end(local_days(std::chrono::year(year + 1) / 1 / 1) + days(2));
  for (local_days day = first; day < end; day += days(1)) {
    const auto weekday = std::chrono::weekday(day).iso_encoding() - 1;
    if (!during_.days[weekday] || std::ranges::binary_search(during_.except, day)) continue;
    for (const During::Hours& hours : during_.hours)
      stretches.push_back({day + hours.begin, day + hours.end});
  }
  return wall_stretches(during_.time_zone, stretches);
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
