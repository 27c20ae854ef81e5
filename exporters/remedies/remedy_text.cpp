#include "exporters/remedies/remedy_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "exporters/json_fields.h"

namespace highwater {
namespace {

constexpr size_t kIndent = 15;

}  // namespace

void write_remedy(const nlohmann::json& incident, TerminalText& out) {
  const auto found = incident.find("remedy");
  if (found == incident.end() || !found->is_object()) return;
  const std::string action = text_of(*found, "action");
  const std::string check = text_of(*found, "check");
  const auto commands = found->find("commands");
  const bool any = commands != found->end() && commands->is_array() && !commands->empty();
  std::string text = action;
  if (!any) text += (action.empty() ? "no command: " : ": ") + check;
  out.line(fmt::format("  {:<12} {}", "remedy", text), Ink::plain, kIndent);
  if (!any) return;
  for (const nlohmann::json& command : *commands) {
    if (command.is_string()) out.command(command.get<std::string>(), kIndent);
  }
  out.line(std::string(kIndent, ' ') + check, Ink::soft, kIndent);
}

}  // namespace highwater
