#include "agent/agent.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <optional>

#include "agent/load.h"
#include "agent/pipeline.h"
#include "agent/recording/recorder.h"
#include "agent/self_observation.h"
#include "agent/source_transfer.h"
#include "agent/state_keeper.h"
#include "agent/state_path.h"
#include "collectors/canary/collector.h"
#include "collectors/kafka_collector.h"
#include "collectors/sources/collector.h"
#include "exporters/http/server.h"
#include "exporters/notify/outbox.h"
#include "exporters/otlp/exporter.h"
#include "exporters/self_metrics.h"
#include "exporters/web.h"

namespace highwater::agent {
namespace {

using std::chrono::seconds;

// Together below five seconds.
constexpr auto kDeliverWithin = std::chrono::milliseconds(2500);
constexpr auto kTraceWithin = seconds(1);
constexpr auto kWriteWithin = std::chrono::milliseconds(500);
constexpr auto kRecordWithin = std::chrono::milliseconds(300);
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
        notifier_(config_.receivers, {config_.external_url, std::string(kSelfCluster), {}, {}},
                  clock, log, traces_.sink()),
        keeper_(state_path(), log),
        recorder_(make_recorder(config_, log)),
        pipeline_(
            std::move(loaded.rules), cluster_symbols(),
            {[this](Now now) { return observe_self(now); }}, clock,
            [this](const ReportPtr& report) { on_report(report); },
            [this](const rules::Engine& engine, const Report& report) {
              keeper_.keep(engine, report, notifier_);
              if (recorder_) recorder_->take(report.snapshot, report.at);
            }),
        server_(std::move(server)),
        runbooks_(std::move(loaded.runbooks)),
        metrics_(catalogue_with(config_.measures), metrics_options(config_, traces_.enabled())),
        sources_(config_.sources, cluster_symbols(), make_source_transfer(config_.sources), clock,
                 log,
                 [this](ObservationPtr observation) { on_observation(std::move(observation)); }) {
    for (const std::string& warning : traces.warnings)
      log_.warning("a variable of OpenTelemetry is not honoured", {{"why", warning}});
    add_pages(*server_, web_context());
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
    keeper_.restore(pipeline_.engine(), notifier_, clock_.now());
    server_->start();
    pipeline_.start();
    for (auto& cluster : clusters_) cluster->start();
    for (auto& canary : canaries_) canary->start();
    sources_.start();
  }

  void stop() {
    step("sources", [&] { sources_.stop(); });
    step("collectors", [&] {
      for (auto& canary : canaries_) canary->stop();
      for (auto& cluster : clusters_) cluster->stop();
    });
    step("pipeline", [&] { pipeline_.stop(); });
    step("recording", [&] {
      if (recorder_) recorder_->stop(kRecordWithin);
    });
    step("notifications", [&] { notifier_.stop(kDeliverWithin); });
    step("state", [&] { keeper_.stop(pipeline_.engine(), notifier_, clock_.now(), kWriteWithin); });
    step("traces", [&] { traces_.stop(kTraceWithin); });
    step("http", [&] { server_->stop(); });
  }

  bool reload() {
    Diagnostics diagnostics;
    std::optional<Config> config = read_config(config_.file, diagnostics);
    std::optional<Loaded> loaded;
    if (config) loaded = load(*config, diagnostics);
    if (!loaded) {
      for (const Diagnostic& diagnostic : diagnostics)
        log_.error("the configuration is wrong, nothing was changed",
                   {{"where", diagnostic.text()}});
      set_reload_problem(problem_of(diagnostics));
      return false;
    }
    set_reload_problem("");
    if (config->measures != config_.measures)
      log_.warning(
          "the measures of the configuration changed: they are read at the next start, "
          "and rules see nothing of new ones until then");
    const size_t rules = loaded->rules.alerts.size();
    pipeline_.replace_rules(std::move(loaded->rules));
    log_.info("rules reloaded; other sections of the configuration are read at the next start",
              {{"rules", rules}});
    return true;
  }

  [[nodiscard]] int port() const { return server_->port(); }

 private:
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
                       .report = [this] { return pipeline_.latest(); },
                       .heartbeat_age = [this] { return pipeline_.heartbeat_age(); },
                       .first_round_done = [this] { return pipeline_.missing().empty(); },
                       .heartbeat_limit = kHeartbeatLimit,
                       .bootstrap = {},
                       .explain =
                           [this](const ExplainQuestion& question) {
                             return pipeline_.explain(question, kExplainWithin);
                           }};
    for (const auto& cluster : config_.clusters) {
      std::string& servers = context.bootstrap[cluster.name];
      for (const auto& [host, port] : cluster.bootstrap)
        servers += fmt::format("{}{}:{}", servers.empty() ? "" : ",", host, port);
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
    options.per_partition_group_series = config.per_partition_group_series;
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
                {"summary", incident.cause.summary},
                {"evidence", incident.evidence_count},
                {"resolution", transition.resolution}});
  }

  template <class Step>
  void step(std::string_view name, Step action) {
    const SteadyTime start = clock_.now().steady;
    action();
    log_.debug("stopped a part",
               {{"part", name}, {"seconds", to_seconds(clock_.now().steady - start)}});
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
  StateKeeper keeper_;
  std::unique_ptr<Recorder> recorder_;  // null: nothing is recorded
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

Result<std::unique_ptr<Agent>> Agent::create(Config config, const Clock& clock, Log& log) {
  Diagnostics diagnostics;
  std::optional<Loaded> loaded = load(config, diagnostics);
  if (!loaded) {
    std::string text;
    for (const Diagnostic& diagnostic : diagnostics)
      text += (text.empty() ? "" : "\n") + diagnostic.text();
    return fail(text);
  }
  Result<std::unique_ptr<http::Server>> server = http::Server::listen(config.listen);
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
void Agent::stop() {
  impl_->stop();
}
bool Agent::reload() {
  return impl_->reload();
}
int Agent::port() const {
  return impl_->port();
}

}  // namespace highwater::agent
