// What `highwater status`, `incidents` and `explain` ask of a running agent. Main's thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "exporters/http/client.h"

namespace highwater::agent {

// GET of `target`, without a slash in front, below the agent's address. Nothing: there is no
// answer, or a redirect; standard error says why.
[[nodiscard]] std::optional<http::Response> ask_agent(const std::string& url,
                                                      std::string_view target);

// The same, and only the body of an answer 200; standard error says what else it was.
[[nodiscard]] std::optional<std::string> page_of_agent(const std::string& url,
                                                       std::string_view target);

}  // namespace highwater::agent
