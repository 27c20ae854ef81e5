#include "agent/core/time.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <ctime>
#include <limits>

namespace highwater {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  std::string_view spoken;
  int64_t ms;
};
constexpr std::array<Unit, 6> kUnits{{{"w", "weeks", 604'800'000},
                                      {"d", "d", 86'400'000},
                                      {"h", "h", 3'600'000},
                                      {"m", "min", 60'000},
                                      {"s", "s", 1'000},
                                      {"ms", "ms", 1}}};
// A hundred years: beyond it a nanosecond count would not fit.
constexpr int64_t kMaxMs = int64_t{36'525} * 86'400'000;

}  // namespace

Now SystemClock::now() const {
  return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()};
}

Result<Duration> parse_duration(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fail(fmt::format("'{}' is not a duration: {} (write it like 30s, 1m30s, 250ms or 28d)",
                            text, why));
  };
  if (text == "0") return Duration::zero();
  if (text.empty()) return bad("it is empty");
  int64_t total = 0;
  size_t last_unit = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc{} || number < 0) return bad("a number was expected");
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    size_t length = 0;
    while (length < rest.size() && rest[length] >= 'a' && rest[length] <= 'z') ++length;
    const std::string_view name = rest.substr(0, length);
    if (name.empty()) return bad("the unit is missing");
    size_t unit = 0;
    while (unit < kUnits.size() && kUnits[unit].name != name) ++unit;
    if (unit == kUnits.size()) return bad(fmt::format("unknown unit '{}'", name));
    if (unit < last_unit || (total > 0 && unit == last_unit))
      return bad("units go from large to small");
    last_unit = unit;
    if (number > kMaxMs / kUnits[unit].ms) return bad("it is longer than a hundred years");
    total += number * kUnits[unit].ms;
    if (total > kMaxMs) return bad("it is longer than a hundred years");
    rest.remove_prefix(length);
  }
  return milliseconds(total);
}

std::string format_duration(Duration duration) {
  int64_t ms = std::chrono::duration_cast<milliseconds>(duration).count();
  if (ms == 0) return "0s";
  std::string text = ms < 0 ? "-" : "";
  ms = std::abs(ms);
  for (const Unit& unit : kUnits) {
    if (unit.name == "w") continue;
    if (ms >= unit.ms) text += fmt::format("{}{}", ms / unit.ms, unit.name);
    ms %= unit.ms;
  }
  return text;
}

std::string describe_duration(Duration duration) {
  int64_t ms = std::chrono::duration_cast<milliseconds>(duration).count();
  const std::string sign = ms < 0 ? "-" : "";
  ms = std::abs(ms);
  for (size_t i = 1; i < kUnits.size(); ++i) {
    const Unit& unit = kUnits[i];
    if (ms < unit.ms) continue;
    if (unit.name == "s" && ms < 10'000 && ms % 1000 != 0)
      return fmt::format("{}{:.1f} s", sign, static_cast<double>(ms) / 1000);
    const int64_t rest = i + 1 < kUnits.size() ? ms % unit.ms / kUnits[i + 1].ms : 0;
    if (rest == 0 || unit.name == "s")
      return fmt::format("{}{} {}", sign, ms / unit.ms, unit.spoken);
    return fmt::format("{}{} {} {} {}", sign, ms / unit.ms, unit.spoken, rest,
                       kUnits[i + 1].spoken);
  }
  return "0 s";
}

std::string format_time(WallTime time) {
  const auto ms = std::chrono::floor<milliseconds>(time);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(ms);
  const std::time_t unix_seconds = std::chrono::system_clock::to_time_t(seconds);
  std::tm utc{};
  gmtime_r(&unix_seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     (ms - seconds).count());
}

std::string describe_time(WallTime time) {
  return describe_time(format_time(time));
}

std::string describe_time(std::string_view time) {
  if (time.size() < 20 || time[10] != 'T' || time.back() != 'Z') return std::string(time);
  return fmt::format("{} {} UTC", time.substr(0, 10), time.substr(11, 8));
}

double to_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}
double to_unix_seconds(WallTime time) {
  return to_seconds(time.time_since_epoch());
}

}  // namespace highwater
