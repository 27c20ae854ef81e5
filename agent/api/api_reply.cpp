#include "agent/api/api_reply.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace highwater::agent {

using Json = nlohmann::ordered_json;

http::Reply json_reply(int status, const Json& json) {
  http::Reply reply;
  reply.status = status;
  reply.content_type = "application/json; charset=utf-8";
  reply.body = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  return reply;
}

http::Reply refusal(int status, const std::string& why) {
  return json_reply(status, {{"error", why}});
}

uint64_t number_in(std::string_view text) {
  uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() ? number : 0;
}

std::string_view why_no_change(const http::ServerRequest& request) {
  return request.login.empty() ? "only programs on this machine may change anything"
                               : "this login may only read: changes need the role write";
}

std::optional<http::Reply> refuse_change(const http::ServerRequest& request) {
  if (!request.may_change()) return refusal(403, std::string(why_no_change(request)));
  if (request.header("Origin").empty()) return std::nullopt;
  return refusal(403, "pages of the web may not use the API to change anything");
}

std::optional<http::Reply> refuse_json_change(const http::ServerRequest& request) {
  if (auto refused = refuse_change(request)) return refused;
  if (request.header("Content-Type").starts_with("application/json")) return std::nullopt;
  return refusal(415, "send JSON, with Content-Type: application/json");
}

}  // namespace highwater::agent
