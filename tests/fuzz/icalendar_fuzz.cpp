// Fuzz target for calendars of maintenance:  icalendar_fuzz FOLDER -max_len=65536 -timeout=20
//
// The input is an iCalendar file. It is refused with a place within it, or says of every moment
// whether an event is on, and from when to when that stays so.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "rules/icalendar/parser.h"

namespace {

void require(bool promise) {
  if (!promise) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace highwater;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Diagnostics diagnostics;
  const auto calendar =
      rules::icalendar::parse_calendar(text, "fuzz.ics", "Europe/Berlin", diagnostics);
  require((calendar == nullptr) == !diagnostics.empty());
  for (const Diagnostic& mistake : diagnostics) {
    require(!mistake.what.empty() && mistake.line >= 0);
    require(mistake.line <= std::ranges::count(text, '\n') + 1);
  }
  if (calendar == nullptr) return 0;
  WallTime at{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};
  for (int step = 0; step < 5; ++step) {
    const auto around = calendar->around(at);
    require(around.begin <= at && at < around.end);
    if (around.open) require(!calendar->events().empty());
    at = around.end;
  }
  return 0;
}
