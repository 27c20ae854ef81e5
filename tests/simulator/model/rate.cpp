#include "tests/simulator/model/rate.h"

#include <fmt/format.h>

#include <charconv>

namespace highwater::simulator {
namespace {

// Nanoseconds times records do not fit into 64 bits for long.
__extension__ using Wide = __int128;

constexpr std::int64_t kMaxPerSecond = 1'000'000;

struct Unit {
  std::string_view name;
  std::chrono::seconds length;
};
constexpr Unit kUnits[] = {{"s", std::chrono::seconds(1)},
                           {"m", std::chrono::minutes(1)},
                           {"h", std::chrono::hours(1)},
                           {"d", std::chrono::hours(24)}};

}  // namespace

Result<Rate> parse_rate(std::string_view text) {
  if (text == "0") return Rate{};
  const auto bad = [&](std::string_view why) {
    return fail(
        fmt::format("'{}' is not a rate: {} (write it like 100/s, 0.5/s or 6/m)", text, why));
  };
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return bad("the '/s' is missing");
  const std::string_view number = text.substr(0, slash);
  const std::string_view name = text.substr(slash + 1);

  const size_t point = number.find('.');
  const std::string_view whole = number.substr(0, point);
  std::string decimals(point == std::string_view::npos ? "" : number.substr(point + 1));
  if (decimals.size() > 3) return bad("it has more than three decimals");
  if (point != std::string_view::npos && decimals.empty()) return bad("a digit was expected");
  const std::int64_t scale = decimals.empty() ? 1 : 1000;
  if (!decimals.empty()) decimals.resize(3, '0');
  const std::string digits = std::string(whole) + decimals;
  std::int64_t records = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, problem] = std::from_chars(digits.data(), end, records);
  if (whole.empty() || problem != std::errc{} || stop != end || records < 0)
    return bad("a number was expected");

  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    if (records / scale / unit.length.count() > kMaxPerSecond)
      return bad("it is above 1,000,000/s");
    return Rate{records, unit.length * scale};
  }
  return bad("the unit is one of s, m, h, d");
}

std::string format_rate(const Rate& rate) {
  return fmt::format("{}/s", static_cast<double>(rate.records) / to_seconds(rate.per));
}

std::int64_t Ramp::count(Duration at) const {
  const Wide elapsed = (at - start).count();
  return first + static_cast<std::int64_t>(elapsed * rate.records / rate.per.count());
}

Duration Ramp::time_of(std::int64_t record) const {
  const Wide needed = Wide{record - first + 1} * rate.per.count();
  return start + Duration(static_cast<std::int64_t>((needed + rate.records - 1) / rate.records));
}

}  // namespace highwater::simulator
