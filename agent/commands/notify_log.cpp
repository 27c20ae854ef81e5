// highwater notify log: what a running agent told whom.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/command_line/terminal_settings.h"
#include "agent/commands/ask_agent.h"
#include "agent/commands/commands.h"
#include "agent/core/time.h"
#include "exporters/json_fields.h"
#include "exporters/status/ago_text.h"
#include "exporters/status/terminal.h"

namespace highwater::agent {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kCannotSay = 2;
constexpr size_t kWidest = 200;

int mistaken(const std::string& text) {
  std::cerr << "highwater: " << text << "\n";
  return kCannotSay;
}

bool is_number(const std::string& text) {
  uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() && number > 0;
}

std::string incident_text(const Json& entry) {
  const double group = number_of(entry, "group");
  return group > 0 ? fmt::format("group {:.0f}", group)
                   : fmt::format("{:.0f}", number_of(entry, "incident"));
}

// What a receiver answered can be long: `--json` has the whole.
size_t outcome_width(TextStyle style) {
  constexpr size_t kLeast = 20;  // "delivered in 1.2 s"
  constexpr size_t kMost = 60;
  return style.cut ? std::clamp(style.width / 4, kLeast, kMost) : kMost;
}

std::string delivered_text(double seconds) {
  const auto whole = std::chrono::milliseconds(std::llround(std::clamp(seconds, 0.0, 1e9) * 1000));
  return whole.count() == 0 ? " at once" : " in " + describe_duration(whole);
}

std::vector<TextCell> row_of(const Json& entry, const std::string& now, TextStyle style) {
  const std::string outcome = text_of(entry, "outcome");
  const bool delivered = outcome == "delivered";
  const double attempts = number_of(entry, "attempts");
  // A repeat's seconds count from when the incident was sent first.
  const bool repeat = delivered && entry.contains("repeat") && entry.at("repeat") == true;
  std::string came_of_it = repeat ? "repeated" : outcome;
  if (delivered && !repeat) came_of_it += delivered_text(number_of(entry, "seconds"));
  if (!delivered && attempts > 1) came_of_it += fmt::format(" {:.0f} times", attempts);
  if (const std::string why = text_of(entry, "why"); !why.empty())
    came_of_it += (delivered ? ", but " : ": ") + why;
  const bool ended = text_of(entry, "status") == "resolved";
  return {{ago_text(text_of(entry, "at"), now)},
          {text_of(entry, "receiver")},
          {incident_text(entry)},
          {ended ? "resolved" : text_of(entry, "severity")},
          {shortened(came_of_it, outcome_width(style)), delivered ? Ink::green : Ink::red},
          {text_of(entry, "title")}};
}

Result<std::string> table_of(const std::string& body, TextStyle style) {
  const Json answer = Json::parse(body, nullptr, false);
  if (!answer.is_object() || !answer.contains("deliveries"))
    return fail("what answered is no list of deliveries of Highwater");
  TerminalText out(style);
  std::vector<std::vector<TextCell>> rows{{{"WHEN", Ink::soft},
                                           {"RECEIVER", Ink::soft},
                                           {"ID", Ink::soft},
                                           {"SENT", Ink::soft},
                                           {"OUTCOME", Ink::soft},
                                           {"TITLE", Ink::soft}}};
  for (const Json& entry : list_of(answer, "deliveries"))
    rows.push_back(row_of(entry, text_of(answer, "now"), style));
  if (rows.size() == 1)
    out.line("no notification was sent");
  else
    out.table(rows, TerminalText::Last::cut);
  return out.take();
}

}  // namespace

int notify_log_command(const AgentOptions& options, const std::string& incident,
                       const std::string& limit) {
  if (!incident.empty() && !is_number(incident))
    return mistaken("--incident: an incident has a number");
  if (!limit.empty() && !is_number(limit)) return mistaken("--limit: it must be a number above 0");
  std::string target = "api/v1/deliveries?limit=" + (limit.empty() ? "30" : limit);
  if (!incident.empty()) target += "&incident=" + incident;
  const auto json = read_agent(options, target);
  if (!json) return kCannotSay;
  const Result<std::string> table =
      table_of(*json, {command_line::wants_colour(STDOUT_FILENO, options.no_color),
                       command_line::terminal_width(STDOUT_FILENO, kWidest),
                       command_line::is_terminal(STDOUT_FILENO)});
  if (!table) return mistaken(table.error().message);
  std::cout << (options.json ? *json : *table);
  return 0;
}

}  // namespace highwater::agent
