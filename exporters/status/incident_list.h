// The incidents of the last days, open and ended: what `/api/v1/incidents` answers. Reads a report
// and nothing else; pure, any thread.
//
// {"now", "last_seconds", "incidents": [...], "incident_count"}: those that began last come first;
// each as in `/api/v1/status`, and how long it lasted so far.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/core/report.h"
#include "exporters/remedies/remedy.h"

namespace highwater {

constexpr size_t kListedIncidents = 300;
constexpr std::string_view kListedByDefault = "7d";

struct ListedIncidents {
  std::vector<const Incident*> listed;  // those that began last come first; of the report
  size_t count = 0;                     // of those that are left out as well
};
// The open ones, and those that ended within `last`; of more than `most`, those are left out that
// ended longest ago.
[[nodiscard]] ListedIncidents list_incidents(const Report* report, WallTime now, Duration last,
                                             size_t most);
[[nodiscard]] std::string incident_list_json(const Report* report, WallTime now, Duration last,
                                             const RemedySource& remedies = {});

// By its number, or by its correlation id; also one that ended. Null: there is none.
[[nodiscard]] const Incident* find_incident(const Report* report, std::string_view which);

// How long it lasted, or lasts so far.
[[nodiscard]] Duration lasted(const Incident& incident, WallTime now);

}  // namespace highwater
