#include "rules/icalendar/event_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "agent/core/utf8.h"
#include "rules/calendar.h"
#include "rules/icalendar/parser.h"
#include "rules/routing/silences.h"

namespace highwater::rules::icalendar {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::seconds;

constexpr size_t kMostSummaryBytes = 200;
constexpr int kFirstYear = 1971;
constexpr int kLastYear = 2199;
constexpr local_days kEndOfTime{std::chrono::year(kLastYear) / 12 / 31};
constexpr std::string_view kTimeForm =
    "write it like 20261205T220000Z, or 20261205 with VALUE=DATE";

// What would change when an event is, and is not understood.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kRefused{
    {{"RDATE", "write an event for each of its dates"},
     {"EXRULE", "write EXDATE with the dates that are left out"},
     {"RECURRENCE-ID",
      "take the occurrence out of its series with EXDATE, and write it as an event of its own"}}};
// What an event may have once.
constexpr std::array<std::string_view, 6> kOnce{"DTSTART", "DTEND",  "DURATION",
                                                "RRULE",   "STATUS", "SUMMARY"};

bool all_digits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// A time as it is written: a whole day, or a moment as the clocks of `zone` show it.
struct When {
  bool whole_day = false;
  local_seconds local;
  std::string zone;

  [[nodiscard]] WallTime moment() const { return rfc_moment(zone, local); }
};

std::optional<local_seconds> parse_local(std::string_view text) {
  if ((text.size() != 8 && text.size() != 15) || !all_digits(text.substr(0, 8)))
    return std::nullopt;
  const auto year = number_of(text.substr(0, 4), kFirstYear, kLastYear);
  const auto month = number_of(text.substr(4, 2), 1, 12);
  const auto day = number_of(text.substr(6, 2), 1, 31);
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  if (text.size() == 8) return local_days(date);
  if (text[8] != 'T' || !all_digits(text.substr(9))) return std::nullopt;
  const auto hour = number_of(text.substr(9, 2), 0, 23);
  const auto minute = number_of(text.substr(11, 2), 0, 59);
  const auto second = number_of(text.substr(13, 2), 0, 59);
  if (!hour || !minute || !second) return std::nullopt;
  return local_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         seconds(*second);
}

// "P1D", "PT2H30M", "P1W", "P1DT12H": whole days, and what is exact.
struct Length {
  days whole{0};
  Duration exact{};
};
std::optional<Length> parse_length(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (!text.starts_with('P')) return std::nullopt;
  text.remove_prefix(1);
  Length length;
  std::string_view units = "WD";
  bool any = false;
  while (!text.empty()) {
    if (text.front() == 'T' && units.find('S') == std::string_view::npos) {
      units = "HMS";
      text.remove_prefix(1);
      any = false;
      continue;
    }
    const size_t end = text.find_first_not_of("0123456789");
    if (end == 0 || end == std::string_view::npos) return std::nullopt;
    const auto number = number_of(text.substr(0, end), 0, 1'000'000);
    const size_t unit = units.find(text[end]);
    if (!number || unit == std::string_view::npos) return std::nullopt;
    const char name = units[unit];
    units.remove_prefix(unit + 1);
    if (name == 'W') length.whole += days(7 * *number);
    if (name == 'D') length.whole += days(*number);
    if (name == 'H') length.exact += std::chrono::hours(*number);
    if (name == 'M') length.exact += std::chrono::minutes(*number);
    if (name == 'S') length.exact += seconds(*number);
    text.remove_prefix(end + 1);
    any = true;
  }
  if (!any) return std::nullopt;
  return length;
}

class EventReader {
 public:
  EventReader(int line, const std::string& zone, Mistakes& mistakes)
      : line_(line), zone_(zone), mistakes_(mistakes) {}

  std::optional<Event> read(std::span<const ContentLine> properties);

