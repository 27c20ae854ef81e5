#include "exporters/web/web.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <mutex>
#include <string>

#include "agent/core/time.h"
#include "exporters/explain.h"
#include "exporters/html.h"
#include "exporters/incident_list.h"
#include "exporters/status.h"
#include "exporters/web/changes_page.h"
#include "exporters/web/deliveries_page.h"
#include "exporters/web/entity_page.h"
#include "exporters/web/now_page.h"
#include "exporters/web/search_page.h"
#include "exporters/web/series_json.h"
#include "exporters/web/slo_page.h"

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

// The newest page of metrics. One is made at a time, of the report that is the newest then, and
// whoever asks within a moment gets the same: clients that ask again and again would otherwise
// take all the time there is, and keep as many old reports in memory as there are threads.
class NewestPage {
 public:
  void write(const WebContext& context, MetricsFormat format, const http::ReplySink& sink) {
    const std::lock_guard lock(mutex_);
    const SteadyTime now = context.clock.now().steady;
    if (whole_ && format == format_ && now - made_ < kValid) {
      sink(text_);
      return;
    }
    whole_ = true;
    format_ = format;
    text_.clear();
    bool taken = true;
    Exposition out(format, [&](std::string_view piece) {
      whole_ = whole_ && text_.size() + piece.size() <= kKept;
      if (whole_) text_ += piece;
      taken = taken && sink(piece);
      return taken || whole_;
    });
    context.metrics.write(context.report().get(), context.clock.now(), out);
    context.self_metrics.write(out);
    out.finish();
    made_ = context.clock.now().steady;
    if (!whole_) text_ = {};
  }

 private:
  static constexpr Duration kValid = std::chrono::milliseconds(200);
  static constexpr size_t kKept = 4U << 20;  // larger pages are made for each client

  std::mutex mutex_;
  std::string text_;
  MetricsFormat format_{};
  SteadyTime made_{};
  bool whole_ = false;
};

