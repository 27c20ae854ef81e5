// The state of the world as JSON: what `/api/v1/status` answers and `highwater status` prints.
// Reads a report and nothing else; pure, any thread.
//
// {"version", "at", "ready", "heartbeat_age_seconds", "clusters": [{"name", "brokers", "parts",
// "groups", "group_count", "unknown_group_count"}], "incidents": [...], "incident_count",
// "quiet_since", "alerts": [...], "alert_count"}. A number that is unknown is null; so is a part's
// "unreadable" while something of it can be read, and "quiet_since", when the last incident ended,
// while one is open or none is known.
#pragma once

#include <optional>
#include <string>

#include "agent/core/report.h"
#include "exporters/remedies/remedy.h"

namespace highwater {

constexpr size_t kStatusBudgets = 10;     // per cluster, those with the least left
constexpr size_t kStatusGroups = 10;      // per cluster, those with the most lag, then the unknown
constexpr size_t kMostStatusRows = 5000;  // of groups and of budgets, for who asks for more
constexpr size_t kStatusProblems = 10;    // per part
constexpr size_t kStatusIncidents = 100;
constexpr size_t kStatusAlerts = 1000;
constexpr size_t kStatusBrokers = 1000;  // per cluster

struct StatusInput {
  const Report* report = nullptr;  // null: nothing was judged yet
  bool ready = false;
  Now now;
  std::optional<Duration> heartbeat_age;  // of the pipeline
  size_t groups = kStatusGroups;          // so many of each cluster
  size_t budgets = kStatusBudgets;
  RemedySource remedies{};  // may be empty
};

[[nodiscard]] std::string status_json(const StatusInput& input);

}  // namespace highwater
