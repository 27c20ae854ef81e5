#include "agent/import/openslo_window.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace highwater::agent {
namespace {

using rules::SloWindow;

constexpr std::chrono::hours kDay(24);

// "28d", "1w"; and "1M", "1Q", "1Y", which are about so long.
std::optional<Duration> duration_of(std::string_view text) {
  if (const Result<Duration> plain = parse_duration(text)) return *plain;
  if (text.size() < 2) return std::nullopt;
  int64_t count = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size() - 1, count);
  if (problem != std::errc() || end != text.data() + text.size() - 1 || count < 1 || count > 12)
    return std::nullopt;
  if (text.back() == 'M') return kDay * 30 * count;
  if (text.back() == 'Q') return kDay * 90 * count;
  if (text.back() == 'Y') return kDay * 365 * count;
  return std::nullopt;
}

std::optional<SloWindow> calendar_window(const std::string& duration, const std::string& zone) {
  SloWindow window;
  window.time_zone = zone.empty() ? "UTC" : zone;
  if (duration == "1w" || duration == "7d")
    window.kind = SloWindow::Kind::week;
  else if (duration == "1M")
    window.kind = SloWindow::Kind::month;
  else if (duration == "1Q" || duration == "3M")
    window.kind = SloWindow::Kind::quarter;
  else
    return std::nullopt;
  window.length = duration_of(duration).value_or(Duration::zero());
  return window;
}

}  // namespace

OpenSloWindow read_openslo_window(const YamlNode& spec, Fields& fields) {
  OpenSloWindow read;
  const YamlNode* node = &fields.map(spec, "timeWindow");
  if (const YamlNode& list = fields.list(spec, "timeWindow"); !list.items.empty()) {
    node = &list.items.front();
    fields.open(*node);
  }
  if (node->kind != YamlNode::Kind::map) {
    read.losses.emplace_back(&spec, "it has no time window");
    return read;
  }
  const std::string duration = fields.text(*node, "duration");
  const std::optional<bool> rolls = fields.flag(*node, "isRolling");
  const YamlNode& calendar = fields.map(*node, "calendar");
  const bool has_calendar = calendar.kind == YamlNode::Kind::map;
  if (has_calendar || rolls == false) {
    read.window = calendar_window(duration, fields.text(calendar, "timeZone"));
    if (!read.window)
      read.losses.emplace_back(node, fmt::format("there is no calendar window of '{}'", duration));
    else if (!has_calendar)
      read.losses.emplace_back(
          node,
          "it does not roll and has no calendar: it begins with the week, month or quarter "
          "of UTC");
    else
      read.losses.emplace_back(
          node, fmt::format("its calendar windows begin with the week, month or quarter, not by "
                            "its start time '{}'",
                            fields.text(calendar, "startTime")));
    if (has_calendar && rolls == true)
      read.losses.emplace_back(node, "'isRolling: true' beside a calendar was left out");
    return read;
  }
  const std::optional<Duration> length = duration_of(duration);
  if (!length) {
    read.losses.emplace_back(node, fmt::format("its window '{}' is no duration", duration));
    return read;
  }
  read.window.emplace();
  read.window->length = *length;
  if (!parse_duration(duration))
    read.losses.emplace_back(node, fmt::format("its window '{}' became the last {}", duration,
                                               format_duration(*length)));
  return read;
}

}  // namespace highwater::agent