 private:
  bool sort(std::span<const ContentLine> properties);
  [[nodiscard]] const ContentLine* find(std::string_view name) const;
  std::optional<When> when(const ContentLine& line, std::string_view value);
  std::optional<std::string> zone_of(const ContentLine& line, bool utc);
  bool read_length(const When& begin, Event& event);
  bool read_end(const ContentLine& line, const When& begin, Event& event);
  bool read_recurrence(const ContentLine& line, const When& begin, Event& event);
  bool read_until(const ContentLine& line, const When& begin, Event& event);
  bool read_exceptions(const When& begin, Event& event);
  bool wrong(int line, std::string what, std::string advice = "") {
    mistakes_.add(line, std::move(what), std::move(advice));
    return false;
  }

  const int line_;
  const std::string& zone_;
  Mistakes& mistakes_;
  std::map<std::string_view, const ContentLine*, std::less<>> once_;
  std::vector<const ContentLine*> exceptions_;
};

std::optional<Event> EventReader::read(std::span<const ContentLine> properties) {
  if (!sort(properties)) return std::nullopt;
  const ContentLine* const status = find("STATUS");
  if (status != nullptr && upper_case(status->value) == "CANCELLED") return std::nullopt;
  const ContentLine* const start = find("DTSTART");
  if (start == nullptr) {
    wrong(line_, "the event has no DTSTART", std::string(kTimeForm));
    return std::nullopt;
  }
  const auto begin = when(*start, start->value);
  if (!begin) return std::nullopt;
  Event event;
  event.line = line_;
  event.zone = begin->zone;
  event.begin = begin->local;
  if (const ContentLine* const summary = find("SUMMARY"))
    event.summary = utf8::first_bytes(one_line(unescaped(summary->value)), kMostSummaryBytes);
  if (!read_length(*begin, event)) return std::nullopt;
  const ContentLine* const rule = find("RRULE");
  if (rule != nullptr && !read_recurrence(*rule, *begin, event)) return std::nullopt;
  if (!read_exceptions(*begin, event)) return std::nullopt;
  return event;
}

bool EventReader::sort(std::span<const ContentLine> properties) {
  for (const ContentLine& line : properties) {
    const auto refused =
        std::ranges::find(kRefused, line.name, &decltype(kRefused)::value_type::first);
    if (refused != kRefused.end())
      return wrong(line.line, line.name + " is not supported", std::string(refused->second));
    if (line.name == "EXDATE") exceptions_.push_back(&line);
    if (std::ranges::find(kOnce, line.name) == kOnce.end()) continue;
    if (!once_.emplace(line.name, &line).second)
      return wrong(line.line, "the event has " + line.name + " twice", "leave one of them");
  }
  return true;
}

const ContentLine* EventReader::find(std::string_view name) const {
  const auto found = once_.find(name);
  return found == once_.end() ? nullptr : found->second;
}

std::optional<When> EventReader::when(const ContentLine& line, std::string_view value) {
  const bool utc = value.ends_with('Z');
  const auto local = parse_local(utc ? value.substr(0, value.size() - 1) : value);
  const bool whole_day = value.size() == 8;
  const std::string* const type = line.parameter("VALUE");
  const bool typed = type == nullptr || upper_case(*type) == (whole_day ? "DATE" : "DATE-TIME");
  if (!local || !typed || (utc && value.size() != 16)) {
    wrong(line.line,
          fmt::format("{} '{}' is no time between {} and {}", line.name, excerpt(value), kFirstYear,
                      kLastYear),
          std::string(kTimeForm));
    return std::nullopt;
  }
  const auto zone = zone_of(line, utc);
  if (!zone) return std::nullopt;
  return When{whole_day, *local, whole_day ? zone_ : *zone};
}

std::optional<std::string> EventReader::zone_of(const ContentLine& line, bool utc) {
  const std::string* const named = line.parameter("TZID");
  if (named == nullptr) return utc ? "UTC" : zone_;
  if (utc)
    wrong(line.line, "TZID does not go with a time in UTC", "leave out TZID, or the Z");
  else if (!is_time_zone(*named))
    wrong(line.line, fmt::format("the system has no time zone '{}'", excerpt(*named)),
          "name one as IANA does, like TZID=Europe/Berlin: VTIMEZONE is not read");
  else
    return *named;
  return std::nullopt;
}

