// EventCalendar: when the events of an iCalendar file are (RFC 5545), for maintenance that is
// planned in a calendar. Made by parser.h; asked by silences. What is understood: events with a
// begin, and an end or a duration; whole days; times in UTC, in a zone of the operating system, and
// floating; RRULE with FREQ (DAILY to YEARLY), INTERVAL, BYDAY, BYMONTHDAY, UNTIL, COUNT and WKST;
// EXDATE; STATUS:CANCELLED. What a time means where the clocks are changed is said in calendar.h,
// at rfc_moment().
//
// Immutable to whoever asks; any thread. No clock is read.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/core/time.h"
#include "rules/calendar.h"
#include "rules/icalendar/recurrence.h"
#include "rules/yearly_intervals.h"

namespace highwater::rules::icalendar {

struct Event {
  std::string summary;
  std::string zone;                  // of its begin
  std::chrono::local_seconds begin;  // of the first one
  // How long each of them lasts: so many days as the clocks show them, and then so much.
  std::chrono::days whole_days{0};
  Duration exact{};
  std::optional<Recurrence> recurrence;             // none: once
  std::optional<WallTime> until;                    // the last moment at which one begins
  std::optional<std::chrono::local_days> last_day;  // on which one begins, by COUNT
  std::set<WallTime> except;                        // begins that are left out
  std::set<std::chrono::local_days> except_days;    // days on which none begins
  int line = 0;                                     // in the file

  // Those that begin on these days, by the clocks of its zone; the last day not included.
  void each_between(std::chrono::local_days from, std::chrono::local_days to,
                    const std::function<void(const WallInterval&)>& take) const;
  [[nodiscard]] WallInterval interval_on(std::chrono::local_days day) const;
};

class EventCalendar {
 public:
  // `name` is the file's, for people.
  EventCalendar(std::string name, std::string path, std::vector<Event> events);

  using Around = YearlyIntervals::Around;
  [[nodiscard]] Around around(WallTime at) const { return years_.around(at); }
  // What the events of an interval are called, each once, in their order in the file.
  [[nodiscard]] std::vector<std::string> summaries(const WallInterval& interval) const;

  [[nodiscard]] const std::vector<Event>& events() const { return events_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  // "3 events of ops.ics"
  [[nodiscard]] std::string text() const;

 private:
  void each_in(const Event& event, const WallInterval& interval,
               const std::function<void(const WallInterval&)>& take) const;
  [[nodiscard]] std::vector<WallInterval> make_year(int year) const;

  const std::string name_;
  const std::string path_;
  const std::vector<Event> events_;
  const YearlyIntervals years_;
};

}  // namespace highwater::rules::icalendar
