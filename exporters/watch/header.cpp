#include "exporters/watch/header.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/core/plain_text.h"
#include "agent/core/wrap.h"
#include "exporters/status/ago_text.h"
#include "exporters/watch/line.h"

namespace highwater::watch {
namespace {

constexpr size_t kMostReasonLines = 3;

// "2026-01-31T23:59:59.123Z" as "23:59:59 UTC".
std::string clock_text(std::string_view time) {
  return time.size() < 20 ? std::string(time) : std::string(time.substr(11, 8)) + " UTC";
}

// The same as "2026-01-31 23:59:59 UTC".
std::string date_text(std::string_view time) {
  return time.size() < 20 ? std::string(time)
                          : std::string(time.substr(0, 10)) + " " + clock_text(time);
}

// To the second: it is shown again every second.
std::string age_text(WallTime then, WallTime now) {
  return describe_duration(
      std::chrono::floor<std::chrono::seconds>(std::max<Duration>(now - then, Duration::zero())));
}

// "2 pages, 1 ticket"
std::string open_text(const Picture& picture) {
  std::string text;
  size_t seen = 0;
  for (const std::string_view severity : {"page", "ticket"}) {
    const auto count = static_cast<size_t>(
        std::ranges::count(picture.incidents, severity, &IncidentRow::severity));
    seen += count;
    if (count > 0) text += (text.empty() ? "" : ", ") + counted(count, severity);
  }
  const size_t more = std::max(picture.incident_count, picture.incidents.size()) - seen;
  if (more > 0)
    text += (text.empty() ? "" : ", ") + counted(more, seen > 0 ? "other incident" : "incident");
  return text;
}

TextCell verdict(const Picture& picture) {
  if (!picture.incidents.empty()) {
    const bool pages = std::ranges::count(picture.incidents, "page", &IncidentRow::severity) > 0;
    return {"OPEN: " + open_text(picture), pages ? Ink::red : Ink::yellow};
  }
  if (!picture.unsure.empty()) return {"CANNOT SAY: " + picture.unsure, Ink::yellow};
  if (picture.quiet_since.empty()) return {"All quiet: no incident is known", Ink::green};
  return {fmt::format("All quiet since {} ({})", date_text(picture.quiet_since),
                      ago_text(picture.quiet_since, picture.now)),
          Ink::green};
}

std::string first_line(const Model& model, size_t width, bool colour) {
  const std::string version = model.picture == nullptr ? "" : " " + model.picture->version;
  const std::string clock = model.picture == nullptr ? "" : clock_text(model.picture->now);
  const size_t room = width - std::min(width, clock.size() + 1);
  Line line(width, colour);
  line.add("highwater" + version, Ink::bold);
  line.add("  " + model.connection.url, Ink::plain, room - std::min(room, width - line.left()));
  if (line.left() > clock.size()) line.add(" ").add(clock, Ink::soft);
  return line.take();
}

// The reason stands at the end of what a client says, so that it must not be cut.
std::vector<std::string> reason_lines(const Connection& agent, size_t width) {
  const std::string text = wrap(
      fmt::format("NO ANSWER for {}: {}", age_text(*agent.away_since, agent.now), clean(agent.why)),
      width, 2);
  std::vector<std::string> lines;
  for (size_t begin = 0; begin <= text.size() && lines.size() < kMostReasonLines;) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::vector<TextCell> unknown_cells(const Picture& picture, size_t most) {
  std::vector<TextCell> cells;
  cells.reserve(picture.unknown.size() + picture.notices.size());
  for (const std::string& what : picture.unknown)
    cells.push_back({"NOT KNOWN: " + what, Ink::yellow});
  for (const std::string& notice : picture.notices)
    cells.push_back({"NOTE: " + notice, Ink::yellow});
  if (cells.size() <= most) return cells;
  const size_t more = cells.size() - (most - 1);
  cells.resize(most - 1);
  cells.push_back({fmt::format("NOT KNOWN: and {} more, see each cluster", more), Ink::yellow});
  return cells;
}

}  // namespace

std::vector<std::string> header_lines(const Model& model, Size size, bool colour) {
  std::vector<std::string> lines{first_line(model, size.width, colour)};
  const auto add = [&](const TextCell& cell) {
    lines.push_back(Line(size.width, colour).add(cell.text, cell.ink).take());
  };
  const Connection& agent = model.connection;
  if (agent.away_since) {
    for (const std::string& line : reason_lines(agent, size.width)) add({line, Ink::red});
  }
  if (model.picture == nullptr) {
    add({agent.away_since
             ? fmt::format("It is asked again every {}.", describe_duration(agent.interval))
             : "The agent is asked for the first time.",
         Ink::yellow});
    return lines;
  }
  if (agent.away_since) {
    add({fmt::format("OLD: all below is {} old, of {}. The agent is asked every {}.",
                     age_text(agent.answered.value_or(agent.now), agent.now),
                     clock_text(model.picture->now), describe_duration(agent.interval)),
         Ink::yellow});
  }
  const TextCell then = verdict(*model.picture);
  add(agent.away_since ? TextCell{"THEN: " + then.text, Ink::soft} : then);
  const size_t most = size.height < 30 ? 3 : 5;
  for (const TextCell& cell : unknown_cells(*model.picture, most)) add(cell);
  return lines;
}

}  // namespace highwater::watch
