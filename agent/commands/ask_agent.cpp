#include "agent/commands/ask_agent.h"

#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/commands/agent_address.h"
#include "agent/core/utf8.h"
#include "agent/core/web_text.h"
#include "exporters/http/peer_text.h"

namespace highwater::agent {

namespace {

http::Request addressed(const AgentAddress& agent, std::string_view target, http::Request request) {
  request.url = fmt::format("{}{}{}", agent.url, agent.url.ends_with('/') ? "" : "/", target);
  request.tls = agent.tls;
  if (!agent.authorization.empty())
    request.headers.emplace_back("Authorization", agent.authorization);
  request.deadline = std::chrono::seconds(5);
  request.max_response_bytes = size_t{16} << 20;
  return request;
}

// Empty when it is no redirect.
std::string redirect_text(const http::Response& response, const http::Request& request) {
  const std::string moved = http::moved_to(response, request);
  return moved.empty() ? "" : fmt::format("the agent answered {}: {}", response.status, moved);
}

std::optional<http::Response> send(const AgentAddress& agent, std::string_view target,
                                   http::Request bare) {
  const http::Request request = addressed(agent, target, std::move(bare));
  Result<http::Response> response = http::Client().send(request);
  if (!response) {
    std::cerr << "highwater: " << response.error().message
              << "\n  is the agent running? its address is given with --url"
              << (request.url.starts_with("https:") ? ", whom to trust with --ca" : "") << "\n";
    return std::nullopt;
  }
  if (const std::string redirect = redirect_text(*response, request); !redirect.empty()) {
    std::cerr << "highwater: " << redirect << "\n";
    return std::nullopt;
  }
  return std::move(*response);
}

}  // namespace

std::string refusal_of(const http::Response& response) {
  if (response.status == 401)
    return "the agent wants a login, 'user:password' or a token: in HIGHWATER_LOGIN, or in a file "
           "that --login names";
  const auto answer = nlohmann::json::parse(response.body, nullptr, false);
  if (answer.is_object() && answer.contains("error") && answer["error"].is_string())
    return std::string(utf8::first_characters(answer["error"].get<std::string>(), 300));
  return fmt::format("the agent answered {}: {}", response.status,
                     utf8::first_characters(response.body, 200));
}

Result<std::string> try_agent(const AgentAddress& agent, std::string_view target,
                              std::stop_token stop) {
  http::Request request = addressed(agent, target, {});
  request.stop = std::move(stop);
  Result<http::Response> response = http::Client().send(request);
  if (!response) return tl::unexpected<Error>(std::move(response.error()));
  if (const std::string redirect = redirect_text(*response, request); !redirect.empty())
    return fail(redirect);
  if (response->status != 200) return fail(refusal_of(*response));
  if (response->truncated) return fail("the agent's answer is longer than 16 MiB");
  return std::move(response->body);
}

std::string explain_target(std::string_view name, std::string_view entity) {
  return fmt::format("api/v1/explain?name={}&entity={}", percent_encoded(name),
                     percent_encoded(entity));
}

std::optional<http::Response> ask_agent(const AgentAddress& agent, std::string_view target) {
  return send(agent, target, {});
}

std::optional<http::Response> post_to_agent(const AgentAddress& agent, std::string_view target,
                                            std::string body) {
  http::Request request;
  request.method = "POST";
  request.content_type = "application/json";
  request.body = std::move(body);
  return send(agent, target, std::move(request));
}

std::optional<std::string> page_of_agent(const AgentAddress& agent, std::string_view target) {
  auto response = ask_agent(agent, target);
  if (!response) return std::nullopt;
  if (response->status == 200) return std::move(response->body);
  std::cerr << "highwater: " << refusal_of(*response) << "\n";
  return std::nullopt;
}

std::optional<std::string> read_agent(const AgentOptions& options, std::string_view target) {
  const auto agent = agent_address(options);
  if (agent) return page_of_agent(*agent, target);
  std::cerr << "highwater: " << agent.error().message << "\n";
  return std::nullopt;
}

std::optional<std::string> change_agent(const AgentOptions& options, std::string_view target,
                                        std::string body) {
  const auto say = [](const std::string& text) { std::cerr << "highwater: " << text << "\n"; };
  const auto agent = agent_address(options);
  if (!agent) {
    say(agent.error().message);
    return std::nullopt;
  }
  auto response = post_to_agent(*agent, target, std::move(body));
  if (!response) return std::nullopt;
  if (response->status < 300) {
    if (!response->header("Warning").empty())
      say("a restart of the agent forgets it: its state is not kept");
    return std::move(response->body);
  }
  say(refusal_of(*response));
  return std::nullopt;
}

}  // namespace highwater::agent
