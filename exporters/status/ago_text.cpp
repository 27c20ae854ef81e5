#include "exporters/status/ago_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

namespace highwater {
namespace {

using std::chrono::seconds;

std::optional<int> number(std::string_view text, size_t at, size_t length) {
  int value = 0;
  const char* const begin = text.data() + at;
  const auto [end, error] = std::from_chars(begin, begin + length, value);
  if (error != std::errc{} || end != begin + length) return std::nullopt;
  return value;
}

// "2026-01-31T23:59:59.123Z", to the second.
std::optional<std::chrono::sys_seconds> parse_time(std::string_view text) {
  if (text.size() < 20 || text.back() != 'Z') return std::nullopt;
  const auto year = number(text, 0, 4);
  const auto month = number(text, 5, 2);
  const auto day = number(text, 8, 2);
  const auto hour = number(text, 11, 2);
  const auto minute = number(text, 14, 2);
  const auto second = number(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         seconds(*second);
}

}  // namespace

std::string ago_text(std::string_view time, std::string_view now) {
  const auto then = parse_time(time);
  const auto present = parse_time(now);
  if (!then || !present) return std::string(time);
  const int64_t ago = std::max<int64_t>((*present - *then).count(), 0);
  if (ago < 60) return fmt::format("{} s ago", ago);
  if (ago < 60 * 60) return fmt::format("{} min ago", ago / 60);
  if (ago < 48 * 60 * 60) return fmt::format("{} h ago", ago / (60 * 60));
  return fmt::format("{} d ago", ago / (24 * 60 * 60));
}

}  // namespace highwater
