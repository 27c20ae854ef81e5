#include <unistd.h>

#include <iostream>

#include "agent/command_line/terminal_settings.h"
#include "agent/commands/agent_address.h"
#include "agent/commands/ask_agent.h"
#include "agent/commands/commands.h"
#include "agent/core/utf8.h"
#include "exporters/status/explain_text.h"

namespace highwater::agent {
namespace {

constexpr int kCannotSay = 2;
constexpr size_t kWidest = 200;
constexpr int kNotFound = 404;

}  // namespace

int explain_command(const AgentOptions& options, const std::string& name,
                    const std::string& entity) {
  const auto agent = agent_address(options);
  if (!agent) {
    std::cerr << "highwater: " << agent.error().message << "\n";
    return kCannotSay;
  }
  const auto response = ask_agent(*agent, explain_target(name, entity));
  if (!response) return kCannotSay;
  const bool colour = command_line::wants_colour(STDOUT_FILENO, options.no_color);
  const Result<ExplainView> view = render_explanation(
      response->body, {colour, command_line::terminal_width(STDOUT_FILENO, kWidest),
                       command_line::is_terminal(STDOUT_FILENO)});
  if (!view || (response->status != 200 && response->status != kNotFound)) {
    std::cerr << "highwater: " << refusal_of(*response) << "\n";
    return kCannotSay;
  }
  std::cout << (options.json ? response->body : view->text);
  return view->exit_code;
}

}  // namespace highwater::agent
