#include "agent/config/byte_size.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace highwater::agent {
namespace {

constexpr double kMost = 4611686018427387904.0;

constexpr std::array<std::pair<std::string_view, double>, 11> kUnits{{{"", 1},
                                                                      {"B", 1},
                                                                      {"kB", 1e3},
                                                                      {"KB", 1e3},
                                                                      {"MB", 1e6},
                                                                      {"GB", 1e9},
                                                                      {"TB", 1e12},
                                                                      {"KiB", 0x1p10},
                                                                      {"MiB", 0x1p20},
                                                                      {"GiB", 0x1p30},
                                                                      {"TiB", 0x1p40}}};

}  // namespace

Result<uint64_t> parse_bytes(std::string_view text) {
  const auto refused = [&] {
    return fail(fmt::format(
        "'{}' is no size; write a number and a unit: kB, MB, GB, or KiB, MiB, GiB", text));
  };
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, problem] =
      std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (problem != std::errc{} || !std::isfinite(number) || number < 0) return refused();
  std::string_view unit(stopped, static_cast<size_t>(end - stopped));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  const auto found = std::ranges::find(kUnits, unit, [](const auto& one) { return one.first; });
  if (found == kUnits.end() || number * found->second > kMost) return refused();
  return static_cast<uint64_t>(std::llround(number * found->second));
}

}  // namespace highwater::agent
