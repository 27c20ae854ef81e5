// Recurrence: on which days an event of an iCalendar file begins: its RRULE (RFC 5545, 3.3.10), in
// the part that event_calendar.h names. A day is asked whether it is one of them, so that no rule
// costs more than the days that are looked at. Pure; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"

namespace highwater::rules::icalendar {

struct Recurrence {
  enum class Every : uint8_t { day, week, month, year };
  // "MO", or the second one of the month or year ("2MO"), or the last one ("-1MO").
  struct Weekday {
    std::chrono::weekday day;
    int which = 0;  // 0: each of them
  };

  Every every = Every::day;
  int interval = 1;  // at least 1: each second week
  std::vector<Weekday> by_day;
  std::vector<int> by_month_day;  // 1 to 31, or -1 for the last one, to -31
  std::chrono::weekday week_begins = std::chrono::Monday;
  std::optional<int> count;  // at least 1
  std::string until;         // as it is written; empty: none

  // Whether it falls on `day`, which is not before `first`, the day of its first event.
  [[nodiscard]] bool falls_on(std::chrono::local_days day, std::chrono::local_days first) const;
};

// Reads the value of an RRULE. The error says what is wrong and, where that is known, what to do.
struct RuleMistake {
  std::string what;
  std::string advice;
};
[[nodiscard]] tl::expected<Recurrence, RuleMistake> parse_recurrence(std::string_view text);

}  // namespace highwater::rules::icalendar
