#include "rules/icalendar/event_calendar.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace highwater::rules::icalendar {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::local_days;

local_days utc_day(WallTime at) {
  return local_days(floor<days>(at).time_since_epoch());
}

}  // namespace

WallInterval Event::interval_on(local_days day) const {
  const std::chrono::local_seconds at = day + (begin - floor<days>(begin));
  const WallTime begins = rfc_moment(zone, at);
  const WallTime days_later = whole_days == days(0) ? begins : rfc_moment(zone, at + whole_days);
  return {begins, days_later + exact};
}

void Event::each_between(local_days from, local_days to,
                         const std::function<void(const WallInterval&)>& take) const {
  const local_days first = floor<days>(begin);
  from = std::max(from, first);
  to = std::min(to, recurrence ? last_day.value_or(to) + days(1) : first + days(1));
  for (local_days day = from; day < to; day += days(1)) {
    if (recurrence && !recurrence->falls_on(day, first)) continue;
    const WallInterval interval = interval_on(day);
    if (until && interval.begin > *until) return;
    if (except_days.contains(day) || except.contains(interval.begin)) continue;
    if (interval.begin < interval.end) take(interval);
  }
}

EventCalendar::EventCalendar(std::string name, std::string path, std::vector<Event> events)
    : name_(std::move(name)),
      path_(std::move(path)),
      events_(std::move(events)),
      years_([this](int year) { return make_year(year); }) {}

void EventCalendar::each_in(const Event& event, const WallInterval& interval,
                            const std::function<void(const WallInterval&)>& take) const {
  // A day more than any zone is away from UTC, and one for what a change of the clocks adds.
  const days lasts = event.whole_days + floor<days>(event.exact) + days(1);
  event.each_between(utc_day(interval.begin) - lasts - days(2), utc_day(interval.end) + days(2),
                     [&](const WallInterval& one) {
                       if (one.begin < interval.end && interval.begin < one.end) take(one);
                     });
}

std::vector<WallInterval> EventCalendar::make_year(int year) const {
  const WallInterval whole{new_year(year), new_year(year + 1)};
  std::vector<WallInterval> all;
  for (const Event& event : events_)
    each_in(event, whole, [&](const WallInterval& one) { all.push_back(one); });
  return merged(std::move(all));
}

std::vector<std::string> EventCalendar::summaries(const WallInterval& interval) const {
  std::vector<std::string> names;
  for (const Event& event : events_) {
    bool is_in = false;
    each_in(event, interval, [&](const WallInterval&) { is_in = true; });
    if (is_in && !event.summary.empty() && std::ranges::find(names, event.summary) == names.end())
      names.push_back(event.summary);
  }
  return names;
}

std::string EventCalendar::text() const {
  return fmt::format("{} event{} of {}", events_.size(), events_.size() == 1 ? "" : "s", name_);
}

}  // namespace highwater::rules::icalendar
