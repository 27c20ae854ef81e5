#include "agent/api/form_reply.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "exporters/html/html.h"

namespace highwater::agent {

http::Reply page_reply(int status, std::string html) {
  http::Reply reply;
  reply.status = status;
  reply.content_type = "text/html; charset=utf-8";
  reply.body = std::move(html);
  return reply;
}

http::Reply sorry(int status, const std::string& why) {
  return page_reply(status, html_page("Not done", fmt::format("<h1>Not done</h1>\n<p>{}</p>\n",
                                                              html_escape(why))));
}

std::optional<http::Reply> refuse_foreign_form(const http::ServerRequest& request) {
  // The server has compared it with our own address.
  if (request.header("Origin").empty())
    return sorry(403, "The browser does not say where this form is from. Programs use the API.");
  if (request.header("Content-Type").starts_with("application/x-www-form-urlencoded"))
    return std::nullopt;
  return sorry(415, "This is no form.");
}

std::string why_not(const http::Reply& reply) {
  const auto json = nlohmann::json::parse(reply.body, nullptr, false);
  const auto error = json.is_object() ? json.find("error") : json.end();
  return error != json.end() && error->is_string() ? error->get<std::string>() : reply.body;
}

}  // namespace highwater::agent
