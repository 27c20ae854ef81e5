// What `highwater status`, `incidents`, `explain` and `silence` ask of a running agent. Main's
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/commands/commands.h"
#include "exporters/http/client.h"

namespace highwater::agent {

// GET of `target`, without a slash in front, below the agent's address. Nothing: there is no
// answer, or a redirect; standard error says why.
[[nodiscard]] std::optional<http::Response> ask_agent(const std::string& url,
                                                      std::string_view target);

// Why it did not do what was asked, as it says itself.
[[nodiscard]] std::string refusal_of(const http::Response& response);

// POST of JSON, with the same answers.
[[nodiscard]] std::optional<http::Response> post_to_agent(const std::string& url,
                                                          std::string_view target,
                                                          std::string body);

// As ask_agent(), and only the body of an answer 200; standard error says what else it was.
[[nodiscard]] std::optional<std::string> page_of_agent(const std::string& url,
                                                       std::string_view target);

// The same of the agent that the options mean.
[[nodiscard]] std::optional<std::string> read_agent(const AgentOptions& options,
                                                    std::string_view target);

// POST of JSON that changes something: the body of an answer below 300; standard error says what
// else it was, and when a restart of the agent would forget it.
[[nodiscard]] std::optional<std::string> change_agent(const AgentOptions& options,
                                                      std::string_view target, std::string body);

}  // namespace highwater::agent
