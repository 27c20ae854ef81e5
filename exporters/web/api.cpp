#include "exporters/web/api.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "exporters/status/explain.h"
#include "exporters/status/incident_list.h"
#include "exporters/status/status.h"
#include "exporters/web/changes_page.h"
#include "exporters/web/deliveries_page.h"
#include "exporters/web/entity_json.h"
#include "exporters/web/lag_json.h"
#include "exporters/web/request.h"
#include "exporters/web/series_json.h"

namespace highwater {
namespace {

using Json = nlohmann::ordered_json;
using http::Reply;
using http::ServerRequest;
using web::hours_back;
using web::kLongestQuestion;
using web::number_of;

constexpr size_t kMostListed = 1000;                 // of a kind, in one answer
constexpr size_t kMostRows = 10'000;                 // of one table
constexpr size_t kLatestMoment = 9'000'000'000'000;  // in milliseconds: in the year 2255

Reply json_reply(std::string json) {
  Reply reply;
  reply.content_type = "application/json; charset=utf-8";
  reply.body = std::move(json);
  return reply;
}

Reply json_reply(int status, const Json& json) {
  Reply reply = json_reply(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  reply.status = status;
  return reply;
}

Reply refuse(int status, const std::string& why) {
  return json_reply(status, {{"error", why}});
}

Reply status(const WebContext& context, const ServerRequest& request) {
  const ReportPtr report = context.report();
  StatusInput input;
  input.report = report.get();
  input.ready = context.is_ready(report);
  input.now = context.clock.now();
  input.heartbeat_age = context.heartbeat_age();
  input.remedies = context.remedies;
  input.groups = number_of(request, "groups", kStatusGroups, kMostStatusRows);
  input.budgets = number_of(request, "budgets", kStatusBudgets, kMostStatusRows);
  return json_reply(status_json(input));
}

Reply incidents(const WebContext& context, const ServerRequest& request) {
  std::string_view asked = request.query_value("last");
  if (asked.empty()) asked = kListedByDefault;
  const Result<Duration> last = parse_duration(asked.substr(0, kLongestQuestion));
  if (!last)
    return refuse(400,
                  "'last' says how far back: /api/v1/incidents?last=7d: " + last.error().message);
  const ReportPtr report = context.report();
  return json_reply(
      incident_list_json(report.get(), context.clock.now().wall, *last, context.remedies));
}

Reply explain(const WebContext& context, const ServerRequest& request) {
  ExplainQuestion question{std::string(request.query_value("name")),
                           std::string(request.query_value("entity"))};
  if (question.name.empty()) return refuse(400, "name a rule: /api/v1/explain?name=BrokerDown");
  if (question.name.size() > kLongestQuestion || question.entity.size() > kLongestQuestion)
    return refuse(400, "nothing has so long a name");
  const auto answer = context.explain ? context.explain(question) : std::nullopt;
  if (!answer) return refuse(503, "the rules are busy: ask again in a moment");
  const ReportPtr report = context.report();
  Reply reply;
  reply.status = answer->kind == ExplainAnswer::Kind::unknown ? 404 : 200;
  reply.content_type = "application/json; charset=utf-8";
  reply.body = explain_json(*answer, report.get(), context.remedies);
  return reply;
}

Reply series(const WebContext& context, const ServerRequest& request) {
  const ReportPtr report = context.report();
  const WallTime until = context.clock.now().wall;
  const Duration back = hours_back(request, 6);
  const auto json = report == nullptr || report->snapshot == nullptr
                        ? std::nullopt
                        : web::series_json(*report->snapshot, context.history, request.query,
                                           until - back, until);
  if (!json)
    return refuse(
        404,
        "no such series: name a measure and its labels, "
        "/api/v1/series?measure=group_topic_lag_records&cluster=prod&group=billing&topic=orders");
  return json_reply(*json);
}

Reply list_changes(const WebContext& context, const ServerRequest& request) {
  const WallTime now = context.clock.now().wall;
  // Grafana's way to say which time it shows: milliseconds since 1970.
  const auto moment = [&](std::string_view name, WallTime otherwise) {
    const size_t milliseconds = number_of(request, name, 0, kLatestMoment);
    return milliseconds == 0 ? otherwise : WallTime(std::chrono::milliseconds(milliseconds));
  };
  return json_reply(web::changes_json(context.changes,
                                      moment("since", now - hours_back(request, 24)),
                                      moment("until", now + std::chrono::seconds(1))));
}

Reply deliveries(const WebContext& context, const ServerRequest& request) {
  const size_t incident = number_of(request, "incident", 0, SIZE_MAX);
  if (incident == 0 && !request.query_value("incident").empty())
    return refuse(400, "'incident' is its number: /api/v1/deliveries?incident=17");
  return json_reply(
      web::deliveries_json(context.deliveries, context.clock.now().wall,
                           incident == 0 ? std::nullopt : std::optional<uint64_t>(incident),
                           number_of(request, "limit", 100, web::kMostDeliveries)));
}

Reply list(const WebContext& context, web::Kind kind, const ServerRequest& request) {
  const ReportPtr report = context.report();
  if (report == nullptr || report->snapshot == nullptr) return refuse(503, "nothing was read yet");
  web::ListQuestion question;
  question.kind = kind;
  question.cluster = request.query_value("cluster");
  question.search = request.query_value("search").substr(0, kLongestQuestion);
  question.from = number_of(request, "from", 0, SIZE_MAX);
  question.limit = number_of(request, "limit", 100, kMostListed);
  return json_reply(200, web::list_json(*report, context.clock.now(), question));
}

Reply one(const WebContext& context, web::Kind kind, const ServerRequest& request) {
  const ReportPtr report = context.report();
  if (report == nullptr || report->snapshot == nullptr) return refuse(503, "nothing was read yet");
  web::OneQuestion question;
  question.subject.kind = kind;
  question.subject.name = request.query_value("name");
  question.subject.cluster = kind == web::Kind::cluster
                                 ? question.subject.name
                                 : std::string(request.query_value("cluster"));
  question.limit = number_of(request, "limit", kMostListed, kMostRows);
  const auto json = web::one_json(*report, context.clock.now(), question);
  if (json) return json_reply(200, *json);
  return refuse(404, fmt::format("there is no {} '{}' in cluster '{}' now", web::kind_name(kind),
                                 question.subject.name, question.subject.cluster));
}

Reply lag(const WebContext& context, const ServerRequest& request) {
  web::LagQuestion question;
  question.cluster = request.query_value("cluster");
  question.group = request.query_value("group");
  question.topic = request.query_value("topic");
  const std::string_view unit = request.query_value("unit");
  question.seconds = unit == "seconds";
  if (question.group.empty())
    return refuse(400, "name a group: /api/v1/lag?group=billing&topic=orders");
  if (!unit.empty() && unit != "records" && unit != "seconds")
    return refuse(400, "'unit' is records or seconds");
  const ReportPtr report = context.report();
  if (report == nullptr || report->snapshot == nullptr) return refuse(503, "nothing was read yet");
  const web::LagAnswer answer =
      web::find_lag(*report->snapshot, context.clock.now().steady, question);
  const auto status = [&] {
    switch (answer.kind) {
      case web::LagAnswer::Kind::known:
        return 200;
      case web::LagAnswer::Kind::unknown:
        return 503;
      case web::LagAnswer::Kind::not_found:
        return 404;
      case web::LagAnswer::Kind::ambiguous:
        return 400;
    }
    return 500;
  };
  return json_reply(status(), web::lag_json(question, answer));
}

Reply openapi(const WebContext&, const ServerRequest&) {
  Reply reply;
  reply.content_type = "application/yaml; charset=utf-8";
  reply.body = openapi_text();
  return reply;
}

}  // namespace

void add_api(http::Server& server, const std::shared_ptr<const WebContext>& context) {
  const auto add = [&](std::string path, Reply (*answer)(const WebContext&, const ServerRequest&)) {
    server.add("GET", std::move(path), [context, answer](const ServerRequest& request) {
      return answer(*context, request);
    });
  };
  add("/api/v1/status", status);
  add("/api/v1/incidents", incidents);
  add("/api/v1/explain", explain);
  add("/api/v1/series", series);
  add("/api/v1/changes", list_changes);
  add("/api/v1/deliveries", deliveries);
  add("/api/v1/lag", lag);
  add("/api/v1/openapi.yaml", openapi);
  for (const web::Kind kind :
       {web::Kind::cluster, web::Kind::broker, web::Kind::topic, web::Kind::group}) {
    const std::string path = "/api/v1/" + std::string(web::kind_name(kind));
    server.add("GET", path + "s", [context, kind](const ServerRequest& request) {
      return list(*context, kind, request);
    });
    server.add("GET", path, [context, kind](const ServerRequest& request) {
      return one(*context, kind, request);
    });
  }
}

}  // namespace highwater
