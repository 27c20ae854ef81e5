// What `highwater status`, `incidents`, `explain`, `silence` and `watch` ask of a running agent.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "agent/commands/agent_address.h"
#include "agent/commands/commands.h"
#include "agent/core/result.h"
#include "exporters/http/client.h"

namespace highwater::agent {

// The body of what answers GET of `target`, without a slash in front, below the agent's address,
// with 200; the Error says what else came of it. Writes nothing, ends when asked to. Any thread.
[[nodiscard]] Result<std::string> try_agent(const AgentAddress& agent, std::string_view target,
                                            std::stop_token stop);

// What explains a rule or an SLO, as a target of these functions.
[[nodiscard]] std::string explain_target(std::string_view name, std::string_view entity);

// The rest is for main's thread.

// GET of `target`. Nothing: there is no answer, or a redirect; standard error says why.
[[nodiscard]] std::optional<http::Response> ask_agent(const AgentAddress& agent,
                                                      std::string_view target);

// Why it did not do what was asked, as it says itself.
[[nodiscard]] std::string refusal_of(const http::Response& response);

// POST of JSON, with the same answers.
[[nodiscard]] std::optional<http::Response> post_to_agent(const AgentAddress& agent,
                                                          std::string_view target,
                                                          std::string body);

// As ask_agent(), and only the body of an answer 200; standard error says what else it was.
[[nodiscard]] std::optional<std::string> page_of_agent(const AgentAddress& agent,
                                                       std::string_view target);

// The same of the agent that the options mean.
[[nodiscard]] std::optional<std::string> read_agent(const AgentOptions& options,
                                                    std::string_view target);

// POST of JSON that changes something: the body of an answer below 300; standard error says what
// else it was, and when a restart of the agent would forget it.
[[nodiscard]] std::optional<std::string> change_agent(const AgentOptions& options,
                                                      std::string_view target, std::string body);

}  // namespace highwater::agent
