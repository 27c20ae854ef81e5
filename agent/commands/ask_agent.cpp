#include "agent/commands/ask_agent.h"

#include <fmt/format.h>

#include <iostream>

#include "agent/core/utf8.h"
#include "exporters/http/peer_text.h"

namespace highwater::agent {

namespace {

std::optional<http::Response> send(const std::string& url, std::string_view target,
                                   http::Request request) {
  request.url = fmt::format("{}{}{}", url, url.ends_with('/') ? "" : "/", target);
  request.deadline = std::chrono::seconds(5);
  request.max_response_bytes = size_t{16} << 20;
  Result<http::Response> response = http::Client().send(request);
  if (!response) {
    std::cerr << "highwater: " << response.error().message
              << "\n  is the agent running? its address is given with --url\n";
    return std::nullopt;
  }
  if (const std::string moved = http::moved_to(*response, request); !moved.empty()) {
    std::cerr << "highwater: the agent answered " << response->status << ": " << moved << "\n";
    return std::nullopt;
  }
  return std::move(*response);
}

}  // namespace

std::optional<http::Response> ask_agent(const std::string& url, std::string_view target) {
  return send(url, target, {});
}

std::optional<http::Response> post_to_agent(const std::string& url, std::string_view target,
                                            std::string body) {
  http::Request request;
  request.method = "POST";
  request.content_type = "application/json";
  request.body = std::move(body);
  return send(url, target, std::move(request));
}

std::optional<std::string> page_of_agent(const std::string& url, std::string_view target) {
  auto response = ask_agent(url, target);
  if (!response) return std::nullopt;
  if (response->status == 200) return std::move(response->body);
  std::cerr << "highwater: the agent answered " << response->status << ": "
            << utf8::first_characters(response->body, 200) << "\n";
  return std::nullopt;
}

}  // namespace highwater::agent
