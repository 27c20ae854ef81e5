// The pages of the agent's HTTP server: metrics, health, runbooks, what is broken now, each
// cluster, broker, topic and group, and the same as JSON. They read the newest report and never ask
// Kafka anything. Main sets them up; the server's threads run them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/explanation.h"
#include "agent/core/report.h"
#include "agent/core/time.h"
#include "exporters/changes/ledger.h"
#include "exporters/history/history.h"
#include "exporters/http/server.h"
#include "exporters/metrics/prometheus.h"
#include "exporters/metrics/self_metrics.h"
#include "exporters/notify/delivery_log.h"
#include "exporters/notify/notifier.h"
#include "exporters/runbooks/runbooks.h"

namespace highwater {

// Everything that is referred to must outlive the server. The functions are called on any thread.
struct WebContext {
  const Clock& clock;
  MetricsPage& metrics;
  SelfMetrics& self_metrics;
  const Runbooks& runbooks;
  const history::History& history;
  const changes::Ledger& changes;
  const notify::DeliveryLog& deliveries;
  std::function<ReportPtr()> report;        // the newest; null before the first
  std::function<Duration()> heartbeat_age;  // since the pipeline last turned
  std::function<bool()> first_round_done;   // every part of every cluster was tried once
  Duration heartbeat_limit = std::chrono::seconds(30);  // an older one is a pipeline that hangs
  // Of a cluster, for the commands in runbooks; empty: not known.
  std::function<std::string(const std::string& cluster)> bootstrap = {};
  RemedySource remedies = {};  // what helps with an incident; may be empty
  std::string agent_url = {};  // the agent's own address, for them as well
  // Why a rule fires or is quiet. Waits for a second at most; nothing when it cannot be said now.
  std::function<std::optional<ExplainAnswer>(const ExplainQuestion&)> explain = {};
  std::function<std::vector<notify::ReceiverStats>()> receivers = {};  // what waits for them

  [[nodiscard]] bool is_ready(const ReportPtr& newest) const {
    return newest != nullptr && first_round_done();
  }
};

// Before the server starts.
void add_pages(http::Server& server, const WebContext& context);

}  // namespace highwater
