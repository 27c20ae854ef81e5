// `highwater status`: the agent's status as a table for a terminal, and the exit code that goes
// with it. Made from the JSON that the agent answers; that answer is not trusted. Pure.
#pragma once

#include <string>
#include <string_view>

#include "agent/core/result.h"
#include "exporters/terminal.h"

namespace highwater {

struct StatusView {
  std::string text;
  int exit_code = 2;  // 0 healthy, 1 incidents are open, 2 the agent cannot say
};

// Fails when `json` is no status. Control characters in names are shown as '?': a group may be
// named to play tricks with a terminal.
[[nodiscard]] Result<StatusView> render_status(std::string_view json, TextStyle style);

}  // namespace highwater
