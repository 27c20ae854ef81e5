// Calendar: weeks, months, quarters and hours of the day as people in one time zone live them. Used
// by the loader, to refuse a zone that nobody has, by burn.h, for budgets that start anew with the
// calendar, and by open_hours.h, for rules that hold at certain times. The only file that knows the
// time zone library; the zones are those of the operating system (/usr/share/zoneinfo), read once,
// at first use. Any thread; no clock is read.
#pragma once

#include <chrono>
#include <span>
#include <string_view>
#include <vector>

#include "agent/core/time.h"
#include "rules/slo/slo_rule.h"

namespace highwater::rules {

// Whether the operating system has the zone: "Europe/Berlin". "UTC" is known everywhere, also where
// no zones are installed.
[[nodiscard]] bool is_time_zone(std::string_view name);

// The stretch of the calendar that holds `now`: from its first moment to that of the next one. A
// week begins on Monday, a quarter with January, April, July or October, each at local midnight;
// where the clocks skip midnight, at the first moment after it; where midnight comes twice, with
// the first. `kind` is not `rolling` (whose stretch is empty); an unknown zone is read as UTC.
struct CalendarWindow {
  WallTime begin;
  WallTime end;  // after `now`
};
[[nodiscard]] CalendarWindow calendar_window(SloWindow::Kind kind, std::string_view zone,
                                             WallTime now);

[[nodiscard]] inline WallTime calendar_begin(SloWindow::Kind kind, std::string_view zone,
                                             WallTime now) {
  return calendar_window(kind, zone, now).begin;
}

// From one moment to another, the second not included, as the clocks on the wall show them.
struct LocalInterval {
  std::chrono::local_seconds begin;
  std::chrono::local_seconds end;
};
struct WallInterval {
  WallTime begin;
  WallTime end;

  bool operator==(const WallInterval&) const = default;
};

// When that is, in the order of time; those that touch or overlap are one. Where the clocks are set
// back and show an hour twice, a stretch lasts from the first time its begin is shown to the last
// time its end is; where they skip an hour, what lies in it is not there. Both are within a day of
// UTC. An unknown zone is read as UTC.
[[nodiscard]] std::vector<WallInterval> wall_stretches(std::string_view zone,
                                                       std::span<const LocalInterval> stretches);

// In the order of time; those that touch or overlap are one, and empty ones are left out.
[[nodiscard]] std::vector<WallInterval> merged(std::vector<WallInterval> intervals);

// When the clocks show this, as RFC 5545 (3.3.5) reads it: what they show twice is the first of
// them; what they skip is as if they had not been changed yet, so that 02:30 of a night without it
// is 03:30. An unknown zone is read as UTC.
[[nodiscard]] WallTime rfc_moment(std::string_view zone, std::chrono::local_seconds local);

}  // namespace highwater::rules
