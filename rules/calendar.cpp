#include "rules/calendar.h"

#include <date/tz.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace highwater::rules {
namespace {

using date::local_days;

constexpr bool is_utc(std::string_view name) {
  return name == "UTC" || name == "Etc/UTC";
}

// Null for UTC, which needs no zones installed, and for what is no zone.
const date::time_zone* find_zone(std::string_view name) {
  if (name.empty() || is_utc(name)) return nullptr;
  try {
    const date::time_zone* zone = date::locate_zone(name);
    // Reads the zone's file: a stray file among the zones is found out here, not at midnight.
    static_cast<void>(zone->get_info(date::sys_seconds{}));
    return zone;
  } catch (const std::exception&) {
    return nullptr;
  }
}

// Local midnight of a day. One that the clocks skip is the moment of the change.
WallTime midnight(const date::time_zone* zone, local_days day) {
  if (zone == nullptr) return WallTime(day.time_since_epoch());
  return zone->to_sys(day, date::choose::earliest);
}

local_days day_of(const date::time_zone* zone, WallTime now) {
  if (zone == nullptr) return local_days(date::floor<date::days>(now).time_since_epoch());
  return date::floor<date::days>(zone->to_local(now));
}

struct Days {
  local_days first;
  local_days next;
};

Days stretch_of(SloWindow::Kind kind, local_days day) {
  const date::year_month_day date_of_day(day);
  const auto first_of = [&](unsigned month) {
    return local_days(date_of_day.year() / date::month(month) / 1);
  };
  const auto months_after = [](local_days first, int months) {
    return local_days(date::year_month_day(first) + date::months(months));
  };
  switch (kind) {
    case SloWindow::Kind::rolling:
      return {day, day};
    case SloWindow::Kind::week: {
      const local_days monday = day - (date::weekday(day) - date::Monday);
      return {monday, monday + date::days(7)};
    }
    case SloWindow::Kind::month: {
      const local_days first = first_of(static_cast<unsigned>(date_of_day.month()));
      return {first, months_after(first, 1)};
    }
    case SloWindow::Kind::quarter: {
      const local_days first =
          first_of((static_cast<unsigned>(date_of_day.month()) - 1) / 3 * 3 + 1);
      return {first, months_after(first, 3)};
    }
  }
  return {day, day};
}

// The first moment at which the clocks show this or, where they skip it, more.
WallTime first_shown(const date::time_zone* zone, std::chrono::local_seconds local) {
  const date::local_seconds shown(local.time_since_epoch());
  if (zone == nullptr) return WallTime(shown.time_since_epoch());
  return zone->to_sys(shown, date::choose::earliest);
}

// The last moment before which they showed less.
WallTime last_shown(const date::time_zone* zone, std::chrono::local_seconds local) {
  const date::local_seconds shown(local.time_since_epoch());
  if (zone == nullptr) return WallTime(shown.time_since_epoch());
  const date::local_info info = zone->get_info(shown);
  if (info.result != date::local_info::ambiguous)
    return zone->to_sys(shown, date::choose::earliest);
  // Where the hour that comes twice begins, what lay before it has ended.
  const date::sys_seconds again(shown.time_since_epoch() - info.second.offset);
  return again == info.second.begin ? zone->to_sys(shown, date::choose::earliest) : again;
}

}  // namespace

bool is_time_zone(std::string_view name) {
  return is_utc(name) || find_zone(name) != nullptr;
}

CalendarWindow calendar_window(SloWindow::Kind kind, std::string_view zone_name, WallTime now) {
  if (kind == SloWindow::Kind::rolling) return {now, now};
  const date::time_zone* zone = find_zone(zone_name);
  const Days days = stretch_of(kind, day_of(zone, now));
  const CalendarWindow window = {midnight(zone, days.first), midnight(zone, days.next)};
  if (window.end > now) return window;
  // The clocks were set back over midnight, from the new stretch into the old one: what has begun
  // stays begun.
  return {window.end, midnight(zone, stretch_of(kind, days.next).next)};
}

std::vector<WallInterval> wall_stretches(std::string_view zone_name,
                                         std::span<const LocalInterval> stretches) {
  const date::time_zone* zone = find_zone(zone_name);
  std::vector<WallInterval> all;
  all.reserve(stretches.size());
  for (const LocalInterval& stretch : stretches)
    all.push_back({first_shown(zone, stretch.begin), last_shown(zone, stretch.end)});
  return merged(std::move(all));
}

std::vector<WallInterval> merged(std::vector<WallInterval> intervals) {
  std::ranges::sort(intervals, {}, &WallInterval::begin);
  std::vector<WallInterval> result;
  for (const WallInterval& interval : intervals) {
    if (interval.begin >= interval.end) continue;
    if (!result.empty() && interval.begin <= result.back().end)
      result.back().end = std::max(result.back().end, interval.end);
    else
      result.push_back(interval);
  }
  return result;
}

WallTime rfc_moment(std::string_view zone_name, std::chrono::local_seconds local) {
  const date::local_seconds shown(local.time_since_epoch());
  const date::time_zone* zone = find_zone(zone_name);
  if (zone == nullptr) return WallTime(shown.time_since_epoch());
  // Of a time that is skipped the first offset is that before the change.
  return WallTime(shown.time_since_epoch() - zone->get_info(shown).first.offset);
}

}  // namespace highwater::rules
