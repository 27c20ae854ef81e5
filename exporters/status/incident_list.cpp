#include "exporters/status/incident_list.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "agent/core/time.h"
#include "exporters/status/incident_json.h"

namespace highwater {

ListedIncidents list_incidents(const Report* report, WallTime now, Duration last, size_t most) {
  ListedIncidents all;
  const auto add = [&](const Incident& incident) {
    if (++all.count <= most) all.listed.push_back(&incident);
  };
  if (report == nullptr) return all;
  for (const Incident& incident : report->incidents) add(incident);
  if (report->history != nullptr) {
    for (const IncidentPtr& incident : *report->history) {
      if (now - incident->ended.value_or(incident->updated) <= last) add(*incident);
    }
  }
  std::ranges::sort(all.listed, [](const Incident* a, const Incident* b) {
    return std::tuple(b->opened, b->id) < std::tuple(a->opened, a->id);
  });
  return all;
}

std::string incident_list_json(const Report* report, WallTime now, Duration last,
                               const RemedySource& remedies) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  const auto [listed, count] = list_incidents(report, now, last, kListedIncidents);
  for (const Incident* const incident : listed) {
    Json json = incident_json(*incident, *report, remedies);
    json["lasted_seconds"] = to_seconds(lasted(*incident, now));
    list.push_back(std::move(json));
  }
  const Json json{{"now", format_time(now)},
                  {"last_seconds", to_seconds(last)},
                  {"incidents", std::move(list)},
                  {"incident_count", count}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

const Incident* find_incident(const Report* report, std::string_view which) {
  if (report == nullptr || which.empty()) return nullptr;
  const auto is_meant = [&](const Incident& incident) {
    return which == std::to_string(incident.id) || which == incident.correlation.hex();
  };
  for (const Incident& incident : report->incidents) {
    if (is_meant(incident)) return &incident;
  }
  if (report->history == nullptr) return nullptr;
  for (const IncidentPtr& incident : *report->history) {
    if (is_meant(*incident)) return incident.get();
  }
  return nullptr;
}

Duration lasted(const Incident& incident, WallTime now) {
  return std::max<Duration>(incident.ended.value_or(now) - incident.opened, Duration::zero());
}

}  // namespace highwater
