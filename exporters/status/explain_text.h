// `highwater explain`: the agent's answer as text for a terminal, and the exit code that goes with
// it. Made from the JSON that the agent answers; that answer is not trusted. Pure.
#pragma once

#include <string>
#include <string_view>

#include "agent/core/result.h"
#include "exporters/status/terminal.h"

namespace highwater {

struct ExplainView {
  std::string text;
  int exit_code = 2;  // 0 quiet, 1 something fires, 2 unknown, or no such rule or entity
};

// Fails when `json` is no explanation.
[[nodiscard]] Result<ExplainView> render_explanation(std::string_view json, TextStyle style);

}  // namespace highwater
