#include "agent/agent.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

#include "agent/ask_http.h"
#include "agent/config/reach.h"
#include "agent/history_file.h"
#include "agent/judged_rows.h"
#include "agent/load.h"
#include "agent/pipeline.h"
#include "agent/recording/recorder.h"
#include "agent/routing.h"
#include "agent/routing_api.h"
#include "agent/self_observation.h"
#include "agent/source_transfer.h"
#include "agent/state_keeper.h"
#include "agent/state_path.h"
#include "agent/warnings.h"
#include "collectors/canary/collector.h"
#include "collectors/kafka_collector.h"
#include "collectors/sources/collector.h"
#include "exporters/http/server.h"
#include "exporters/notify/outbox.h"
#include "exporters/otlp/exporter.h"
#include "exporters/self_metrics.h"
#include "exporters/web/web.h"

namespace highwater::agent {
namespace {

using std::chrono::seconds;

// Together well below five seconds; Signals::kStopWithin cuts off what takes longer all the same.
constexpr auto kCollectorsWithin = std::chrono::milliseconds(200);
constexpr auto kRecordWithin = std::chrono::milliseconds(300);
constexpr auto kDeliverWithin = std::chrono::milliseconds(2200);
constexpr auto kWriteWithin = std::chrono::milliseconds(500);
constexpr auto kHistoryWithin = std::chrono::milliseconds(300);
constexpr auto kTraceWithin = std::chrono::milliseconds(600);
constexpr auto kAnswerWithin = std::chrono::milliseconds(300);
constexpr auto kExplainWithin = seconds(1);
// The program of the canary's probe, installed beside ours.
constexpr const char* kProbe = "highwater-canary";
// The pipeline comes round each second; one that did not for this long is stuck.
constexpr auto kHeartbeatLimit = seconds(10);

// The first mistake, and how many there are.
std::string problem_of(const Diagnostics& diagnostics) {
  if (diagnostics.empty()) return "it cannot be read";
  std::string text = diagnostics.front().text();
  if (diagnostics.size() > 1) text += fmt::format(" (and {} more)", diagnostics.size() - 1);
  return text;
}

}  // namespace

class Agent::Impl {
 public:
  Impl(Config config, Loaded loaded, std::unique_ptr<http::Server> server,
       otlp::TraceSettings traces, const Clock& clock, Log& log)
      : config_(std::move(config)),
        clock_(clock),
        log_(log),
        traces_(std::move(traces.config), clock, log),
        notifier_(
            notify::make_receivers(config_.receivers,
                                   {config_.external_url, std::string(kSelfCluster), {}}, log),
            {}, clock, log, traces_.sink()),
        routing_(config_.routing, log),
        keeper_(state_path(), log),
        recorder_(make_recorder(config_, log)),
        judged_rows_(config_.sources, cluster_symbols()),
        pipeline_(
            look_at(std::move(loaded.rules)), cluster_symbols(),
            {[this](Now now) { return observe_self(now); }}, clock,
            [this](const ReportPtr& report) { on_report(report); },
            [this](rules::Engine& engine, Report& report) {
              judged_ = report.snapshot;
              routing_.direct(report);
              keeper_.keep(engine, report, notifier_, routing_.director());
              routing_.kept(keeper_.problem());
              if (recorder_) recorder_->take(report.snapshot, report.at);
            }),
        server_(std::move(server)),
        runbooks_(std::move(loaded.runbooks)),
        metrics_(catalogue_with(config_.measures), metrics_options(config_, traces_.enabled())),
        sources_(config_.sources, cluster_symbols(), make_source_transfer(), clock, log,
                 [this](ObservationPtr observation) { on_observation(std::move(observation)); }) {
    for (const std::string& warning : traces.warnings)
      log_.warning("OTEL_* variable ignored", {{"why", warning}});
    add_pages(*server_, web_context());
    add_routing_api(*server_, {pipeline_, routing_, clock, log});
    server_->allow_hosts(own_names(config_));
    server_->observe([this](std::string_view route, int status, Duration took) {
      self_metrics_.count_http_request(route, status, took);
    });
    for (const kafka::ClusterSettings& settings : config_.clusters) {
      clusters_.push_back(std::make_unique<collectors::KafkaCollector>(
          settings, log_,
          [this](ObservationPtr observation) { on_observation(std::move(observation)); }));
    }
    for (const CanaryConfig& canary : config_.canaries) {
      canaries_.push_back(std::make_unique<canary::CanaryCollector>(
          Symbol(canary.cluster), canary.probe, std::vector<std::string>{probe_path()}, log_,
          [this](ObservationPtr observation) { on_observation(std::move(observation)); }));
    }
  }

