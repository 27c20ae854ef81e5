// Reads an iCalendar file. What event_calendar.h does not name is refused, so that no maintenance
// is at another time than its author sees in the calendar. Used when a configuration is loaded; any
// thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "agent/core/diagnostic.h"
#include "rules/icalendar/event_calendar.h"

namespace highwater::rules::icalendar {

inline constexpr size_t kMaxFileBytes = size_t{1024} * 1024;
inline constexpr size_t kMostEvents = 500;
// That the events of a file begin in a year, taken together.
inline constexpr size_t kMostInAYear = 5000;
inline constexpr Duration kLongest = std::chrono::hours(24) * 366;

// The file at `path`, at most kMaxFileBytes. `zone` is that of floating times and whole days. Null
// after a mistake; the diagnostics say which, 20 of one file at most.
[[nodiscard]] std::shared_ptr<const EventCalendar> read_calendar(const std::string& path,
                                                                 const std::string& zone,
                                                                 Diagnostics& diagnostics);
// The same of a text; `path` names it.
[[nodiscard]] std::shared_ptr<const EventCalendar> parse_calendar(std::string_view text,
                                                                  const std::string& path,
                                                                  const std::string& zone,
                                                                  Diagnostics& diagnostics);

}  // namespace highwater::rules::icalendar
