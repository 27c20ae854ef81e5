#include "agent/api/routing_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "agent/api/api_reply.h"
#include "agent/routing/alert_labels.h"
#include "exporters/incident_text.h"
#include "rules/routing/moment.h"

namespace highwater::agent {
namespace {

using Json = nlohmann::ordered_json;
using http::Reply;
using http::ServerRequest;
using rules::Silence;

constexpr Duration kPatience = std::chrono::seconds(3);
constexpr size_t kMostHidden = 100;  // incidents that are listed
constexpr size_t kMostPast = 20;
constexpr Duration kLastWeek = std::chrono::hours(24 * 7);

Json time_json(const std::optional<WallTime>& time) {
  return time ? Json(format_time(*time)) : Json();
}

Json incident_json(const Incident& incident) {
  return {{"id", incident.id},
          {"severity", severity_name(incident.severity)},
          {"title", incident_title(incident)}};
}

Json hidden_json(const Silence& silence, const rules::RoutingPlan& plan, const Report* report) {
  Json list = Json::array();
  if (report == nullptr) return list;
  const auto ids = rules::Director::hidden_by(silence, plan, report->incidents);
  for (const Incident& incident : report->incidents) {
    if (list.size() >= kMostHidden) break;
    if (std::ranges::find(ids, incident.id) == ids.end()) continue;
    list.push_back(incident_json(incident));
  }
  return list;
}

std::vector<std::string> warnings_of(const Silence& silence, const RoutingView& view) {
  std::vector<std::string> warnings;
  for (const UnknownLabel& label : unknown_labels(silence.matcher.names(), view.labels))
    warnings.push_back(label.what + (label.advice.empty() ? "" : ": " + label.advice));
  return warnings;
}

Json silence_json(const Silence& silence, const RoutingView& view, const Report* report,
                  WallTime now) {
  const bool active = silence.active(now);
  const std::string hours = silence.hours_text();
  Json json = {{"id", silence.id == 0 ? Json() : Json(silence.id)},
               {"name", silence.name},
               {"matchers", silence.matcher.texts()},
               {"active", active},
               {"begins", time_json(silence.begins)},
               {"ends", time_json(silence.ends)},
               {"until_resolved", silence.incidents},
               {"during", hours.empty() ? Json() : Json(hours)},
               {"author", silence.author},
               {"comment", silence.comment},
               {"where", silence.where},
               {"warnings", warnings_of(silence, view)},
               {"hides", Json::array()}};
  if (active) json["hides"] = hidden_json(silence, view.plan, report);
  return json;
}

// What a silence with these matchers would have hidden of what ended within the last week.
void add_last_week(Json& json, const Silence& silence, const rules::RoutingPlan& plan,
                   const Report* report, WallTime now) {
  Json list = Json::array();
  size_t count = 0;
  if (report != nullptr && report->history != nullptr) {
    for (const IncidentPtr& incident : *report->history) {
      if (incident->opened < now - kLastWeek) continue;
      if (rules::Director::hidden_by(silence, plan, {*incident}).empty()) continue;
      if (++count <= kMostPast) list.push_back(incident_json(*incident));
    }
  }
  json["would_have_hidden"] = std::move(list);
  json["would_have_hidden_count"] = count;
}

Json list(const RoutingContext& context) {
  const auto view = context.routing.view();
  const ReportPtr report = context.pipeline.latest();
  const WallTime now = context.clock.now().wall;
  Json silences = Json::array();
  Json maintenance = Json::array();
  for (const Silence& silence : view->silences)
    silences.push_back(silence_json(silence, *view, report.get(), now));
  for (const Silence& window : view->plan.maintenance)
    maintenance.push_back(silence_json(window, *view, report.get(), now));
  return {{"now", format_time(now)},
          {"silences", std::move(silences)},
          {"maintenance", std::move(maintenance)}};
}

// What a request asks for.
struct Wanted {
  Silence silence;
  bool until_resolved = false;
  bool preview = false;
};

Result<WallTime> moment_of(const Json& json, const char* key) {
  const auto moment = rules::parse_moment(json.at(key).get<std::string>());
  if (!moment) return fail(fmt::format("'{}': {}", key, moment.error().message));
  return *moment;
}

// What is of another type than it should be throws.
Result<Wanted> wanted_of(const Json& json, WallTime now) {
  constexpr std::string_view kKnown[] = {"matchers", "begins", "ends",    "for",
                                         "until",    "author", "comment", "preview"};
  for (const auto& [key, value] : json.items()) {
    if (std::ranges::find(kKnown, key) == std::end(kKnown))
      return fail(fmt::format("a silence has no '{}'", key));
  }
  Wanted wanted;
  auto matcher =
      rules::Matcher::parse(json.value("matchers", Json::array()).get<std::vector<std::string>>());
  if (!matcher) return tl::unexpected(matcher.error());
  wanted.silence.matcher = std::move(*matcher);
  wanted.silence.author = json.value("author", "");
  wanted.silence.comment = json.value("comment", "");
  wanted.preview = json.value("preview", false);
  if (json.contains("begins")) {
    const auto begins = moment_of(json, "begins");
    if (!begins) return tl::unexpected(begins.error());
    wanted.silence.begins = *begins;
  }
  const int ends = static_cast<int>(json.contains("ends")) +
                   static_cast<int>(json.contains("for")) +
                   static_cast<int>(json.contains("until"));
  if (ends != 1) return fail("say its end once: 'ends', 'for' or 'until: resolved'");
  if (json.contains("until")) {
    if (json.at("until").get<std::string>() != "resolved")
      return fail("'until' can only be 'resolved'; a moment is written as 'ends'");
    wanted.until_resolved = true;
  } else if (json.contains("ends")) {
    const auto end = moment_of(json, "ends");
    if (!end) return tl::unexpected(end.error());
    wanted.silence.ends = *end;
  } else {
    const auto lasts = parse_duration(json.at("for").get<std::string>());
    if (!lasts) return fail("'for': " + lasts.error().message);
    if (*lasts > rules::Silences::kLongest)
      return fail("it lasts longer than " + format_duration(rules::Silences::kLongest));
    wanted.silence.ends = wanted.silence.begins.value_or(now) + *lasts;
  }
  return wanted;
}

Result<Wanted> read_wanted(const std::string& body, WallTime now) {
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return fail("the body is no JSON object");
  try {
    return wanted_of(json, now);
  } catch (const std::exception&) {
    return fail(
        "a value is of the wrong type: 'matchers' is a list of texts, the others are texts");
  }
}

// On the pipeline's thread.
Reply add_now(const RoutingContext& context, Wanted wanted, Now now) {
  const ReportPtr report = context.pipeline.latest();
  const auto view = context.routing.view();
  const rules::RoutingPlan& plan = view->plan;
  Silence& silence = wanted.silence;
  if (wanted.until_resolved && report != nullptr)
    silence.incidents = rules::Director::hidden_by(silence, plan, report->incidents);
  if (wanted.until_resolved && silence.incidents.empty())
    return refusal(409, "it hides nothing now, so nothing could end it: say an end");
  const rules::Silences before = wanted.preview ? context.routing.silences() : rules::Silences();
  const auto id = context.routing.silences().add(silence, now.wall);
  if (!id) return refusal(400, id.error().message);
  const Silence added = context.routing.silences().all().back();
  if (wanted.preview) context.routing.silences() = before;
  Json json = silence_json(added, *view, report.get(), now.wall);
  if (wanted.preview) {
    json["id"] = nullptr;
    add_last_week(json, added, plan, report.get(), now.wall);
  } else {
    context.log.info("silence added", {{"silence", added.text(now.wall)},
                                       {"matchers", added.matcher.text()},
                                       {"hides", json["hides"].size()}});
  }
  json["preview"] = wanted.preview;
  return json_reply(wanted.preview ? 200 : 201, json);
}

Reply end_now(const RoutingContext& context, uint64_t id, Now now) {
  const auto ended = context.routing.silences().end(id);
  if (!ended) return refusal(404, fmt::format("there is no silence {}", id));
  context.log.info("silence ended by hand", {{"silence", ended->text(now.wall)}});
  return json_reply(200, {{"id", id}, {"ended", true}});
}

Result<WantedAck> read_ack(uint64_t incident, const std::string& body) {
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return fail("the body is no JSON object");
  WantedAck wanted{.incident = incident, .by = {}};
  try {
    wanted.by = json.value("by", "");
    wanted.end = json.value("end", false);
    if (!json.contains("for")) return wanted;
    const auto lasts = parse_duration(json.at("for").get<std::string>());
    if (!lasts) return fail("'for': " + lasts.error().message);
    wanted.lasts = *lasts;
    return wanted;
  } catch (const std::exception&) {
    return fail("'by' and 'for' are texts, 'end' is true or false");
  }
}

}  // namespace

http::Reply on_pipeline(const RoutingContext& context, std::function<http::Reply(Now)> act) {
  const auto reply = std::make_shared<Reply>();
  const bool done = context.pipeline.change(
      [reply, act = std::move(act)](Now now) { *reply = act(now); }, kPatience);
  if (!done) return refusal(503, "the agent is busy: look whether it was done, and try again");
  const auto view = context.routing.view();
  if (reply->status < 300 && !view->state_problem.empty())
    reply->headers.emplace_back("Warning", "199 - \"a restart forgets it: the state is not kept\"");
  return *reply;
}

Json silences_json(const RoutingContext& context) {
  return list(context);
}

Reply add_silence(const RoutingContext& context, const std::string& json) {
  Result<Wanted> wanted = read_wanted(json, context.clock.now().wall);
  if (!wanted) return refusal(400, wanted.error().message);
  return on_pipeline(context, [&context, wanted = std::move(*wanted)](Now now) {
    return add_now(context, wanted, now);
  });
}

Reply end_silence(const RoutingContext& context, std::string_view id) {
  const uint64_t number = number_in(id);
  if (number == 0) return refusal(404, "a silence has a number");
  return on_pipeline(context,
                     [&context, number](Now now) { return end_now(context, number, now); });
}

Reply acknowledge(const RoutingContext& context, std::string_view incident,
                  const std::string& json) {
  const uint64_t id = number_in(incident);
  if (id == 0) return refusal(404, "an incident has a number");
  Result<WantedAck> wanted = read_ack(id, json);
  if (!wanted) return refusal(400, wanted.error().message);
  return on_pipeline(context, [&context, wanted = std::move(*wanted)](Now now) {
    return acknowledge_now(context, wanted, now);
  });
}

http::Reply acknowledge_now(const RoutingContext& context, const WantedAck& wanted, Now now) {
  const ReportPtr report = context.pipeline.latest();
  const std::vector<Incident> none;
  const auto& open = report == nullptr ? none : report->incidents;
  const auto incident = std::ranges::find(open, wanted.incident, &Incident::id);
  if (incident == open.end())
    return refusal(404, fmt::format("no incident {} is open", wanted.incident));
  rules::Acks& acks = context.routing.director().acks();
  if (wanted.end) {
    if (!acks.end(wanted.incident)) return refusal(404, "nobody has acknowledged it");
    context.log.info("acknowledgement withdrawn", {{"incident", wanted.incident}});
    return json_reply(200, {{"incident", wanted.incident}, {"acknowledged", nullptr}});
  }
  const auto ack = acks.add(*incident, wanted.by, wanted.lasts, now.wall);
  if (!ack) return refusal(400, ack.error().message);
  context.log.info("incident acknowledged",
                   {{"incident", ack->incident},
                    {"by", ack->by},
                    {"until", ack->ends ? format_time(*ack->ends) : std::string("it ends")}});
  return json_reply(200, {{"incident", ack->incident},
                          {"title", incident_title(*incident)},
                          {"acknowledged", ack->text()},
                          {"ends", time_json(ack->ends)}});
}

void add_routing_api(http::Server& server, const RoutingContext& given) {
  const auto context = std::make_shared<const RoutingContext>(given);
  const auto add_change = [&](std::string path,
                              Reply (*change)(const RoutingContext&, const ServerRequest&)) {
    server.add("POST", std::move(path), [context, change](const ServerRequest& request) {
      if (auto refused = refuse_json_change(request)) return std::move(*refused);
      return change(*context, request);
    });
  };
  server.add("GET", "/api/v1/silences",
             [context](const ServerRequest&) { return json_reply(200, silences_json(*context)); });
  add_change("/api/v1/silences", [](const RoutingContext& routing, const ServerRequest& request) {
    return add_silence(routing, request.body);
  });
  add_change("/api/v1/silences/{id}/end",
             [](const RoutingContext& routing, const ServerRequest& request) {
               return end_silence(routing, request.placeholder("id"));
             });
  add_change("/api/v1/incidents/{id}/ack",
             [](const RoutingContext& routing, const ServerRequest& request) {
               return acknowledge(routing, request.placeholder("id"), request.body);
             });
}

}  // namespace highwater::agent
