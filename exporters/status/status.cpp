#include "exporters/status/status.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "exporters/status/cluster_view.h"
#include "exporters/status/incident_json.h"

namespace highwater {
namespace {

using Json = nlohmann::ordered_json;

Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

std::string time_of(double unix_seconds) {
  // Beyond these years something else than a time was measured.
  if (!(unix_seconds >= 0 && unix_seconds < 1e10)) return {};
  return format_time(WallTime(std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(std::round(unix_seconds * 1000) / 1000))));
}

Json broker_json(const BrokerView& broker) {
  return {
      {"id", broker.id},
      {"up", broker.up ? Json(*broker.up) : Json()},
      {"status", broker.status},
      {"note", broker.note},
      {"since", broker.since_unix_seconds ? Json(time_of(*broker.since_unix_seconds)) : Json()}};
}

Json part_json(const PartView& part) {
  const size_t shown = std::min(part.problems.size(), kStatusProblems);
  const auto end = part.problems.begin() + static_cast<ptrdiff_t>(shown);
  return {{"name", part.name},
          {"age_seconds", to_seconds(part.age)},
          {"stale", part.stale},
          {"unknown_rows", part.unknown_rows},
          {"unread_rows", part.unread_rows},
          {"unreadable", part.unreadable.empty() ? Json() : Json(part.unreadable)},
          {"problems", std::vector<std::string>(part.problems.begin(), end)},
          {"problem_count", part.problems.size()}};
}

Json cluster_json(const ClusterView& cluster) {
  Json brokers = Json::array();
  for (const BrokerView& broker : cluster.brokers) {
    if (brokers.size() < kStatusBrokers) brokers.push_back(broker_json(broker));
  }
  Json parts = Json::array();
  for (const PartView& part : cluster.parts) parts.push_back(part_json(part));
  Json groups = Json::array();
  for (const GroupView& group : cluster.groups)
    groups.push_back({{"group", group.group},
                      {"topic", group.topic},
                      {"lag_records", group.lag_records ? number(*group.lag_records) : Json()},
                      {"lag_seconds", group.lag_seconds ? number(*group.lag_seconds) : Json()}});
  Json budgets = Json::array();
  for (const BudgetView& budget : cluster.budgets)
    budgets.push_back({{"slo", budget.slo},
                       {"entity", budget.entity},
                       {"remaining", budget.remaining ? number(*budget.remaining) : Json()},
                       {"coverage", budget.coverage ? number(*budget.coverage) : Json()},
                       {"excluded_seconds", budget.excluded}});
  return {{"name", cluster.name},
          {"brokers", std::move(brokers)},
          {"broker_count", cluster.brokers.size()},
          {"brokers_up", cluster.brokers_up()},
          {"unknown_rows", cluster.unknown_rows},
          {"unread_rows", cluster.unread_rows},
          {"parts", std::move(parts)},
          {"groups", std::move(groups)},
          {"group_count", cluster.group_count},
          {"unknown_group_count", cluster.unknown_group_count},
          {"budgets", std::move(budgets)},
          {"budget_count", cluster.budget_count}};
}

// What the agent says of itself.
Json notices(const Snapshot* snapshot) {
  Json texts = Json::array();
  if (snapshot == nullptr) return texts;
  for (const auto& [key, observation] : snapshot->observations) {
    if (key.second != kAgentPart) continue;
    for (const Problem& problem : observation->problems) {
      if (texts.size() < kStatusProblems) texts.push_back(problem.what);
    }
  }
  return texts;
}

Json quiet_since(const Report& report) {
  if (!report.incidents.empty() || report.history == nullptr || report.history->empty()) return {};
  const std::optional<WallTime>& ended = report.history->front()->ended;
  return ended ? Json(format_time(*ended)) : Json();
}

template <class Items, class ToJson>
Json capped(const Items& items, size_t count, ToJson to_json) {
  Json json = Json::array();
  for (const auto& item : items) {
    if (json.size() >= count) break;
    json.push_back(to_json(item));
  }
  return json;
}

}  // namespace

std::string status_json(const StatusInput& input) {
  Json json{{"version", HIGHWATER_VERSION},
            {"now", format_time(input.now.wall)},
            {"ready", input.ready && input.report != nullptr},
            {"heartbeat_age_seconds",
             input.heartbeat_age ? Json(to_seconds(*input.heartbeat_age)) : Json()}};
  const Report empty;
  const Report& report = input.report != nullptr ? *input.report : empty;
  json["at"] = input.report != nullptr ? Json(format_time(report.at.wall)) : Json();
  json["clusters"] = Json::array();
  if (report.snapshot != nullptr) {
    for (const ClusterView& cluster :
         view_clusters(*report.snapshot, input.now.steady, input.groups, input.budgets))
      json["clusters"].push_back(cluster_json(cluster));
  }
  json["notices"] = notices(report.snapshot.get());
  json["incidents"] = capped(report.incidents, kStatusIncidents, [&](const Incident& incident) {
    return incident_json(incident, report, input.remedies);
  });
  json["incident_count"] = report.incidents.size();
  json["quiet_since"] = quiet_since(report);
  json["alerts"] = capped(report.alerts, kStatusAlerts, alert_json);
  json["alert_count"] = report.alerts.size();
  // Names that are no UTF-8 must not make the whole status unreadable.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace highwater
