#include "exporters/status/explain.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "exporters/incident_text.h"
#include "exporters/status/incident_json.h"

namespace highwater {
namespace {

using Json = nlohmann::ordered_json;

Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

Json seconds(const std::optional<Duration>& duration) {
  return duration ? Json(to_seconds(*duration)) : Json();
}

Json time(const std::optional<WallTime>& time) {
  return time ? Json(format_time(*time)) : Json();
}

Json entity_json(const Entity& entity) {
  Json json = Json::object();
  for (const auto& [name, value] : entity.labels) json[name.text()] = value.text();
  return json;
}

Json window_json(const ExplainedWindow& window) {
  return {{"window", format_duration(window.length)},
          {"seconds", to_seconds(window.length)},
          {"burn_rate", number(window.burn)},
          {"bad", number(window.bad)},
          {"total", number(window.total)},
          {"known_seconds", to_seconds(window.known)}};
}

Json tier_json(const ExplainedTier& tier) {
  return {{"severity", severity_name(tier.severity)},
          {"fires_above", tier.factor},
          {"burning", tier.burning},
          {"frozen", tier.frozen},
          {"warming_up", tier.warming},
          {"coverage", number(tier.coverage)},
          {"long", window_json(tier.long_window)},
          {"short", window_json(tier.short_window)},
          {"clears_at", time(tier.clears_at)}};
}

Json budget_json(const ExplainedBudget& budget) {
  Json tiers = Json::array();
  for (const ExplainedTier& tier : budget.tiers) tiers.push_back(tier_json(tier));
  return {{"objective", budget.objective},
          {"window", budget.window},
          {"window_begin", format_time(budget.window_begin)},
          {"counts", budget.events ? "events" : "seconds"},
          {"bad", number(budget.bad)},
          {"allowed", number(budget.allowed)},
          {"min_bad", number(budget.min_bad)},
          {"has_data", budget.has_data},
          {"remaining", budget.has_data ? Json(number(budget.remaining)) : Json()},
          {"coverage", number(budget.coverage)},
          {"coverage_since", format_time(budget.coverage_since)},
          {"excluded_seconds", to_seconds(budget.excluded)},
          {"burn_rate", number(budget.burn)},
          {"exhausted", budget.exhausted},
          {"exhausted_in_seconds", seconds(budget.exhausted_in)},
          {"clears_at", time(budget.clears_at)},
          {"finding", budget.finding},
          {"tiers", std::move(tiers)}};
}

Json incident_item(const Incident& incident, const Report& report, const RemedySource& remedies) {
  Json evidence = Json::array();
  for (const Evidence& item : incident.evidence) {
    if (evidence.size() >= kMaxEvidence) break;
    evidence.push_back({{"alertname", item.rule},
                        {"entity", entity_json(item.entity)},
                        {"summary", item.summary},
                        {"ended", item.ended}});
  }
  return {{"id", incident.id},
          {"correlation_id", incident.correlation.hex()},
          {"opened", format_time(incident.opened)},
          {"severity", severity_name(incident.severity)},
          {"cause",
           {{"alertname", incident.cause.rule},
            {"entity", entity_json(incident.cause.entity)},
            {"summary", incident_title(incident)}}},
          {"evidence", std::move(evidence)},
          {"evidence_count", std::max(incident.evidence_count, incident.evidence.size())},
          {"impact_text", impact_text(incident)},
          {"changes", prior_changes_json(incident)},
          {"changes_text", changes_text(incident)},
          {"remedy", remedy_json(incident, report, remedies)}};
}

const Incident* incident_of(const Alert& alert, const Report* report) {
  if (report == nullptr || alert.incident == 0) return nullptr;
  const auto found = std::ranges::find(report->incidents, alert.incident, &Incident::id);
  return found == report->incidents.end() ? nullptr : &*found;
}

Json item_json(const Explanation& item, const Report* report, const RemedySource& remedies) {
  Json json = {{"entity", entity_json(item.entity)}, {"state", "quiet"}};
  Json alert;
  Json incident;
  if (item.alert) {
    const bool firing = item.alert->state == AlertState::firing;
    json["state"] = firing ? "firing" : "pending";
    alert = {{"severity", severity_name(item.alert->severity)},
             {"unknown", item.alert->unknown},
             {"summary", item.alert->summary},
             {"note", item.alert->note},
             {"active_since", format_time(item.alert->active_since)},
             {"firing_since", firing ? Json(format_time(item.alert->firing_since)) : Json()}};
    if (const Incident* found = incident_of(*item.alert, report))
      incident = incident_item(*found, *report, remedies);
  }
  json["present"] = item.present;
  json["alert"] = std::move(alert);
  json["last_sample"] = item.sample.empty() ? Json() : Json(item.sample);
  json["last_sample_is_bad"] = item.sample_is_bad;
  json["fires_in_seconds"] = seconds(item.fires_in);
  json["ends_in_seconds"] = seconds(item.ends_in);
  json["budget"] = item.budget ? budget_json(*item.budget) : Json();
  json["incident"] = std::move(incident);
  return json;
}

std::string_view kind_name(ExplainAnswer::Kind kind) {
  switch (kind) {
    case ExplainAnswer::Kind::unknown:
      return "unknown";
    case ExplainAnswer::Kind::alert:
      return "alert";
    case ExplainAnswer::Kind::slo:
      return "slo";
  }
  return "unknown";
}

Json rows_json(const ExplainedRows& cluster) {
  Json reasons = Json::object();
  for (const auto& [reason, count] : cluster.reasons) reasons[std::string(reason)] = count;
  return {{"cluster", cluster.cluster.text()},
          {"total", cluster.total},
          {"selected", cluster.selected},
          {"met", cluster.met},
          {"unknown", cluster.unknown},
          {"unknown_reasons", std::move(reasons)},
          {"unknown_because", cluster.because.empty() ? Json() : Json(cluster.because)},
          {"worst", cluster.worst.empty() ? Json() : Json(cluster.worst)}};
}

Json row_json(const ExplainedRow& row) {
  return {{"entity", entity_json(row.entity)},
          {"state", !row.unknown.empty() ? "unknown"
                    : row.met            ? "met"
                                         : "clear"},
          {"value", row.value.empty() ? Json() : Json(row.value)},
          {"unknown_because", row.unknown.empty() ? Json() : Json(row.unknown)}};
}

}  // namespace

std::string explain_json(const ExplainAnswer& answer, const Report* report,
                         const RemedySource& remedies) {
  Json items = Json::array();
  for (const Explanation& item : answer.items) items.push_back(item_json(item, report, remedies));
  Json rows = Json::array();
  for (const ExplainedRows& cluster : answer.rows) rows.push_back(rows_json(cluster));
  Json row_items = Json::array();
  for (const ExplainedRow& row : answer.row_items) row_items.push_back(row_json(row));
  const Json json = {{"version", HIGHWATER_VERSION},   {"rule", answer.rule},
                     {"kind", kind_name(answer.kind)}, {"at", format_time(answer.at)},
                     {"where", answer.where},          {"judges", answer.judges},
                     {"meaning", answer.meaning},      {"runbook", answer.runbook},
                     {"items", std::move(items)},      {"count", answer.count},
                     {"total", answer.total},          {"entity", answer.entity},
                     {"rows", std::move(rows)},        {"row_items", std::move(row_items)},
                     {"advice", answer.advice}};
  // Names that are no UTF-8 must not make the whole answer unreadable.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace highwater
