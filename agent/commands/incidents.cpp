#include <unistd.h>

#include <iostream>

#include "agent/command_line/terminal_settings.h"
#include "agent/commands/ask_agent.h"
#include "agent/commands/commands.h"
#include "agent/core/time.h"
#include "exporters/status/incident_list_text.h"

namespace highwater::agent {
namespace {

constexpr int kCannotSay = 2;
constexpr size_t kWidest = 200;

}  // namespace

int incidents_command(const AgentOptions& options, const std::string& last) {
  const Result<Duration> back = parse_duration(last);
  if (!back) {
    std::cerr << "highwater incidents: --last: " << back.error().message << "\n";
    return kCannotSay;
  }
  const auto json = read_agent(options, "api/v1/incidents?last=" + format_duration(*back));
  if (!json) return kCannotSay;
  const bool colour = command_line::wants_colour(STDOUT_FILENO, options.no_color);
  const Result<std::string> table =
      render_incident_list(*json, {colour, command_line::terminal_width(STDOUT_FILENO, kWidest),
                                   command_line::is_terminal(STDOUT_FILENO)});
  if (!table) {
    std::cerr << "highwater: " << table.error().message << "\n";
    return kCannotSay;
  }
  std::cout << (options.json ? *json : *table);
  return 0;
}

}  // namespace highwater::agent
