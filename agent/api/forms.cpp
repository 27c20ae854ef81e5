#include "agent/api/forms.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/api/api_reply.h"
#include "agent/api/form_reply.h"
#include "exporters/http/form.h"
#include "exporters/web/silences_page.h"

namespace highwater::agent {
namespace {

using Json = nlohmann::ordered_json;
using http::form_value;
using http::HeaderList;
using http::Reply;
using http::ServerRequest;

constexpr size_t kMaxPrefilled = 4000;

Reply go_to(std::string where) {
  Reply reply;
  reply.status = 303;
  reply.headers.emplace_back("Location", std::move(where));
  return reply;
}

std::optional<Reply> refuse_form(const ServerRequest& request) {
  if (!request.may_change())
    return sorry(403, fmt::format("Not changed: {}.", why_no_change(request)));
  return refuse_foreign_form(request);
}

// As the API takes it.
std::string to_json(const web::SilenceForm& form, bool preview) {
  Json matchers = Json::array();
  std::string_view rest = form.matchers;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (!line.empty()) matchers.push_back(line);
  }
  Json json{{"matchers", std::move(matchers)},
            {"author", form.author},
            {"comment", form.comment},
            {"preview", preview}};
  if (form.lasts.empty())
    json["until"] = "resolved";
  else
    json["for"] = form.lasts;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Reply silences(const RoutingContext& context, const ServerRequest& request) {
  web::SilenceForm form;
  form.matchers = request.query_value("matchers").substr(0, kMaxPrefilled);
  return page_reply(200,
                    web::silences_page(silences_json(context), form, Json(), request.may_change()));
}

Reply change_silences(const RoutingContext& context, const ServerRequest& request) {
  const HeaderList fields = http::parse_form(request.body);
  const std::string action = form_value(fields, "action");
  web::SilenceForm form;
  Reply done;
  if (action == "end") {
    done = end_silence(context, form_value(fields, "id"));
  } else {
    form = {.matchers = form_value(fields, "matchers"),
            .lasts = form_value(fields, "for"),
            .author = form_value(fields, "author"),
            .comment = form_value(fields, "comment"),
            .mistake = {}};
    done = add_silence(context, to_json(form, action != "add"));
  }
  const bool preview = action == "preview";
  if (done.status < 300 && !preview) return go_to("silences");
  Json answer;
  if (done.status < 300)
    answer = Json::parse(done.body, nullptr, false);
  else
    form.mistake = why_not(done);
  return page_reply(done.status, web::silences_page(silences_json(context), form, answer, true));
}

Reply change_incident(const RoutingContext& context, const ServerRequest& request) {
  const HeaderList fields = http::parse_form(request.body);
  Json json = Json::object();
  if (form_value(fields, "action") == "end") {
    json["end"] = true;
  } else {
    json["by"] = form_value(fields, "by");
    if (const std::string lasts = form_value(fields, "for"); !lasts.empty()) json["for"] = lasts;
  }
  const std::string id = form_value(fields, "id");
  const Reply done =
      acknowledge(context, id, json.dump(-1, ' ', false, Json::error_handler_t::replace));
  if (done.status >= 300) return sorry(done.status, why_not(done));
  return go_to(fmt::format("incident?id={}", number_in(id)));
}

}  // namespace

void add_forms(http::Server& server, const RoutingContext& given) {
  const auto context = std::make_shared<const RoutingContext>(given);
  const auto add_form = [&](std::string path,
                            Reply (*change)(const RoutingContext&, const ServerRequest&)) {
    server.add("POST", std::move(path), [context, change](const ServerRequest& request) {
      if (auto refused = refuse_form(request)) return std::move(*refused);
      return change(*context, request);
    });
  };
  server.add("GET", "/silences",
             [context](const ServerRequest& request) { return silences(*context, request); });
  add_form("/silences", change_silences);
  add_form("/incident", change_incident);
}

}  // namespace highwater::agent
