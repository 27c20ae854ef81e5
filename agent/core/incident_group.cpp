#include "agent/core/incident_group.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace highwater {
namespace {

using Json = nlohmann::json;

Severity severity_of(const Json& json) {
  for (const Severity severity : {Severity::info, Severity::ticket, Severity::page}) {
    if (json.get<std::string>() == severity_name(severity)) return severity;
  }
  throw std::invalid_argument("an unknown severity");
}

WallTime time_of(const Json& json) {
  return WallTime(Duration(json.get<int64_t>()));
}

}  // namespace

std::string labels_text(const std::vector<std::pair<std::string, std::string>>& labels) {
  std::string text;
  for (const auto& [name, value] : labels)
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
  return text;
}

uint64_t shown_id(const Incident& incident) {
  if (incident.group == nullptr || incident.group->listed.empty()) return incident.id;
  return incident.group->listed.front().id;
}

bool is_several(const Incident& incident) {
  return incident.group != nullptr &&
         (incident.group->total > 1 || incident.group->listed.size() != 1);
}

std::string id_text(uint64_t id) {
  return is_group(id) ? fmt::format("group {}", group_number(id)) : std::to_string(id);
}

Incident ungrouped(const GroupedIncident& grouped) {
  Incident incident;
  incident.id = grouped.id;
  incident.correlation = grouped.correlation;
  incident.cause.rule = grouped.rule;
  incident.cause.entity = grouped.entity;
  incident.cause.labels = grouped.labels;
  incident.cause.summary = grouped.title;
  incident.cause.runbook = grouped.runbook;
  incident.cause.severity = grouped.severity;
  incident.headline = incident.cause;
  incident.title = grouped.title;
  incident.severity = grouped.severity;
  incident.team = grouped.team;
  incident.opened = grouped.since;
  incident.updated = grouped.since;
  incident.ended = grouped.ended;
  return incident;
}

Json durable_json(const GroupedIncident& grouped) {
  Json entity = Json::object();
  for (const auto& [name, value] : grouped.entity.labels) entity[name.text()] = value.text();
  Json json{{"id", grouped.id},
            {"correlation", grouped.correlation.hex()},
            {"rule", grouped.rule},
            {"entity", std::move(entity)},
            {"labels", grouped.labels},
            {"title", grouped.title},
            {"severity", severity_name(grouped.severity)},
            {"team", grouped.team},
            {"runbook", grouped.runbook},
            {"since", grouped.since.time_since_epoch().count()}};
  if (grouped.ended) json["ended"] = grouped.ended->time_since_epoch().count();
  return json;
}

GroupedIncident durable_grouped(const Json& json) {
  GroupedIncident grouped;
  json.at("id").get_to(grouped.id);
  grouped.correlation = TraceId::from_hex(json.at("correlation").get<std::string>());
  if (grouped.id == 0 || !grouped.correlation.valid())
    throw std::invalid_argument("an incident without an id");
  json.at("rule").get_to(grouped.rule);
  for (const auto& [name, value] : json.at("entity").items())
    grouped.entity.labels.emplace_back(Symbol(name), Symbol(value.get<std::string>()));
  std::ranges::sort(grouped.entity.labels);
  json.at("labels").get_to(grouped.labels);
  json.at("title").get_to(grouped.title);
  grouped.severity = severity_of(json.at("severity"));
  json.at("team").get_to(grouped.team);
  json.at("runbook").get_to(grouped.runbook);
  grouped.since = time_of(json.at("since"));
  if (json.contains("ended")) grouped.ended = time_of(json.at("ended"));
  return grouped;
}

Json durable_json(const IncidentGroup& group) {
  Json listed = Json::array();
  for (const GroupedIncident& one : group.listed) listed.push_back(durable_json(one));
  return {{"receiver", group.receiver}, {"labels", group.labels}, {"listed", std::move(listed)},
          {"open", group.open},         {"ended", group.ended},   {"total", group.total},
          {"news", group.news}};
}

IncidentGroup durable_group(const Json& json) {
  IncidentGroup group;
  json.at("receiver").get_to(group.receiver);
  json.at("labels").get_to(group.labels);
  for (const Json& one : json.at("listed")) group.listed.push_back(durable_grouped(one));
  json.at("open").get_to(group.open);
  json.at("ended").get_to(group.ended);
  json.at("total").get_to(group.total);
  json.at("news").get_to(group.news);
  return group;
}

}  // namespace highwater
