#include "exporters/value_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "agent/core/time.h"

namespace highwater {
namespace {

std::string with_commas(double value) {
  std::string digits = fmt::format("{:.0f}", std::abs(value));
  for (auto at = static_cast<ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<size_t>(at), ",");
  return (value < 0 ? "-" : "") + digits;
}

std::string number_text(double value) {
  const bool whole = value == std::floor(value) || std::abs(value) >= 1000;
  if (whole) return with_commas(value);
  return fmt::format("{:.{}f}", value, std::abs(value) >= 10 ? 1 : 2);
}

std::string bytes_text(double value) {
  constexpr std::array<std::string_view, 6> kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  size_t unit = 0;
  while (std::abs(value) >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", value, unit == 0 ? 0 : 1, kUnits[unit]);
}

std::string seconds_text(double value) {
  constexpr double kLongest = 3e8;  // nine years: more is no duration
  if (std::abs(value) > kLongest) return number_text(value) + " s";
  if (value < 0) return "-" + seconds_text(-value);
  if (value == 0) return "0 s";
  if (value < 1) return fmt::format("{:.0f} ms", value * 1000);
  return describe_duration(std::chrono::milliseconds(std::llround(value * 1000)));
}

}  // namespace

std::string value_text(double value, Unit unit) {
  if (std::isnan(value)) return "no value";
  if (std::isinf(value)) return value > 0 ? "never" : "-never";
  switch (unit) {
    case Unit::boolean:
      return value != 0 ? "yes" : "no";
    case Unit::seconds:
      return seconds_text(value);
    case Unit::bytes:
      return bytes_text(value);
    case Unit::ratio:
      return fmt::format("{:.1f} %", value * 100);
    case Unit::none:
    case Unit::info:
    case Unit::records:
    case Unit::count:
      return number_text(value);
  }
  return number_text(value);
}

std::string cell_text(const Table& table, size_t row, bool stale) {
  if (!table.known(row)) return fmt::format("unknown: {}", unknown_name(table.reason(row)));
  if (stale) return "unknown: out of date";
  const Measure& measure = *table.measure;
  if (measure.name.ends_with("_timestamp_seconds"))
    return describe_time(WallTime(std::chrono::seconds(std::llround(table.values[row]))));
  return value_text(table.values[row], measure.unit);
}

std::string column_title(const Measure& measure, std::string_view about) {
  std::string_view name = measure.name;
  for (const std::string_view prefix :
       {about, std::string_view("partition"), std::string_view("topic"), std::string_view("group"),
        std::string_view("broker")}) {
    if (!name.starts_with(prefix) || name.size() <= prefix.size() + 1) continue;
    if (name[prefix.size()] != '_') continue;
    name.remove_prefix(prefix.size() + 1);
    break;
  }
  std::string title(name);
  for (const std::string_view unit : {"_timestamp_seconds", "_seconds", "_ratio", "_total"}) {
    const size_t at = title.find(unit);
    if (at != std::string::npos && at > 0) title.erase(at, unit.size());
  }
  std::ranges::replace(title, '_', ' ');
  return title;
}

}  // namespace highwater
