#include "exporters/web/web.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "agent/core/time.h"
#include "exporters/html/html.h"
#include "exporters/remedies/cluster_facts.h"
#include "exporters/status/incident_list.h"
#include "exporters/web/agent_page.h"
#include "exporters/web/api.h"
#include "exporters/web/changes_page.h"
#include "exporters/web/deliveries_page.h"
#include "exporters/web/entity_page.h"
#include "exporters/web/now_page.h"
#include "exporters/web/request.h"
#include "exporters/web/search_page.h"
#include "exporters/web/slo_page.h"

namespace highwater {
namespace {

using http::Reply;
using http::ServerRequest;
using web::hours_back;
using web::kLongestQuestion;
using web::number_of;

Reply html(std::string page) {
  Reply reply;
  reply.content_type = "text/html; charset=utf-8";
  reply.body = std::move(page);
  return reply;
}

Reply plain(int status, std::string text) {
  Reply reply;
  reply.status = status;
  reply.body = std::move(text) + "\n";
  return reply;
}

// The newest page of metrics. One is made at a time, of the report that is the newest then, and
// whoever asks within a moment of two others gets the same as the second: clients that ask again
// and again would otherwise take all the time there is, and keep as many old reports in memory as
// there are threads. The page of a scrape that comes alone is not kept, for until the next one it
// would only be a megabyte of memory.
class NewestPage {
 public:
  void write(const WebContext& context, MetricsFormat format, const http::ReplySink& sink) {
    const std::lock_guard lock(mutex_);
    const SteadyTime now = context.clock.now().steady;
    const bool again = made_ && now - *made_ < kValid;
    if (whole_ && format == format_ && again) return send(sink);
    whole_ = again;
    format_ = format;
    text_ = {};
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
  // The library copies what it is given, three times.
  void send(const http::ReplySink& sink) const {
    std::string_view rest = text_;
    while (!rest.empty() && sink(rest.substr(0, kPiece)))
      rest.remove_prefix(std::min(kPiece, rest.size()));
  }

  static constexpr Duration kValid = std::chrono::milliseconds(200);
  static constexpr size_t kKept = 4U << 20;  // larger pages are made for each client
  static constexpr size_t kPiece = size_t{64} << 10;

  std::mutex mutex_;
  std::string text_;
  MetricsFormat format_{};
  std::optional<SteadyTime> made_;
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
  if (context.is_ready(context.report())) return plain(200, "ready");
  return plain(503, "not ready: the first round has not ended yet");
}

// Of the broker that an incident is about.
void add_broker_address(const Report& report, const Entity& entity, PlaceholderValues& values) {
  const std::string& broker = entity.label("broker").text();
  if (broker.empty() || report.snapshot == nullptr) return;
  const ClusterFacts facts(*report.snapshot, entity.label("cluster").text(), report.at.steady);
  add_address(facts.broker_address(broker), values);
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
    add_broker_address(*report, page.incident->headline.entity, page.values);
    if (context.remedies && !page.incident->ended)
      page.remedy = context.remedies(*report, *page.incident);
  }
  return html(context.runbooks.html(name, page));
}

Reply not_found(std::string_view what) {
  Reply reply = html(html_page("Not found", fmt::format("<h1>Not found</h1>\n<p>{}</p>\n", what)));
  reply.status = 404;
  return reply;
}

// Not read yet is not the same as not there.
Reply not_read_yet() {
  Reply reply = html(
      html_page("Not read yet",
                "<h1>Not read yet</h1>\n<p>The agent was started a moment ago, and its first round "
                "is under way. This page reads itself again.</p>\n",
                {.live = true}));
  reply.status = 503;
  return reply;
}

web::PageSources sources_of(const WebContext& context) {
  return {context.runbooks, context.history, context.changes, context.deliveries, context.remedies};
}

Reply incident(const WebContext& context, const ServerRequest& request, std::string_view which) {
  const ReportPtr report = context.report();
  auto page = web::incident_page(report.get(), context.clock.now().wall, sources_of(context),
                                 {which, request.may_change(), context.explain});
  if (page) return html(std::move(*page));
  if (report == nullptr) return not_read_yet();
  return not_found("There is no such incident any more: those that ended are kept for 30 days.");
}

Reply now(const WebContext& context, const ServerRequest& request) {
  // Where notifications led to before incidents had pages of their own.
  if (const std::string_view which = request.query_value("incident"); !which.empty())
    return incident(context, request, which);
  return html(web::now_page(context.report().get(), context.clock.now(), sources_of(context)));
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
  if (!context.is_ready(report)) return not_read_yet();
  return not_found(fmt::format(
      "There is no {} of that name in that cluster now. <a href=\"search?q={}\">Search for it</a>.",
      web::kind_name(kind), percent_encoded(question.subject.name)));
}

Reply slo(const WebContext& context, const ServerRequest& request) {
  const ReportPtr report = context.report();
  web::SloQuestion question;
  question.cluster = request.query_value("cluster");
  question.slo = request.query_value("name").substr(0, kLongestQuestion);
  question.entity = request.query_value("entity").substr(0, 3 * kLongestQuestion);
  question.back = hours_back(request, 24);
  if (report == nullptr || report->snapshot == nullptr) return not_read_yet();
  const auto answer =
      context.explain ? context.explain({question.slo, question.entity}) : std::nullopt;
  auto page = web::slo_page(*report, context.clock.now(), context.history, question, answer);
  if (page) return html(std::move(*page));
  return not_found(
      "There is no budget of that SLO for it. After the agent's start there is one with the second "
      "reading; that of something deleted is gone.");
}

Reply changes(const WebContext& context, const ServerRequest& request) {
  return html(
      web::changes_page(context.changes, context.clock.now().wall, hours_back(request, 24)));
}

Reply deliveries(const WebContext& context, const ServerRequest&) {
  return html(web::deliveries_page(context.deliveries, context.clock.now().wall));
}

Reply agent(const WebContext& context, const ServerRequest&) {
  const ReportPtr report = context.report();
  web::AgentFacts facts;
  facts.report = report.get();
  facts.ready = context.is_ready(report);
  facts.heartbeat_age = context.heartbeat_age();
  facts.process = read_process_facts();
  if (context.receivers) facts.receivers = context.receivers();
  return html(web::agent_page(facts, context.clock.now()));
}

Reply asset(std::string_view content_type, std::string_view text) {
  Reply reply;
  reply.content_type = content_type;
  reply.body = text;
  return reply;
}

void add_assets(http::Server& server) {
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
}

void add_people_pages(http::Server& server, const std::shared_ptr<const WebContext>& context) {
  const std::string started = format_time(context->clock.now().wall);
  const auto add = [&](std::string path, const auto& page) {
    server.add("GET", std::move(path), [context, page, started](const ServerRequest& request) {
      Reply reply = page(*context, request);
      reply.headers.emplace_back(kStartedHeader, started);
      return reply;
    });
  };
  add("/", now);
  add("/runbooks/{name}", runbook);
  add("/incident", [](const WebContext& of, const ServerRequest& request) {
    return incident(of, request, request.query_value("id"));
  });
  add("/incidents", [](const WebContext& of, const ServerRequest&) {
    return html(web::incidents_page(of.report().get(), of.clock.now().wall));
  });
  add("/runbooks", [](const WebContext& of, const ServerRequest&) {
    return html(web::runbook_list_page(of.runbooks));
  });
  add("/changes", changes);
  add("/slo", slo);
  add("/deliveries", deliveries);
  add("/agent", agent);
  add("/search", [](const WebContext& of, const ServerRequest& request) {
    const ReportPtr report = of.report();
    return html(web::search_page(report == nullptr ? nullptr : report->snapshot.get(),
                                 request.query_value("q").substr(0, kLongestQuestion)));
  });
  for (const web::Kind kind :
       {web::Kind::cluster, web::Kind::broker, web::Kind::topic, web::Kind::group})
    add("/" + std::string(web::kind_name(kind)),
        [kind](const WebContext& of, const ServerRequest& request) {
          return entity(of, kind, request);
        });
}

}  // namespace

void add_pages(http::Server& server, const WebContext& given) {
  const auto context = std::make_shared<const WebContext>(given);
  add_assets(server);
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
  add_api(server, context);
  server.observe([&self = given.self_metrics](std::string_view route, int code, Duration took) {
    self.count_http_request(route, code, took);
  });
}

}  // namespace highwater
