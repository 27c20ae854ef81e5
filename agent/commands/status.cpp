#include <unistd.h>

#include <iostream>

#include "agent/command_line/terminal_settings.h"
#include "agent/commands/agent_address.h"
#include "agent/commands/ask_agent.h"
#include "agent/commands/commands.h"
#include "exporters/status/status_text.h"

namespace highwater::agent {
namespace {

constexpr int kCannotSay = 2;
constexpr size_t kWidest = 200;

}  // namespace

int status_command(const AgentOptions& options) {
  const auto agent = agent_address(options);
  if (!agent) {
    std::cerr << "highwater: " << agent.error().message << "\n";
    return kCannotSay;
  }
  const auto json = page_of_agent(*agent, "api/v1/status");
  if (!json) return kCannotSay;
  const bool colour = command_line::wants_colour(STDOUT_FILENO, options.no_color);
  const Result<StatusView> status =
      render_status(*json, {colour, command_line::terminal_width(STDOUT_FILENO, kWidest),
                            command_line::is_terminal(STDOUT_FILENO)});
  if (!status) {
    std::cerr << "highwater: " << status.error().message << "\n";
    return kCannotSay;
  }
  std::cout << (options.json ? *json + "\n" : status->text);
  return status->exit_code;
}

}  // namespace highwater::agent
