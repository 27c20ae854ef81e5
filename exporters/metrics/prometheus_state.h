// What the metrics page says beside the measures: how well collectors work, alerts and incidents.
// Pure; used by the metrics page.
#pragma once

#include "agent/core/build_info.h"
#include "agent/core/observation.h"
#include "agent/core/report.h"
#include "exporters/metrics/own_families.h"

namespace highwater {

void write_build_info(const BuildInfo& build, Exposition& out);
void write_collectors(const Snapshot& snapshot, SteadyTime now, Exposition& out);
void write_alerts(const Report& report, Exposition& out);

// Whether the collector sees what it is there for: its newest observation speaks for the present,
// and none of its tables is unknown from end to end because it could not be read. What is unknown
// for a reason of Kafka's own (a group that never committed, a broker too old to tell) does not
// count.
[[nodiscard]] bool collector_up(const Observation& observation, SteadyTime now);

}  // namespace highwater