  void start() {
    log_.info("starting", {{"version", HIGHWATER_VERSION},
                           {"config", config_.file},
                           {"listen", fmt::format("{}", listen_text())},
                           {"clusters", config_.clusters.size()},
                           {"sources", config_.sources.sources.size()},
                           {"receivers", config_.receivers.size()},
                           {"recording", config_.record ? config_.record->path : ""}});
    if (config_.receivers.empty()) log_.warning("no receivers are configured: nobody is paged");
    keeper_.restore(pipeline_.engine(), notifier_, routing_.director(), clock_.now());
    history_file_.restore(catalogue_with(config_.measures), clock_.now().wall);
    changes_.begin(clock_.now().wall);
    server_->start();
    pipeline_.start();
    for (auto& cluster : clusters_) cluster->start();
    for (auto& canary : canaries_) canary->start();
    sources_.start();
  }

  bool stop(const std::function<void(const char* part)>& doing) {
    const auto step = [&](const char* name, const auto& action) {
      if (doing) doing(name);
      const SteadyTime start = clock_.now().steady;
      action();
      log_.debug("stopped a part",
                 {{"part", name}, {"seconds", to_seconds(clock_.now().steady - start)}});
    };
    std::packaged_task<void()> task([this] { stop_collectors(); });
    const std::future<void> collectors = task.get_future();
    std::thread(std::move(task)).detach();
    step("collectors", [&] { collectors.wait_for(kCollectorsWithin); });
    step("pipeline", [&] { pipeline_.stop(); });
    step("recording", [&] {
      if (recorder_) recorder_->stop(kRecordWithin);
    });
    step("notifications", [&] { notifier_.stop(kDeliverWithin); });
    step("state",
         [&] { keeper_.stop(pipeline_.engine(), notifier_, routing_.director(), kWriteWithin); });
    step("history", [&] {
      if (keeper_.problem().empty()) history_file_.stop(kHistoryWithin);
    });
    step("traces", [&] { traces_.stop(kTraceWithin); });
    step("http", [&] { server_->stop(kAnswerWithin); });
    const bool whole = collectors.wait_for(kCollectorsWithin) == std::future_status::ready;
    if (!whole) log_.warning("collectors did not stop in time");
    return whole;
  }

  bool reload() {
    Diagnostics diagnostics;
    std::optional<Config> config = read_config(config_.file, diagnostics);
    std::optional<Loaded> loaded;
    if (config) loaded = load(*config, diagnostics);
    if (!loaded) {
      for (const Diagnostic& diagnostic : diagnostics)
        log_.error("reload failed: the configuration has mistakes, nothing was changed",
                   {{"where", diagnostic.text()}});
      set_reload_problem(problem_of(diagnostics));
      return false;
    }
    set_reload_problem("");
    if (config->measures != config_.measures)
      log_.warning(
          "the measures of the configuration changed: they are read at the next start, "
          "and rules see nothing of new ones until then");
    routing_.reload(config->routing, receiver_names(), pipeline_);
    const size_t rules = loaded->rules.alerts.size();
    pipeline_.replace_rules(look_at(std::move(loaded->rules)));
    changes_.note(clock_.now().wall, {}, "rules reloaded");
    log_.info(
        "rules, owners, routes and maintenance reloaded; other sections of the "
        "configuration are read at the next start",
        {{"rules", rules}});
    return true;
  }

  [[nodiscard]] int port() const { return server_->port(); }

