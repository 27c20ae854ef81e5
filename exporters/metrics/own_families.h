// Every family of the metrics page that is not a table of a measure: what is said of collectors,
// alerts and incidents, the agent's own telemetry, the process. The page is written from these
// declarations and docs/metrics.md lists them: a family that is not here cannot be written.
// Immutable; any thread.
#pragma once

#include <span>
#include <string_view>

#include "exporters/metrics/exposition.h"

namespace highwater {

struct OwnFamily {
  std::string_view name;  // of its samples; a histogram's without "_bucket"
  std::string_view help;  // one sentence
  FamilyType type;
  std::string_view unit;    // "seconds" and so on; empty: none
  std::string_view labels;  // "cluster, collector"; empty: none
  std::string_view when;    // when it has samples; empty: always
};

[[nodiscard]] std::span<const OwnFamily* const> own_families();
// Its HELP and TYPE; samples follow.
void start_family(const OwnFamily& family, Exposition& out);

namespace families {
extern const OwnFamily kBuildInfo;
extern const OwnFamily kCollectorUp;
extern const OwnFamily kCollectorAge;  // in place of the measure: as of the scrape
extern const OwnFamily kCollectorDuration;
extern const OwnFamily kCollectorMissedPolls;
extern const OwnFamily kAlerts;
extern const OwnFamily kIncidents;
extern const OwnFamily kIncidentsSilenced;
extern const OwnFamily kSilences;
extern const OwnFamily kAlert;
extern const OwnFamily kPolls;
extern const OwnFamily kEvaluation;
extern const OwnFamily kNotifications;
extern const OwnFamily kNotificationsQueued;
extern const OwnFamily kNotificationDelay;
extern const OwnFamily kHeartbeats;
extern const OwnFamily kSpansExported;
extern const OwnFamily kSpansDropped;
extern const OwnFamily kLogLinesLost;
extern const OwnFamily kHttpRequests;
extern const OwnFamily kHttpDuration;
extern const OwnFamily kProcessCpu;
extern const OwnFamily kProcessResident;
extern const OwnFamily kProcessVirtual;
extern const OwnFamily kProcessStart;
extern const OwnFamily kProcessThreads;
extern const OwnFamily kProcessOpenFds;
extern const OwnFamily kProcessMaxFds;
}  // namespace families

}  // namespace highwater
