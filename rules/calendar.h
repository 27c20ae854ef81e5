// Calendar: weeks, months and quarters as people in one time zone live them. Used by the loader, to
// refuse a zone that nobody has, and by burn.h, for budgets that start anew with the calendar. The
// only file that knows the time zone library; the zones are those of the operating system
// (/usr/share/zoneinfo), read once, at first use. Any thread; no clock is read.
#pragma once

#include <string_view>

#include "agent/core/time.h"
#include "rules/slo_rule.h"

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

}  // namespace highwater::rules
