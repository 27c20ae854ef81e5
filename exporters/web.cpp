#include "exporters/web.h"

#include <fmt/format.h>

#include <memory>

#include "exporters/explain.h"
#include "exporters/overview.h"
#include "exporters/status.h"

namespace highwater {
namespace {

using http::Reply;
using http::ServerRequest;

constexpr size_t kLongestQuestion = 300;

Reply plain(int status, std::string text) {
  Reply reply;
  reply.status = status;
  reply.body = std::move(text) + "\n";
  return reply;
}

Reply html(std::string page) {
  Reply reply;
  reply.content_type = "text/html; charset=utf-8";
  reply.body = std::move(page);
  return reply;
}

bool is_ready(const WebContext& context, const ReportPtr& report) {
  return report != nullptr && context.first_round_done();
}

Reply metrics(const WebContext& context, const ServerRequest& request) {
  const MetricsFormat format = negotiate_format(request.header("Accept"));
  Reply reply;
  reply.content_type = content_type(format);
  reply.stream = [&context, format, report = context.report()](const http::ReplySink& sink) {
    Exposition out(format, sink);
    context.metrics.write(report.get(), context.clock.now(), out);
    context.self_metrics.write(out);
    out.finish();
  };
  return reply;
}

Reply health(const WebContext& context) {
  const Duration age = context.heartbeat_age();
  if (age <= context.heartbeat_limit) return plain(200, "ok");
  return plain(503, fmt::format("the pipeline has stood still for {}", describe_duration(age)));
}

Reply readiness(const WebContext& context) {
  if (is_ready(context, context.report())) return plain(200, "ready");
  return plain(503, "not ready: the first round has not ended yet");
}

// By its number, or by its correlation id.
const Incident* find_incident(const Report* report, std::string_view which) {
  if (report == nullptr || which.empty()) return nullptr;
  for (const Incident& incident : report->incidents) {
    if (which == std::to_string(incident.id) || which == incident.correlation.hex())
      return &incident;
  }
  return nullptr;
}

Reply runbook(const WebContext& context, const ServerRequest& request) {
  const std::string_view name = request.placeholder("name");
  if (!context.runbooks.exists(name)) return plain(404, "there is no such runbook");
  const ReportPtr report = context.report();
  RunbookContext page;
  page.now = context.clock.now().wall;
  page.incident = find_incident(report.get(), request.query_value("incident"));
  page.incident_is_over = page.incident == nullptr && !request.query_value("incident").empty();
  if (page.incident != nullptr) {
    const std::string cluster = page.incident->cause.entity.label("cluster").text();
    const auto found = context.bootstrap.find(cluster);
    if (found != context.bootstrap.end()) page.values.emplace_back("bootstrap", found->second);
  }
  return html(context.runbooks.html(name, page));
}

Reply status(const WebContext& context) {
  const ReportPtr report = context.report();
  StatusInput input;
  input.report = report.get();
  input.ready = is_ready(context, report);
  input.now = context.clock.now();
  input.heartbeat_age = context.heartbeat_age();
  Reply reply;
  reply.content_type = "application/json; charset=utf-8";
  reply.body = status_json(input);
  return reply;
}

Reply explain(const WebContext& context, const ServerRequest& request) {
  ExplainQuestion question{std::string(request.query_value("name")),
                           std::string(request.query_value("entity"))};
  if (question.name.empty()) return plain(400, "name a rule: /api/v1/explain?name=BrokerDown");
  if (question.name.size() > kLongestQuestion || question.entity.size() > kLongestQuestion)
    return plain(400, "nothing has so long a name");
  const auto answer = context.explain ? context.explain(question) : std::nullopt;
  if (!answer) return plain(503, "the rules are busy: ask again in a moment");
  const ReportPtr report = context.report();
  Reply reply;
  reply.status = answer->kind == ExplainAnswer::Kind::unknown ? 404 : 200;
  reply.content_type = "application/json; charset=utf-8";
  reply.body = explain_json(*answer, report.get());
  return reply;
}

}  // namespace

void add_pages(http::Server& server, const WebContext& given) {
  const auto context = std::make_shared<const WebContext>(given);
  server.add("GET", "/", [context](const ServerRequest&) {
    return html(overview_page(context->report().get(), context->clock.now(), context->runbooks));
  });
  server.add("GET", "/metrics",
             [context](const ServerRequest& request) { return metrics(*context, request); });
  server.add("GET", "/healthz", [context](const ServerRequest&) { return health(*context); });
  server.add("GET", "/readyz", [context](const ServerRequest&) { return readiness(*context); });
  server.add("GET", "/runbooks", [context](const ServerRequest&) {
    return html(runbook_list_page(context->runbooks));
  });
  server.add("GET", "/runbooks/{name}",
             [context](const ServerRequest& request) { return runbook(*context, request); });
  server.add("GET", "/api/v1/status", [context](const ServerRequest&) { return status(*context); });
  server.add("GET", "/api/v1/explain",
             [context](const ServerRequest& request) { return explain(*context, request); });
  server.observe([&self = given.self_metrics](std::string_view route, int code, Duration took) {
    self.count_http_request(route, code, took);
  });
}

}  // namespace highwater