 private:
  // The rules again; what they cannot find is said from now on.
  rules::RuleSet look_at(rules::RuleSet rules) {
    for (const Diagnostic& warning : warnings_of(config_, rules))
      log_.warning("a setting has no effect", {{"where", warning.text()}});
    judged_rows_.replace_rules(rules_of_user(rules, catalogue_with(config_.measures)));
    return rules;
  }

  [[nodiscard]] std::vector<std::string> receiver_names() const {
    std::vector<std::string> names;
    for (const auto& receiver : config_.receivers) names.push_back(receiver.name);
    return names;
  }

  std::vector<Symbol> cluster_symbols() const {
    std::vector<Symbol> symbols;
    for (const auto& cluster : config_.clusters) symbols.emplace_back(cluster.name);
    return symbols;
  }

  [[nodiscard]] WebContext web_context() {
    WebContext context{.clock = clock_,
                       .metrics = metrics_,
                       .self_metrics = self_metrics_,
                       .runbooks = runbooks_,
                       .history = history_,
                       .changes = changes_,
                       .report = [this] { return pipeline_.latest(); },
                       .heartbeat_age = [this] { return pipeline_.heartbeat_age(); },
                       .first_round_done = [this] { return pipeline_.missing().empty(); },
                       .heartbeat_limit = kHeartbeatLimit,
                       .bootstrap = {},
                       .agent_url = config_.external_url,
                       .explain =
                           [this](const ExplainQuestion& question) {
                             return pipeline_.explain(question, kExplainWithin);
                           }};
    for (const auto& cluster : config_.clusters) {
      std::string& servers = context.bootstrap[cluster.name];
      for (const auto& [host, port] : cluster.bootstrap)
        servers += (servers.empty() ? "" : ",") +
                   http::ListenAddress{host, static_cast<uint16_t>(port)}.text();
    }
    return context;
  }

  static std::string probe_path() {
    std::error_code ignored;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", ignored);
    return (self.parent_path() / kProbe).string();
  }

  [[nodiscard]] std::string state_path() const {
    if (config_.state_path) return *config_.state_path;
    return default_state_path([](const char* name) { return std::getenv(name); }, geteuid() == 0);
  }

  static MetricsOptions metrics_options(const Config& config, bool traces) {
    MetricsOptions options;
    options.detail = config.metrics_detail;
    options.traces = traces;
    return options;
  }

  static std::unique_ptr<Recorder> make_recorder(const Config& config, Log& log) {
    if (!config.record) return nullptr;
    RecorderOptions options;
    options.keep = config.record->keep;
    return std::make_unique<Recorder>(make_recording_folder(config.record->path), options, log);
  }

  // Every few seconds, on the pipeline's thread.
  ObservationPtr observe_self(Now now) {
    refresh_self_metrics();
    SelfStatus status{notifier_.stats(), keeper_.problem(), config_.file, "", std::nullopt};
    if (judged_ != nullptr) status.rules = judged_rows_.look(*judged_, now.steady);
    for (const RuleRows& rule : status.rules) {
      if (!rule.nothing) continue;
      log_.on_change("rule/" + rule.rule, rule.why, LogLevel::warning,
                     *rule.nothing ? "a rule judges nothing" : "a rule has something to judge",
                     {{"rule", rule.rule}, {"why", rule.why}});
    }
    if (recorder_) status.recording = recorder_->health();
    {
      const std::lock_guard lock(reload_mutex_);
      status.reload_problem = reload_problem_;
    }
    return self_.observe(status, now);
  }

  void set_reload_problem(std::string problem) {
    const std::lock_guard lock(reload_mutex_);
    reload_problem_ = std::move(problem);
  }

  void refresh_self_metrics() {
    for (const auto& receiver : notifier_.stats())
      self_metrics_.set_notifications(
          receiver.name,
          {receiver.sent, receiver.failed_attempts, receiver.rejected, receiver.given_up},
          receiver.pending);
    const otlp::TraceStats traces = traces_.stats();
    self_metrics_.set_spans(traces.sent, traces.dropped);
    self_metrics_.set_log_lines_lost(log_.lines_lost());
  }

  void on_observation(ObservationPtr observation) {
    const std::string& cluster = observation->cluster.text();
    self_metrics_.count_poll(cluster, observation->part, !observation->problems.empty());
    pipeline_.publish(std::move(observation));
  }

