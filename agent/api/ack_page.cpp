#include "agent/api/ack_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "agent/api/api_reply.h"
#include "agent/api/form_reply.h"
#include "exporters/html/html.h"
#include "exporters/http/form.h"
#include "exporters/incident_text.h"

namespace highwater::agent {
namespace {

using http::Reply;
using http::ServerRequest;
using Verdict = rules::AckLinks::Verdict;

// What a link says, not checked.
struct Link {
  uint64_t incident = 0;
  std::string token;
};

struct Refusal {
  int status;
  std::string why;
};

std::optional<Refusal> refuse_link(const RoutingContext& context, const Link& link, WallTime now) {
  switch (context.routing.ack_links().check(link.incident, link.token, now)) {
    case Verdict::valid:
      return std::nullopt;
    case Verdict::forged:
      return Refusal{403,
                     "This link is not one that this agent has sent, or was damaged on its way."};
    case Verdict::other_incident:
      return Refusal{403, "This link is one of another incident."};
    case Verdict::expired:
      return Refusal{410, "This link has expired. A newer message has one that has not."};
    case Verdict::used:
      return Refusal{410, fmt::format("Incident {} was acknowledged with this link, or with one "
                                      "that was sent with it: each works once.",
                                      link.incident)};
  }
  return Refusal{403, "This link is not valid."};
}

const Incident* find_open(const ReportPtr& report, uint64_t id) {
  if (report == nullptr) return nullptr;
  const auto found = std::ranges::find(report->incidents, id, &Incident::id);
  return found == report->incidents.end() ? nullptr : &*found;
}

Refusal ended(uint64_t id) {
  return {410,
          fmt::format("Incident {} is not open any more: there is nothing to acknowledge.", id)};
}

// Whose links lead elsewhere is not told where somebody came from, with the right in it.
Reply without_trace(Reply reply) {
  reply.headers.emplace_back("Referrer-Policy", "same-origin");
  return reply;
}

std::string form_page(const Incident& incident, const Link& link, const std::string& mistake) {
  const bool acknowledged =
      incident.direction != nullptr && !incident.direction->acknowledged.empty();
  const std::string title = fmt::format("Acknowledge incident {}", incident.id);
  return html_page(
      title,
      fmt::format(
          "<h1>{}</h1>\n<p><strong>{}</strong></p>\n{}{}"
          "<p>It is not repeated while you look after it; changes and its end are still sent.</p>\n"
          "<form class=\"form\" method=\"post\" action=\"acknowledge\">"
          "<input type=\"hidden\" name=\"incident\" value=\"{}\">"
          "<input type=\"hidden\" name=\"token\" value=\"{}\">"
          "<label>Your name<br><input name=\"by\" autocomplete=\"username\" required></label>"
          "<button>Acknowledge</button></form>\n",
          title, html_escape(incident_title(incident)),
          acknowledged ? fmt::format("<p>It is acknowledged {} already.</p>\n",
                                     html_escape(incident.direction->acknowledged))
                       : "",
          mistake.empty() ? "" : fmt::format("<p role=\"alert\">{}</p>\n", html_escape(mistake)),
          link.incident, html_escape(link.token)));
}

Reply show(const RoutingContext& context, const ServerRequest& request) {
  const Link link{number_in(request.query_value("incident")),
                  std::string(request.query_value("token"))};
  if (auto refused = refuse_link(context, link, context.clock.now().wall))
    return sorry(refused->status, refused->why);
  const ReportPtr report = context.pipeline.latest();
  const Incident* const incident = find_open(report, link.incident);
  if (incident == nullptr) return sorry(410, ended(link.incident).why);
  return page_reply(200, form_page(*incident, link, ""));
}

// On the pipeline's thread: of two who send the same form at once one is too late.
Reply use_now(const RoutingContext& context, const Link& link, const std::string& by, Now now) {
  if (auto refused = refuse_link(context, link, now.wall))
    return refusal(refused->status, refused->why);
  if (find_open(context.pipeline.latest(), link.incident) == nullptr)
    return refusal(410, ended(link.incident).why);
  Reply done = acknowledge_now(context, {.incident = link.incident, .by = by}, now);
  if (done.status < 300) context.routing.ack_links().use(link.incident);
  return done;
}

Reply use(const RoutingContext& context, const ServerRequest& request) {
  if (auto refused = refuse_foreign_form(request)) return std::move(*refused);
  const http::HeaderList fields = http::parse_form(request.body);
  const Link link{number_in(http::form_value(fields, "incident")),
                  http::form_value(fields, "token")};
  const std::string by = http::form_value(fields, "by");
  // Whoever has no link keeps no other thread busy.
  if (auto refused = refuse_link(context, link, context.clock.now().wall))
    return sorry(refused->status, refused->why);
  const Reply done = on_pipeline(
      context, [&context, link, by](Now now) { return use_now(context, link, by, now); });
  if (done.status == 400) {
    // The name is missing, or too long.
    const ReportPtr report = context.pipeline.latest();
    if (const Incident* const incident = find_open(report, link.incident))
      return page_reply(400, form_page(*incident, link, why_not(done)));
  }
  if (done.status >= 300) return sorry(done.status, why_not(done));
  return page_reply(
      200, html_page("Acknowledged", fmt::format("<h1>Acknowledged</h1>\n<p>Incident {} is looked "
                                                 "after by {}.</p>\n<p><a href=\"./?incident={}\">"
                                                 "The incident</a></p>\n",
                                                 link.incident, html_escape(by), link.incident)));
}

}  // namespace

std::string ack_url(const std::string& external_url, uint64_t incident, const std::string& token) {
  return fmt::format("{}/acknowledge?incident={}&token={}", external_url, incident, token);
}

void add_ack_page(http::Server& server, const RoutingContext& given) {
  const auto context = std::make_shared<const RoutingContext>(given);
  server.add(
      "GET", "/acknowledge",
      [context](const ServerRequest& request) { return without_trace(show(*context, request)); },
      http::Urgency::usual, http::Entry::open);
  server.add(
      "POST", "/acknowledge",
      [context](const ServerRequest& request) { return without_trace(use(*context, request)); },
      http::Urgency::usual, http::Entry::open);
}

}  // namespace highwater::agent
