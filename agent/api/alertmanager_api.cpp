#include "agent/api/alertmanager_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/api/alertmanager_matchers.h"
#include "agent/api/api_reply.h"
#include "exporters/notify/receivers/alertmanager_json.h"
#include "rules/routing/moment.h"

namespace highwater::agent {
namespace {

using Json = nlohmann::ordered_json;
using http::Reply;
using http::ServerRequest;
using rules::Silence;

constexpr Duration kFiresFor = std::chrono::minutes(5);  // unless it is still there then
constexpr size_t kMostIncidents = 1000;

// What each answer is made of, as it is at one moment.
struct World {
  WallTime now;
  ReportPtr report;
  std::shared_ptr<const RoutingView> view;
};

World world_of(const AlertmanagerContext& context) {
  return {context.routing.clock.now().wall, context.routing.pipeline.latest(),
          context.routing.routing.view()};
}

// Its clients take an error as one text.
Reply in_their_form(Reply reply) {
  if (reply.status < 400) return reply;
  return json_reply(reply.status, Json::parse(reply.body, nullptr, false).value("error", ""));
}

// Maintenance that is on now stands among the silences, by its name.
std::string id_of(const Silence& silence) {
  return silence.id != 0 ? std::to_string(silence.id) : "maintenance-" + silence.name;
}

std::vector<const Silence*> silences_of(const World& world) {
  std::vector<const Silence*> all;
  for (const Silence& silence : world.view->silences) all.push_back(&silence);
  for (const Silence& window : world.view->plan.maintenance) {
    if (window.active(world.now)) all.push_back(&window);
  }
  return all;
}

Json silence_json(const Silence& silence, WallTime now) {
  const WallTime begins = silence.begins.value_or(now);
  const WallTime ends = silence.until(now).value_or(now + rules::Silences::kLongest);
  return {{"id", id_of(silence)},
          {"status", {{"state", silence.active(now) ? "active" : "pending"}}},
          {"updatedAt", format_time(begins)},
          {"comment", silence.comment},
          {"createdBy", silence.author},
          {"startsAt", format_time(begins)},
          {"endsAt", format_time(ends)},
          {"matchers", alertmanager_matchers(silence)}};
}

Json receivers_json(const Incident& incident, const std::vector<std::string>& all) {
  Json list = Json::array();
  if (incident.direction == nullptr || incident.direction->everyone) {
    for (const std::string& name : all) list.push_back({{"name", name}});
    return list;
  }
  for (const Hearer& hearer : incident.direction->hearers)
    list.push_back({{"name", hearer.receiver}});
  return list;
}

// The alerts of one incident.
Json alerts_of(const Incident& incident, const AlertmanagerContext& context, const World& world,
               const Json& silenced_by, const std::vector<std::string>& receivers) {
  auto notice = std::make_shared<notify::Notice>();
  notice->transition.kind = TransitionKind::opened;
  notice->transition.incident = incident;
  notice->at = world.now;
  const notify::NoticePtr one = std::move(notice);
  const notify::Sender sender{"", context.external_url, context.cluster};
  Json alerts = Json::parse(notify::webhook_json({&one, 1}, sender), nullptr, false).at("alerts");
  for (Json& alert : alerts) {
    if (alert.at("status") == "firing") alert["endsAt"] = format_time(world.now + kFiresFor);
    alert["updatedAt"] = format_time(incident.updated);
    alert["receivers"] = receivers_json(incident, receivers);
    alert["status"] = {{"state", silenced_by.empty() ? "active" : "suppressed"},
                       {"silencedBy", silenced_by},
                       {"inhibitedBy", Json::array()},
                       {"mutedBy", Json::array()}};
  }
  return alerts;
}

Result<std::vector<LabelFilter>> filters_of(const ServerRequest& request) {
  std::vector<LabelFilter> filters;
  for (const auto& [name, value] : request.query) {
    if (name != "filter") continue;
    auto filter = parse_label_filter(value);
    if (!filter) return tl::unexpected(filter.error());
    filters.push_back(std::move(*filter));
  }
  return filters;
}

bool wanted(const Json& alert, const std::vector<LabelFilter>& filters,
            const ServerRequest& request) {
  const bool suppressed = alert.at("status").at("state") == "suppressed";
  if (request.query_value(suppressed ? "silenced" : "active") == "false") return false;
  const auto labels = alert.at("labels").get<std::map<std::string, std::string>>();
  return std::ranges::all_of(filters,
                             [&](const LabelFilter& filter) { return filter.accepts(labels); });
}

// The alerts that are asked for; at most those of the kMostIncidents worst incidents.
Result<Json> alerts_for(const AlertmanagerContext& context, const ServerRequest& request) {
  const auto filters = filters_of(request);
  if (!filters) return tl::unexpected(filters.error());
  const World world = world_of(context);
  Json alerts = Json::array();
  if (world.report == nullptr) return alerts;
  std::map<uint64_t, Json> silenced_by;
  for (const Silence* const silence : silences_of(world)) {
    if (!silence->active(world.now)) continue;
    for (const uint64_t id :
         rules::Director::hidden_by(*silence, world.view->plan, world.report->incidents))
      silenced_by[id].push_back(id_of(*silence));
  }
  const std::vector<std::string> receivers = context.receivers();
  const auto& incidents = world.report->incidents;
  for (size_t i = 0; i < std::min(incidents.size(), kMostIncidents); ++i) {
    const auto found = silenced_by.find(incidents[i].id);
    const Json hiding = found == silenced_by.end() ? Json::array() : found->second;
    for (Json& alert : alerts_of(incidents[i], context, world, hiding, receivers)) {
      if (wanted(alert, *filters, request)) alerts.push_back(std::move(alert));
    }
  }
  return alerts;
}

Reply alerts(const AlertmanagerContext& context, const ServerRequest& request) {
  const auto found = alerts_for(context, request);
  return found ? json_reply(200, *found) : refusal(400, found.error().message);
}

// By name, as people read them.
Reply groups(const AlertmanagerContext& context, const ServerRequest& request) {
  auto found = alerts_for(context, request);
  if (!found) return refusal(400, found.error().message);
  std::map<std::pair<std::string, std::string>, Json> groups;  // by receiver and name
  for (const Json& alert : *found) {
    for (const Json& receiver : alert.at("receivers"))
      groups[{receiver.at("name").get<std::string>(),
              alert.at("labels").at("alertname").get<std::string>()}]
          .push_back(alert);
  }
  Json list = Json::array();
  for (const auto& [key, members] : groups)
    list.push_back({{"labels", {{"alertname", key.second}}},
                    {"receiver", {{"name", key.first}}},
                    {"alerts", members}});
  return json_reply(200, list);
}

Reply status(const AlertmanagerContext& context, WallTime started) {
  Json versions = Json::object();
  for (const char* const key :
       {"branch", "buildDate", "buildUser", "goVersion", "revision", "version"})
    versions[key] = "";
  versions["version"] = "highwater " HIGHWATER_VERSION;
  return json_reply(200,
                    {{"cluster", {{"name", ""}, {"status", "disabled"}, {"peers", Json::array()}}},
                     {"versionInfo", versions},
                     {"config", {{"original", "# see " + context.external_url + "\n"}}},
                     {"uptime", format_time(started)}});
}

Reply receivers(const AlertmanagerContext& context) {
  Json list = Json::array();
  for (const std::string& name : context.receivers()) list.push_back({{"name", name}});
  return json_reply(200, list);
}

// A silence that is asked for by a filter has a matcher of that label and value.
bool is_like(const Json& silence, const std::vector<LabelFilter>& filters) {
  return std::ranges::all_of(filters, [&](const LabelFilter& filter) {
    return std::ranges::any_of(silence.at("matchers"), [&](const Json& matcher) {
      return matcher.at("name") == filter.name && matcher.at("value") == filter.value;
    });
  });
}

Reply silences(const AlertmanagerContext& context, const ServerRequest& request) {
  const auto filters = filters_of(request);
  if (!filters) return refusal(400, filters.error().message);
  const World world = world_of(context);
  Json list = Json::array();
  for (const Silence* const silence : silences_of(world)) {
    Json json = silence_json(*silence, world.now);
    if (is_like(json, *filters)) list.push_back(std::move(json));
  }
  return json_reply(200, list);
}

Reply silence(const AlertmanagerContext& context, const ServerRequest& request) {
  const World world = world_of(context);
  for (const Silence* const one : silences_of(world)) {
    if (id_of(*one) == request.placeholder("id"))
      return json_reply(200, silence_json(*one, world.now));
  }
  return refusal(404, "there is no such silence");
}

struct Wanted {
  Silence silence;
  uint64_t replaces = 0;
};

// What is of another type than it should be throws.
Result<Wanted> wanted_of(const Json& json) {
  auto silence = silence_of_matchers(json.at("matchers"));
  if (!silence) return tl::unexpected(silence.error());
  Wanted wanted{std::move(*silence), 0};
  const auto begins = rules::parse_moment(json.at("startsAt").get<std::string>());
  const auto ends = rules::parse_moment(json.at("endsAt").get<std::string>());
  if (!begins) return fail("'startsAt': " + begins.error().message);
  if (!ends) return fail("'endsAt': " + ends.error().message);
  wanted.silence.begins = *begins;
  wanted.silence.ends = *ends;
  wanted.silence.author = json.at("createdBy").get<std::string>();
  wanted.silence.comment = json.at("comment").get<std::string>();
  const std::string id = json.value("id", "");
  wanted.replaces = number_in(id);
  if (!id.empty() && wanted.replaces == 0) return fail("maintenance stands in the configuration");
  return wanted;
}

Result<Wanted> read_wanted(const std::string& body) {
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return fail("the body is no JSON object");
  try {
    return wanted_of(json);
  } catch (const std::exception& error) {
    return fail(std::string("it is no silence: ") + error.what());
  }
}

Reply add_silence(const AlertmanagerContext& context, const ServerRequest& request) {
  if (auto refused = refuse_json_change(request)) return std::move(*refused);
  auto wanted = read_wanted(request.body);
  if (!wanted) return refusal(400, wanted.error().message);
  return on_pipeline(context.routing, [&context, wanted = std::move(*wanted)](Now now) {
    rules::Silences& all = context.routing.routing.silences();
    Silence silence = wanted.silence;
    // Clients say the moment at which they asked.
    silence.begins = std::max(*silence.begins, now.wall);
    const rules::Silences before = all;
    if (wanted.replaces != 0 && !all.end(wanted.replaces))
      return refusal(404, "there is no such silence");
    const auto id = all.add(silence, now.wall);
    if (!id) {
      all = before;
      return refusal(400, id.error().message);
    }
    context.routing.log.info("silence added", {{"silence", all.all().back().text(now.wall)},
                                               {"matchers", silence.matcher.text()}});
    return json_reply(200, {{"silenceID", std::to_string(*id)}});
  });
}

Reply end_silence(const AlertmanagerContext& context, const ServerRequest& request) {
  if (auto refused = refuse_change(request)) return std::move(*refused);
  const uint64_t id = number_in(request.placeholder("id"));
  return on_pipeline(context.routing, [&context, id](Now now) {
    const auto ended = context.routing.routing.silences().end(id);
    if (!ended) return refusal(404, "there is no such silence");
    context.routing.log.info("silence ended by hand", {{"silence", ended->text(now.wall)}});
    Reply reply;
    reply.content_type = "application/json; charset=utf-8";
    return reply;
  });
}

}  // namespace

void add_alertmanager_api(http::Server& server, const AlertmanagerContext& given) {
  const auto context = std::make_shared<const AlertmanagerContext>(given);
  const auto add = [&](const char* method, const char* path,
                       Reply (*answer)(const AlertmanagerContext&, const ServerRequest&)) {
    server.add(method, std::string("/api/v2/") + path,
               [context, answer](const ServerRequest& request) {
                 return in_their_form(answer(*context, request));
               });
  };
  add("GET", "alerts", alerts);
  add("GET", "alerts/groups", groups);
  add("GET", "silences", silences);
  add("POST", "silences", add_silence);
  add("GET", "silence/{id}", silence);
  add("DELETE", "silence/{id}", end_silence);
  server.add("GET", "/api/v2/receivers",
             [context](const ServerRequest&) { return receivers(*context); });
  server.add("GET", "/api/v2/status",
             [context, started = given.routing.clock.now().wall](const ServerRequest&) {
               return status(*context, started);
             });
}

}  // namespace highwater::agent