  void on_report(const ReportPtr& report) {
    self_metrics_.observe_evaluation(report->took);
    notifier_.publish(report);
    history_.add(*report);
    changes_.add(*report);
    if (keeper_.problem().empty()) history_file_.keep(report->at.steady);
    traces_.publish(report);
    for (const Transition& transition : report->transitions) log_transition(transition);
  }

  void log_transition(const Transition& transition) {
    const Incident& incident = transition.incident;
    const LogLevel level = incident.severity == Severity::page ? LogLevel::warning : LogLevel::info;
    log_.write(level, "incident " + std::string(transition_name(transition.kind)),
               {{"incident", incident.id},
                {"correlation_id", incident.correlation.hex()},
                {"alertname", incident.cause.rule},
                {"severity", severity_name(incident.severity)},
                {"entity", incident.cause.entity.text()},
                {"summary", incident.title},
                {"evidence", incident.evidence_count},
                {"resolution", transition.resolution}});
  }

  void stop_collectors() {
    for (auto& canary : canaries_) canary->stop();
    sources_.stop();
    for (auto& cluster : clusters_) cluster->stop();
  }

  std::string listen_text() const {
    return http::ListenAddress{config_.listen.host, static_cast<uint16_t>(server_->port())}.text();
  }

  const Config config_;
  const Clock& clock_;
  Log& log_;
  SelfMetrics self_metrics_;
  SelfObserver self_;  // the pipeline's thread
  otlp::TraceExporter traces_;
  notify::Notifier notifier_;
  Routing routing_;
  StateKeeper keeper_;
  std::unique_ptr<Recorder> recorder_;  // null: nothing is recorded
  history::History history_;
  changes::Ledger changes_;
  HistoryFile history_file_{state_path(), history_, changes_, log_};
  JudgedRows judged_rows_;
  SnapshotPtr judged_;  // the pipeline's thread
  Pipeline pipeline_;
  std::unique_ptr<http::Server> server_;
  const Runbooks runbooks_;
  MetricsPage metrics_;
  std::vector<std::unique_ptr<collectors::KafkaCollector>> clusters_;
  std::vector<std::unique_ptr<canary::CanaryCollector>> canaries_;
  sources::SourcesCollector sources_;
  std::mutex reload_mutex_;
  std::string reload_problem_;  // under reload_mutex_: reloads come from main's thread
};

Result<std::unique_ptr<Agent>> Agent::create(Config config, const Clock& clock, Log& log,
                                             const OpenFileShares& shares) {
  Diagnostics diagnostics;
  std::optional<Loaded> loaded = load(config, diagnostics);
  if (!loaded) {
    std::string text;
    for (const Diagnostic& diagnostic : diagnostics)
      text += (text.empty() ? "" : "\n") + diagnostic.text();
    return fail(text);
  }
  http::ServerLimits limits;
  limits.open = shares.server;
  const uint64_t memory = memory_of_cluster(most_memory(config), config.clusters.size());
  for (kafka::ClusterSettings& cluster : config.clusters) {
    cluster.most_connections = shares.brokers;
    cluster.memory = memory;
    if (cluster.security.sasl) cluster.ask_http = make_ask_http();
  }
  Result<std::unique_ptr<http::Server>> server = http::Server::listen(config.listen, limits);
  if (!server) return tl::unexpected(server.error().in("listen: " + config.listen.text()));
  otlp::TraceSettings traces = otlp::trace_settings(config.traces, otlp::process_environment());
  return std::unique_ptr<Agent>(new Agent(std::make_unique<Impl>(
      std::move(config), std::move(*loaded), std::move(*server), std::move(traces), clock, log)));
}

Agent::Agent(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Agent::~Agent() = default;
void Agent::start() {
  impl_->start();
}
bool Agent::stop(const std::function<void(const char* part)>& doing) {
  return impl_->stop(doing);
}
bool Agent::reload() {
  return impl_->reload();
}
int Agent::port() const {
  return impl_->port();
}

}  // namespace highwater::agent
