#include "rules/routing/moment.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <optional>

#include "agent/core/plain_text.h"
#include "rules/calendar.h"

namespace highwater::rules {
namespace {

using std::chrono::local_seconds;
using std::chrono::minutes;
using std::chrono::seconds;

// So many digits at the front, which are taken away.
std::optional<int> take_number(std::string_view& text, size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int number = 0;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return number;
}

bool take(std::string_view& text, std::string_view any) {
  if (text.empty() || any.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<local_seconds> take_date(std::string_view& text) {
  const auto year = take_number(text, 4);
  if (!year || *year < 1971 || *year > 2199 || !take(text, "-")) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::local_days(date);
}

// "22:00", "22:00:30", "22:00:30.123"; fractions are cut off.
std::optional<seconds> take_clock(std::string_view& text) {
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
  int second = 0;
  if (take(text, ":")) {
    const auto read = take_number(text, 2);
    if (!read || *read > 59) return std::nullopt;
    second = *read;
    if (take(text, ".")) {
      if (!take_number(text, 1)) return std::nullopt;
      while (take_number(text, 1)) {
      }
    }
  }
  return std::chrono::hours(*hour) + minutes(*minute) + seconds(second);
}

// "Z", "+01:00"
std::optional<minutes> take_offset(std::string_view& text) {
  if (take(text, "Zz")) return minutes(0);
  const bool west = text.starts_with('-');
  if (!take(text, "+-")) return std::nullopt;
  const auto hour = take_number(text, 2);
  take(text, ":");
  const auto minute = take_number(text, 2);
  if (!hour || !minute || *hour > 14 || *minute > 59) return std::nullopt;
  const minutes offset = std::chrono::hours(*hour) + minutes(*minute);
  return west ? -offset : offset;
}

WallTime as_shown_in(std::string_view zone, local_seconds local) {
  const std::array<LocalInterval, 1> second{{{local, local + seconds(1)}}};
  const auto found = wall_stretches(zone, second);
  if (!found.empty()) return found.front().begin;
  // The clocks skip it: the first stretch behind it begins with the change.
  const std::array<LocalInterval, 1> day{{{local, local + std::chrono::hours(24)}}};
  return wall_stretches(zone, day).front().begin;
}

}  // namespace

Result<WallTime> parse_moment(std::string_view written, std::string_view zone) {
  const auto wrong = [&] {
    return fail(fmt::format(
        "'{}' is no moment: write it like 2026-12-05 22:00, or 2026-12-05T22:00:00Z", written));
  };
  std::string_view text = trimmed(written);
  const auto date = take_date(text);
  if (!date) return wrong();
  local_seconds local = *date;
  if (take(text, "T ")) {
    const auto clock = take_clock(text);
    if (!clock) return wrong();
    local += *clock;
  }
  text = trimmed(text);
  if (text.empty()) return as_shown_in(zone, local);
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return wrong();
  return WallTime(local.time_since_epoch() - *offset);
}

}  // namespace highwater::rules