Reply metrics(const WebContext& context, const ServerRequest& request,
              const std::shared_ptr<NewestPage>& page) {
  const MetricsFormat format = negotiate_format(request.header("Accept"));
  Reply reply;
  reply.content_type = content_type(format);
  reply.stream = [&context, format, page](const http::ReplySink& sink) {
    page->write(context, format, sink);
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

Reply runbook(const WebContext& context, const ServerRequest& request) {
  const std::string_view name = request.placeholder("name");
  if (!context.runbooks.exists(name)) return plain(404, "there is no such runbook");
  const ReportPtr report = context.report();
  RunbookContext page;
  page.now = context.clock.now().wall;
  if (!context.agent_url.empty()) page.values.emplace_back("agent", context.agent_url);
  page.incident = find_incident(report.get(), request.query_value("incident"));
  page.incident_is_over = page.incident == nullptr && !request.query_value("incident").empty();
  if (page.incident != nullptr) {
    const std::string cluster = page.incident->cause.entity.label("cluster").text();
    const std::string servers = context.bootstrap ? context.bootstrap(cluster) : "";
    if (!servers.empty()) page.values.emplace_back("bootstrap", servers);
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

Reply incidents(const WebContext& context, const ServerRequest& request) {
  std::string_view asked = request.query_value("last");
  if (asked.empty()) asked = kListedByDefault;
  const Result<Duration> last = parse_duration(asked.substr(0, kLongestQuestion));
  if (!last)
    return plain(400,
                 "'last' says how far back: /api/v1/incidents?last=7d: " + last.error().message);
  const ReportPtr report = context.report();
  Reply reply;
  reply.content_type = "application/json; charset=utf-8";
  reply.body = incident_list_json(report.get(), context.clock.now().wall, *last);
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

Reply not_found(std::string_view what) {
  Reply reply = html(html_page("Not found", fmt::format("<h1>Not found</h1>\n<p>{}</p>\n", what)));
  reply.status = 404;
  return reply;
}

web::PageSources sources_of(const WebContext& context) {
  return {context.runbooks, context.history, context.changes, context.deliveries};
}

Reply incident(const WebContext& context, std::string_view which) {
  const ReportPtr report = context.report();
  auto page =
      web::incident_page(report.get(), context.clock.now().wall, sources_of(context), which);
  if (page) return html(std::move(*page));
  return not_found("There is no such incident any more: those that ended are kept for 30 days.");
}

Reply now(const WebContext& context, const ServerRequest& request) {
  // Where notifications led to before incidents had pages of their own.
  if (const std::string_view which = request.query_value("incident"); !which.empty())
    return incident(context, which);
  return html(web::now_page(context.report().get(), context.clock.now(), sources_of(context)));
}

// A number of the query, at most `most`; `otherwise` when there is none.
size_t number_of(const ServerRequest& request, std::string_view name, size_t otherwise,
                 size_t most) {
  const std::string_view text = request.query_value(name);
  size_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size())
    return otherwise;
  return std::min(value, most);
}

constexpr size_t kMostHours = 24 * 14;

Duration hours_back(const ServerRequest& request, size_t otherwise) {
  return std::chrono::hours(
      std::max<size_t>(number_of(request, "hours", otherwise, kMostHours), 1));
}

Reply entity(const WebContext& context, web::Kind kind, const ServerRequest& request) {
  const ReportPtr report = context.report();
  web::EntityQuestion question;
  question.subject.kind = kind;
  question.subject.name = request.query_value("name");
  question.subject.cluster = kind == web::Kind::cluster
                                 ? question.subject.name
                                 : std::string(request.query_value("cluster"));
  const bool young =
      context.clock.now().wall - context.history.began().value_or(context.clock.now().wall) <
      std::chrono::hours(1);
  question.back = hours_back(request, young ? 1 : 6);
  question.page = number_of(request, "page", 0, 1'000'000);
  auto page = report == nullptr || report->snapshot == nullptr
                  ? std::nullopt
                  : web::entity_page(*report, context.clock.now(), context.history, question);
  if (page) return html(std::move(*page));
  return not_found(fmt::format(
      "There is no {} of that name in that cluster now. <a href=\"search?q={}\">Search for it</a>.",
      web::kind_name(kind), web::url_encode(question.subject.name)));
}

Reply slo(const WebContext& context, const ServerRequest& request) {
  const ReportPtr report = context.report();
  web::SloQuestion question;
  question.cluster = request.query_value("cluster");
  question.slo = request.query_value("name").substr(0, kLongestQuestion);
  question.entity = request.query_value("entity").substr(0, 3 * kLongestQuestion);
  question.back = hours_back(request, 24);
  if (report == nullptr || report->snapshot == nullptr) return not_found("Nothing was judged yet.");
  const auto answer =
      context.explain ? context.explain({question.slo, question.entity}) : std::nullopt;
  auto page = web::slo_page(*report, context.clock.now(), context.history, question, answer);
  if (page) return html(std::move(*page));
  return not_found("There is no budget of that SLO for it now.");
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
    return plain(
        404,
        "no such series: name a measure and its labels, "
        "/api/v1/series?measure=group_topic_lag_records&cluster=prod&group=billing&topic=orders");
  Reply reply;
  reply.content_type = "application/json; charset=utf-8";
  reply.body = *json;
  return reply;
}

Reply changes(const WebContext& context, const ServerRequest& request) {
  return html(
      web::changes_page(context.changes, context.clock.now().wall, hours_back(request, 24)));
}

Reply changes_as_json(const WebContext& context, const ServerRequest& request) {
  Reply reply;
  reply.content_type = "application/json; charset=utf-8";
  reply.body =
      web::changes_json(context.changes, context.clock.now().wall, hours_back(request, 24));
  return reply;
}

Reply deliveries(const WebContext& context, const ServerRequest&) {
  return html(web::deliveries_page(context.deliveries, context.clock.now().wall));
}

Reply deliveries_as_json(const WebContext& context, const ServerRequest& request) {
  const size_t incident = number_of(request, "incident", 0, SIZE_MAX);
  if (incident == 0 && !request.query_value("incident").empty())
    return plain(400, "'incident' is its number: /api/v1/deliveries?incident=17");
  Reply reply;
  reply.content_type = "application/json; charset=utf-8";
  reply.body =
      web::deliveries_json(context.deliveries, context.clock.now().wall,
                           incident == 0 ? std::nullopt : std::optional<uint64_t>(incident),
                           number_of(request, "limit", 100, web::kMostDeliveries));
  return reply;
}

Reply asset(std::string_view content_type, std::string_view text) {
  Reply reply;
  reply.content_type = content_type;
  reply.body = text;
  return reply;
}

void add_people_pages(http::Server& server, const std::shared_ptr<const WebContext>& context) {
  const auto add = [&](std::string path, Reply (*page)(const WebContext&, const ServerRequest&)) {
    server.add("GET", std::move(path),
               [context, page](const ServerRequest& request) { return page(*context, request); });
  };
  add("/", now);
  add("/runbooks/{name}", runbook);
  add("/api/v1/series", series);
  server.add("GET", "/static/live.js", [](const ServerRequest&) {
    return asset("text/javascript; charset=utf-8", live_script());
  });
  server.add("GET", "/static/icon.svg", [](const ServerRequest&) {
    return asset("image/svg+xml",
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 16 16\">"
                 "<path d=\"M1 5h14M1 10q3.5-4 7 0t7 0\" fill=\"none\" stroke=\"#0b5cad\" "
                 "stroke-width=\"2\"/></svg>\n");
  });
  server.add("GET", "/static/highwater.css",
             [](const ServerRequest&) { return asset("text/css; charset=utf-8", stylesheet()); });
  server.add("GET", "/incident", [context](const ServerRequest& request) {
    return incident(*context, request.query_value("id"));
  });
  server.add("GET", "/incidents", [context](const ServerRequest&) {
    return html(web::incidents_page(context->report().get(), context->clock.now().wall));
  });
  server.add("GET", "/runbooks", [context](const ServerRequest&) {
    return html(web::runbook_list_page(context->runbooks));
  });
  add("/changes", changes);
  add("/api/v1/changes", changes_as_json);
  add("/slo", slo);
  add("/deliveries", deliveries);
  add("/api/v1/deliveries", deliveries_as_json);
  server.add("GET", "/search", [context](const ServerRequest& request) {
    const ReportPtr report = context->report();
    return html(web::search_page(report == nullptr ? nullptr : report->snapshot.get(),
                                 request.query_value("q").substr(0, kLongestQuestion)));
  });
  for (const web::Kind kind :
       {web::Kind::cluster, web::Kind::broker, web::Kind::topic, web::Kind::group})
    server.add(
        "GET", "/" + std::string(web::kind_name(kind)),
        [context, kind](const ServerRequest& request) { return entity(*context, kind, request); });
}

}  // namespace

void add_pages(http::Server& server, const WebContext& given) {
  const auto context = std::make_shared<const WebContext>(given);
  add_people_pages(server, context);
  server.add("GET", "/metrics",
             [context, page = std::make_shared<NewestPage>()](const ServerRequest& request) {
               return metrics(*context, request, page);
             });
  server.add(
      "GET", "/healthz", [context](const ServerRequest&) { return health(*context); },
      http::Urgency::urgent);
  server.add(
      "GET", "/readyz", [context](const ServerRequest&) { return readiness(*context); },
      http::Urgency::urgent);
  server.add("GET", "/api/v1/status", [context](const ServerRequest&) { return status(*context); });
  server.add("GET", "/api/v1/incidents",
             [context](const ServerRequest& request) { return incidents(*context, request); });
  server.add("GET", "/api/v1/explain",
             [context](const ServerRequest& request) { return explain(*context, request); });
  server.observe([&self = given.self_metrics](std::string_view route, int code, Duration took) {
    self.count_http_request(route, code, took);
  });
}

}  // namespace highwater
