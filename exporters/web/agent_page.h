// The page of the agent itself: whether it judges, how old what it reads is and why rows are
// unknown, what it costs, and what waits for each receiver. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/core/report.h"
#include "exporters/metrics/process_metrics.h"
#include "exporters/notify/notifier.h"

namespace highwater::web {

struct AgentFacts {
  const Report* report = nullptr;  // null: nothing was judged yet
  bool ready = false;
  Duration heartbeat_age{};             // of the pipeline
  std::optional<ProcessFacts> process;  // nothing: /proc cannot be read
  std::vector<notify::ReceiverStats> receivers;
};

[[nodiscard]] std::string agent_page(const AgentFacts& facts, Now now);

}  // namespace highwater::web
