// The incidents of the last days, open and ended: what `/api/v1/incidents` answers. Reads a report
// and nothing else; pure, any thread.
//
// {"now", "last_seconds", "incidents": [...], "incident_count"}: the open ones, worst first, then
// those that ended, the newest first; each as in `/api/v1/status`, and how long it lasted so far.
#pragma once

#include <string>
#include <string_view>

#include "agent/core/report.h"
#include "exporters/remedies/remedy.h"

namespace highwater {

constexpr size_t kListedIncidents = 300;
constexpr std::string_view kListedByDefault = "7d";

[[nodiscard]] std::string incident_list_json(const Report* report, WallTime now, Duration last,
                                             const RemedySource& remedies = {});

// By its number, or by its correlation id; also one that ended. Null: there is none.
[[nodiscard]] const Incident* find_incident(const Report* report, std::string_view which);

// How long it lasted, or lasts so far.
[[nodiscard]] Duration lasted(const Incident& incident, WallTime now);

}  // namespace highwater
