// The agent's inside. Included by agent.cpp (wiring, start, stop), agent_self.cpp (watching itself)
// and agent_reload.cpp (another configuration) alone.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "agent/api/web_access.h"
#include "agent/config_watch.h"
#include "agent/heartbeats.h"
#include "agent/history_file.h"
#include "agent/judged_rows.h"
#include "agent/load.h"
#include "agent/pipeline.h"
#include "agent/prior_changes.h"
#include "agent/recording/recorder.h"
#include "agent/routing/replicas.h"
#include "agent/routing/routing.h"
#include "agent/self_observation.h"
#include "agent/state_keeper.h"
#include "agent/watchers.h"
#include "exporters/http/server.h"
#include "exporters/metrics/self_metrics.h"
#include "exporters/notify/notifier.h"
#include "exporters/otlp/exporter.h"
#include "exporters/remedies/remedy.h"
#include "exporters/web/web.h"

namespace highwater::agent {

class Agent::Impl {
 public:
  Impl(Config config, Loaded loaded, const WebAccess& access, std::unique_ptr<http::Server> server,
       otlp::TraceSettings traces, const OpenFileShares& shares, const Clock& clock, Log& log);

  void start();
  bool stop(const std::function<void(const char* part)>& doing);
  // All is read and made first; then everything that judges and tells changes between two
  // evaluations. Any thread.
  std::vector<std::string> reload();
  [[nodiscard]] int port() const { return server_->port(); }

 private:
  // agent_reload.cpp. Under reloading_, but for the last four.
  struct NewReceivers {
    std::set<std::string> kept;
    std::vector<notify::NamedReceiver> made;
  };
  std::vector<std::string> refuse(const Diagnostics& diagnostics);
  void say_what_waits(const Config& config);
  void take_over(Config config, rules::RuleSet rules);
  [[nodiscard]] NewReceivers new_receivers(const Config& config);
  void use_access(const WebAccess& access);
  void reload_access();
  void watch_files();
  void set_reload_problem(std::string problem);

  // The pipeline's thread; the first before the report is published.
  void on_judged(rules::Engine& engine, Report& report);
  void decide_who_tells(Report& report);

  // The rules again; what they cannot find is said from now on.
  rules::RuleSet look_at(const Config& config, rules::RuleSet rules);
  [[nodiscard]] notify::Surroundings surroundings() const;
  [[nodiscard]] WebContext web_context();
  [[nodiscard]] ToolAccess access_of(const std::string& cluster);  // any thread
  [[nodiscard]] Remedy remedy_by(const Report& report, const Incident& incident);
  [[nodiscard]] ReportPtr newest() const;  // any thread; null before the first
  [[nodiscard]] std::optional<Incident> incident_now(const Incident& incident) const;
  [[nodiscard]] Remedy remedy_now(const Incident& incident);
  [[nodiscard]] std::string acknowledge_link(const Incident& incident);
  [[nodiscard]] std::string state_path() const;
  [[nodiscard]] std::string listen_text() const;
  [[nodiscard]] std::string status_page() const;

  // The pipeline's thread, the first every few seconds.
  [[nodiscard]] ObservationPtr observe_self(Now now);
  void refresh_self_metrics();
  void on_report(const ReportPtr& report);
  void log_transition(const Transition& transition);
  void on_observation(ObservationPtr observation);  // any thread

  Config config_;  // under reloading_, once it has started
  const std::string file_;
  const std::string external_url_;
  const bool external_url_given_;
  std::mutex access_mutex_;
  std::map<std::string, ToolAccess> access_;  // by cluster; under access_mutex_
  mutable std::mutex newest_mutex_;
  ReportPtr newest_;  // under newest_mutex_; what notifications rest on
  const Clock& clock_;
  Log& log_;
  SelfMetrics self_metrics_;
  SelfObserver self_;  // the pipeline's thread
  Heartbeats heartbeats_;
  otlp::TraceExporter traces_;
  notify::Notifier notifier_;
  Routing routing_;
  Replicas replicas_;  // the pipeline's thread
  StateKeeper keeper_;
  std::unique_ptr<Recorder> recorder_;  // null: nothing is recorded
  history::History history_;
  changes::Ledger changes_;
  PriorChanges prior_changes_;  // the pipeline's thread
  HistoryFile history_file_{state_path(), history_, changes_, log_};
  JudgedRows judged_rows_;
  SnapshotPtr judged_;  // the pipeline's thread
  Pipeline pipeline_;
  std::unique_ptr<http::Server> server_;
  const Runbooks runbooks_;
  MetricsPage metrics_;
  std::mutex reload_mutex_;
  std::string reload_problem_;                  // under reload_mutex_
  std::string access_problem_;                  // of the files of web_config; under reload_mutex_
  std::optional<WallTime> certificate_expiry_;  // of the server; under reload_mutex_
  std::mutex reloading_;                        // one reload at a time
  bool stopping_ = false;                       // under reloading_
  std::optional<ConfigWatch> config_watch_;
  std::optional<ConfigWatch> access_watch_;
  Watchers watchers_;
};

// What is made of a configuration at the start and by a reload.
[[nodiscard]] std::unique_ptr<Recorder> make_recorder(const Config& config, Log& log);
[[nodiscard]] std::vector<const Measure*> measures_of_sources(const sources::SourcePlan& plan);
// By cluster, for the commands in runbooks and remedies.
[[nodiscard]] std::map<std::string, ToolAccess> tool_access_of(const Config& config);

constexpr auto kRecordWithin = std::chrono::milliseconds(300);

}  // namespace highwater::agent
