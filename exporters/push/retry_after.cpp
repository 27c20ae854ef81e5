#include "exporters/push/retry_after.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include "agent/core/plain_text.h"

namespace highwater {
namespace {

constexpr int64_t kMaxSeconds = int64_t{365} * 86'400;

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (text.empty() || end != last || number < 0) return std::nullopt;
  if (error == std::errc::result_out_of_range) return kMaxSeconds;
  if (error != std::errc{}) return std::nullopt;
  return std::min(number, kMaxSeconds);
}

// By hand: strptime follows the locale, and the header does not.
std::optional<WallTime> parse_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  // "Wed, 21 Oct 2026 07:28:00 GMT"
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT" ||
      text[19] != ':' || text[22] != ':') {
    return std::nullopt;
  }
  const auto day = whole_number(text.substr(5, 2));
  const auto year = whole_number(text.substr(12, 4));
  const auto hour = whole_number(text.substr(17, 2));
  const auto minute = whole_number(text.substr(20, 2));
  const auto second = whole_number(text.substr(23, 2));
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  if (!day || !year || !hour || !minute || !second || month == kMonths.end()) return std::nullopt;
  // Beyond them a nanosecond count would not fit.
  if (*year < 1970 || *year > 2200) return std::nullopt;
  using namespace std::chrono;
  const year_month_day date{std::chrono::year(static_cast<int>(*year)),
                            std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
                            std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return WallTime(sys_days(date)) + hours(*hour) + minutes(*minute) + seconds(*second);
}

}  // namespace

std::optional<Duration> parse_retry_after(std::string_view text, WallTime now) {
  text = trimmed(text, " \t");
  if (const auto number = whole_number(text)) return std::chrono::seconds(*number);
  if (const auto date = parse_http_date(text))
    return std::max<Duration>(*date - now, Duration::zero());
  return std::nullopt;
}

}  // namespace highwater
