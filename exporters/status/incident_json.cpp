#include "exporters/status/incident_json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "agent/core/time.h"
#include "exporters/incident_text.h"
#include "exporters/push/budget_text.h"

namespace highwater {
namespace {

using Json = nlohmann::ordered_json;

Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

Json entity_json(const Entity& entity) {
  Json json = Json::object();
  for (const auto& [name, value] : entity.labels) json[name.text()] = value.text();
  return json;
}

Json budget_json(const BudgetDetail& budget) {
  Json json = {{"objective", budget.objective},
               {"window_seconds", to_seconds(budget.window)},
               {"tier", budget.tier},
               {"burn_rate", number(budget.burn)},
               {"remaining", number(budget.remaining)},
               {"excluded_seconds", to_seconds(budget.excluded)},
               {"exhausted_in_seconds",
                budget.exhausted_in ? Json(to_seconds(*budget.exhausted_in)) : Json()},
               {"clears_at", budget.clears_at ? Json(format_time(*budget.clears_at)) : Json()}};
  Json texts = Json::object();
  for (const auto& [name, text] : budget_texts(budget)) texts[name] = text;
  json["texts"] = std::move(texts);
  return json;
}

Json impact_json(const Incident& incident) {
  Json list = Json::array();
  for (const Impact& impact : incident.impact)
    list.push_back({{"what", impact.noun + " " + impact.state},
                    {"count", impact.count},
                    {"names", impact.names}});
  return list;
}

Json links_json(const Incident& incident) {
  Json list = Json::array();
  for (const IncidentLink& link : incident.links)
    list.push_back({{"id", link.id},
                    {"title", link.title},
                    {"since", format_time(link.since)},
                    {"affected", link.affected}});
  return list;
}

// Null: every receiver.
Json receivers_json(const Incident& incident) {
  if (incident.direction == nullptr || incident.direction->everyone) return {};
  Json names = Json::array();
  for (const Hearer& hearer : incident.direction->hearers) names.push_back(hearer.receiver);
  return names;
}

Json silenced_json(const Incident& incident) {
  return incident.direction == nullptr ? Json::array() : Json(incident.direction->silenced_by);
}

Json acknowledged_json(const Incident& incident) {
  const bool is = incident.direction != nullptr && !incident.direction->acknowledged.empty();
  return is ? Json(incident.direction->acknowledged) : Json();
}

Json escalation_json(const Incident& incident) {
  if (incident.direction == nullptr || !incident.direction->next) return {};
  const EscalationStep& next = *incident.direction->next;
  return {{"at", format_time(next.at)}, {"to", next.to}, {"text", escalation_text(next)}};
}

}  // namespace

nlohmann::ordered_json alert_json(const Alert& alert) {
  return {{"alertname", alert.rule},
          {"severity", severity_name(alert.severity)},
          {"state", alert.state == AlertState::firing ? "firing" : "pending"},
          {"unknown", alert.unknown},
          {"entity", entity_json(alert.entity)},
          {"value", number(alert.value)},
          {"summary", alert.summary},
          {"description", alert.description},
          {"note", alert.note},
          {"runbook", alert.runbook},
          {"active_since", format_time(alert.active_since)},
          {"incident", alert.incident},
          {"budget", alert.budget ? budget_json(*alert.budget) : Json()}};
}

nlohmann::ordered_json prior_changes_json(const Incident& incident) {
  Json list = Json::array();
  for (const PriorChange& change : incident.changes)
    list.push_back({{"seconds_before", to_seconds(change.before)},
                    {"at", format_time(change.at)},
                    {"text", change.text}});
  return list;
}

nlohmann::ordered_json remedy_json(const Incident& incident, const Report& report,
                                   const RemedySource& remedies) {
  if (incident.ended || !remedies) return {};
  const Remedy remedy = remedies(report, incident);
  return {{"action", remedy.action}, {"commands", remedy.commands}, {"check", remedy.check}};
}

nlohmann::ordered_json incident_json(const Incident& incident, const Report& report,
                                     const RemedySource& remedies) {
  Json evidence = Json::array();
  for (const Evidence& item : incident.evidence) {
    if (evidence.size() >= kMaxEvidence) break;
    evidence.push_back({{"alertname", item.rule},
                        {"severity", severity_name(item.severity)},
                        {"entity", entity_json(item.entity)},
                        {"summary", item.summary},
                        {"since", format_time(item.since)},
                        {"ended", item.ended}});
  }
  return {{"id", incident.id},
          {"correlation_id", incident.correlation.hex()},
          {"severity", severity_name(incident.severity)},
          {"opened", format_time(incident.opened)},
          {"updated", format_time(incident.updated)},
          {"title", incident_title(incident)},
          {"team", incident.team},
          {"receivers", receivers_json(incident)},
          {"silenced_by", silenced_json(incident)},
          {"acknowledged", acknowledged_json(incident)},
          {"escalates", escalation_json(incident)},
          {"remedy", remedy_json(incident, report, remedies)},
          {"changes", prior_changes_json(incident)},
          {"changes_text", changes_text(incident)},
          {"cause", alert_json(incident.cause)},
          {"headline", alert_json(incident.headline)},
          {"evidence", std::move(evidence)},
          {"evidence_count", std::max(incident.evidence_count, incident.evidence.size())},
          {"impact", impact_json(incident)},
          {"impact_text", impact_text(incident)},
          {"links", links_json(incident)},
          {"cause_over", incident.cause_over ? Json(format_time(*incident.cause_over)) : Json()},
          {"over_text", over_text(incident)},
          {"ended", incident.ended ? Json(format_time(*incident.ended)) : Json()},
          {"resolution", incident.resolution},
          {"former", incident.former == 0 ? Json() : Json(incident.former)}};
}

}  // namespace highwater