bool EventReader::read_length(const When& begin, Event& event) {
  const ContentLine* const end = find("DTEND");
  const ContentLine* const duration = find("DURATION");
  if (end != nullptr && duration != nullptr)
    return wrong(duration->line, "DURATION does not go with DTEND", "leave out one of them");
  if (end == nullptr && duration == nullptr) {
    if (!begin.whole_day)
      return wrong(line_, "the event has no end", "write DTEND, or DURATION:PT2H");
    event.whole_days = days(1);
    return true;
  }
  if (end != nullptr && !read_end(*end, begin, event)) return false;
  if (duration != nullptr) {
    const auto length = parse_length(upper_case(duration->value));
    if (!length)
      return wrong(duration->line, fmt::format("DURATION cannot be '{}'", excerpt(duration->value)),
                   "write it like PT2H30M, P1D or P1W");
    if (begin.whole_day && length->exact != Duration::zero())
      return wrong(duration->line, "an event of whole days lasts whole days", "write it like P1D");
    event.whole_days = length->whole;
    event.exact = length->exact;
  }
  const int line = (end != nullptr ? end : duration)->line;
  const Duration lasts = event.whole_days + event.exact;
  if (lasts <= Duration::zero())
    return wrong(line, "the event ends before it begins, or at once", "give it a later end");
  if (lasts > kLongest)
    return wrong(line, fmt::format("the event lasts longer than {}", format_duration(kLongest)),
                 "write 'maintenance' with 'from' and 'until'");
  return true;
}

// RFC 5545, 3.8.5.3: what DTEND says lasts exactly as long each time.
bool EventReader::read_end(const ContentLine& line, const When& begin, Event& event) {
  const auto end = when(line, line.value);
  if (!end) return false;
  if (end->whole_day != begin.whole_day)
    return wrong(line.line, "DTEND and DTSTART must both be days, or both be times",
                 std::string(kTimeForm));
  if (begin.whole_day)
    event.whole_days = floor<days>(end->local) - floor<days>(begin.local);
  else
    event.exact = end->moment() - begin.moment();
  return true;
}

bool EventReader::read_recurrence(const ContentLine& line, const When& begin, Event& event) {
  auto rule = parse_recurrence(line.value);
  if (!rule) return wrong(line.line, rule.error().what, rule.error().advice);
  event.recurrence = std::move(*rule);
  const local_days first = floor<days>(begin.local);
  if (!event.recurrence->falls_on(first, first))
    return wrong(line.line, "DTSTART is none of the days of its RRULE",
                 "let DTSTART be the first of them");
  if (!event.recurrence->until.empty()) return read_until(line, begin, event);
  int left = event.recurrence->count.value_or(0);
  for (local_days day = first; left > 0 && day <= kEndOfTime; day += days(1)) {
    if (event.recurrence->falls_on(day, first) && --left == 0) event.last_day = day;
  }
  return true;
}

bool EventReader::read_until(const ContentLine& line, const When& begin, Event& event) {
  std::string_view text = event.recurrence->until;
  const bool utc = text.ends_with('Z');
  if (utc) text.remove_suffix(1);
  const auto local = parse_local(text);
  if (!local || (utc && text.size() == 8))
    return wrong(line.line, fmt::format("UNTIL cannot be '{}'", excerpt(event.recurrence->until)),
                 std::string(kTimeForm));
  // A day is in until its end.
  const local_seconds last = text.size() == 8 ? *local + days(1) - seconds(1) : *local;
  event.until = rfc_moment(utc ? "UTC" : begin.zone, last);
  return true;
}

bool EventReader::read_exceptions(const When& begin, Event& event) {
  for (const ContentLine* const line : exceptions_) {
    for (const std::string_view value : split(line->value, ',')) {
      const auto at = when(*line, value);
      if (!at) return false;
      if (at->whole_day)
        event.except_days.insert(floor<days>(at->local));
      else if (begin.whole_day)
        return wrong(line->line, "EXDATE is a time, and DTSTART a day", "write VALUE=DATE");
      else
        event.except.insert(at->moment());
    }
  }
  return true;
}

}  // namespace

std::optional<Event> read_event(int line, std::span<const ContentLine> properties,
                                const std::string& zone, Mistakes& mistakes) {
  return EventReader(line, zone, mistakes).read(properties);
}

}  // namespace highwater::rules::icalendar
