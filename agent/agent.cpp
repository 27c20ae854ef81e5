#include "agent/agent.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "agent/agent_impl.h"
#include "agent/api/ack_page.h"
#include "agent/api/alertmanager_api.h"
#include "agent/api/forms.h"
#include "agent/api/marks_api.h"
#include "agent/api/reload_api.h"
#include "agent/api/routing_api.h"
#include "agent/config/reach.h"
#include "agent/core/incident_group.h"
#include "agent/routing/alert_labels.h"
#include "agent/sidecar.h"
#include "agent/state_path.h"
#include "agent/warnings.h"
#include "collectors/sources/interpreter.h"

namespace highwater::agent {
namespace {

// They stand by severity, and by id within one: thousands may be open, and each delivery asks.
const Incident* open_incident(const Report& report, uint64_t id) {
  for (const Severity severity : {Severity::page, Severity::ticket, Severity::info}) {
    const auto same =
        std::ranges::equal_range(report.incidents, severity, std::greater<>(), &Incident::severity);
    const auto found = std::ranges::lower_bound(same, id, {}, &Incident::id);
    if (found != same.end() && found->id == id) return &*found;
  }
  return nullptr;
}

using std::chrono::seconds;

// Together well below five seconds; Signals::kStopWithin cuts off what takes longer all the same.
constexpr auto kCollectorsWithin = std::chrono::milliseconds(200);
constexpr auto kDeliverWithin = std::chrono::milliseconds(2200);
constexpr auto kWriteWithin = std::chrono::milliseconds(500);
constexpr auto kHistoryWithin = std::chrono::milliseconds(300);
constexpr auto kTraceWithin = std::chrono::milliseconds(600);
constexpr auto kAnswerWithin = std::chrono::milliseconds(300);
constexpr auto kExplainWithin = seconds(1);
// The pipeline comes round each second; one that did not for this long is stuck.
constexpr auto kHeartbeatLimit = seconds(10);

MetricsOptions metrics_options(const Config& config, bool traces) {
  MetricsOptions options;
  options.detail = config.metrics_detail;
  options.traces = traces;
  return options;
}

// What cannot be read is left out: a page without the pod's name is better than none.
std::shared_ptr<const notify::Identity> identity_of(const Config& config, Log& log) {
  if (config.identity.empty()) return nullptr;
  auto identity = std::make_shared<notify::Identity>();
  for (const auto& [name, secret] : config.identity) {
    const auto text = secret.value();
    if (text)
      identity->emplace_back(name, *text);
    else
      log.warning("a part of 'identity' is not known",
                  {{"name", name}, {"why", text.error().message}});
  }
  return identity;
}

}  // namespace

std::vector<const Measure*> measures_of_sources(const sources::SourcePlan& plan) {
  if (plan.sources.empty()) return {};
  const auto own = sources::source_measures();
  std::vector<const Measure*> measures(own.begin(), own.end());
  for (const sources::Mapping& mapping : plan.mappings) measures.push_back(mapping.measure);
  return measures;
}

std::map<std::string, ToolAccess> tool_access_of(const Config& config) {
  std::map<std::string, ToolAccess> access;
  for (const auto& cluster : config.clusters) {
    auto& [servers, secured] = access[cluster.name];
    secured = cluster.security.tls.has_value() || cluster.security.sasl.has_value();
    for (const auto& [host, port] : cluster.bootstrap)
      servers += (servers.empty() ? "" : ",") +
                 http::ListenAddress{host, static_cast<uint16_t>(port)}.text();
  }
  return access;
}

std::unique_ptr<Recorder> make_recorder(const Config& config, Log& log) {
  if (!config.record) return nullptr;
  RecorderOptions options;
  options.keep = config.record->keep;
  return std::make_unique<Recorder>(make_recording_folder(config.record->path), options, log);
}

Agent::Impl::Impl(Config config, Loaded loaded, const WebAccess& access,
                  std::unique_ptr<http::Server> server, otlp::TraceSettings traces,
                  const OpenFileShares& shares, const Clock& clock, Log& log)
    : config_(std::move(config)),
      file_(config_.file),
      external_url_(config_.external_url),
      external_url_given_(config_.external_url_given),
      access_(tool_access_of(config_)),
      clock_(clock),
      log_(log),
      heartbeats_(surroundings(), clock, log),
      traces_(std::move(traces.config), clock, log),
      notifier_(
          notify::make_receivers(config_.receivers, surroundings(), log),
          {.on_delivered = [this](
                               const std::string& receiver,
                               Duration delay) { self_metrics_.observe_delivery(receiver, delay); },
           .incident_now = [this](const Incident& incident) { return incident_now(incident); },
           .remedy_now = [this](const Incident& incident) { return remedy_now(incident); },
           .acknowledge_link =
               [this](const Incident& incident) { return acknowledge_link(incident); },
           .identity = identity_of(config_, log),
           .state_problem = [this] { return routing_.view()->state_problem; }},
          clock, log, traces_.sink()),
      routing_(config_.routing, alert_labels(config_, loaded.rules), log),
      replicas_(config_, clock.now().steady),
      keeper_(state_path(), log),
      recorder_(make_recorder(config_, log)),
      judged_rows_(config_.sources, clusters_of(config_)),
      pipeline_(
          look_at(config_, std::move(loaded.rules)), clusters_of(config_),
          {[this](Now now) { return observe_self(now); }}, clock,
          [this](const ReportPtr& report) { on_report(report); },
          [this](rules::Engine& engine, Report& report) { on_judged(engine, report); }),
      server_(std::move(server)),
      runbooks_(std::move(loaded.runbooks)),
      metrics_(catalogue_with(config_.measures), metrics_options(config_, traces_.enabled())),
      watchers_(config_, shares, clock, log,
                [this](ObservationPtr observation) { on_observation(std::move(observation)); }) {
  for (const std::string& warning : traces.warnings)
    log_.warning("OTEL_* variable ignored", {{"why", warning}});
  add_pages(*server_, web_context());
  add_routing_api(*server_, {pipeline_, routing_, clock, log});
  add_forms(*server_, {pipeline_, routing_, clock, log});
  if (external_url_given_) add_ack_page(*server_, {pipeline_, routing_, clock, log});
  server_->allow_hosts(own_names(config_));
  add_alertmanager_api(*server_, {{pipeline_, routing_, clock, log},
                                  [this] {
                                    std::vector<std::string> names;
                                    for (const auto& one : notifier_.stats())
                                      names.push_back(one.name);
                                    return names;
                                  },
                                  external_url_,
                                  std::string(kSelfCluster)});
  add_marks_api(
      *server_, changes_, [this] { history_file_.soon(); }, clock, log);
  add_reload_api(*server_, [this] { return reload(); });
  use_access(access);
}

void Agent::Impl::start() {
  // The server answers before the rest has started: a reload that comes early waits.
  const std::lock_guard lock(reloading_);
  log_.info("starting", {{"version", HIGHWATER_VERSION},
                         {"config", config_.file},
                         {"listen", fmt::format("{}", listen_text())},
                         {"clusters", config_.clusters.size()},
                         {"sources", config_.sources.sources.size()},
                         {"receivers", config_.receivers.size()},
                         {"recording", config_.record ? config_.record->path : ""}});
  if (config_.receivers.empty()) log_.warning("no receivers are configured: nobody is paged");
  pipeline_.engine().correlate(correlate_of(config_));
  keeper_.restore(pipeline_.engine(), notifier_, routing_.director(), clock_.now());
  history_file_.restore(catalogue_with(config_.measures), clock_.now().wall);
  changes_.begin(clock_.now().wall);
  server_->start();
  log_.info("status page", {{"url", status_page()}});
  // What was open of a cluster that is not watched any more ends.
  pipeline_.watch(clusters_of(config_), measures_of_sources(config_.sources));
  pipeline_.expect_node_alone(config_.node && !config_.node->judges_cluster);
  pipeline_.start();
  watchers_.begin();
  heartbeats_.replace(config_);
  watch_files();
}

bool Agent::Impl::stop(const std::function<void(const char* part)>& doing) {
  const auto step = [&](const char* name, const auto& action) {
    if (doing) doing(name);
    const SteadyTime start = clock_.now().steady;
    action();
    log_.debug("stopped a part",
               {{"part", name}, {"seconds", to_seconds(clock_.now().steady - start)}});
  };
  config_watch_.reset();
  access_watch_.reset();
  {
    const std::lock_guard lock(reloading_);
    stopping_ = true;
  }
  heartbeats_.stop();
  watchers_.stop();
  step("collectors", [&] { std::ignore = watchers_.await(kCollectorsWithin); });
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
  const bool whole = watchers_.await(kCollectorsWithin);
  if (!whole) log_.warning("collectors did not stop in time");
  return whole;
}

// Each step completes the report for the next: what changed before is told as well, the directions
// say who hears of it, and only what is on the disk may be told.
void Agent::Impl::on_judged(rules::Engine& engine, Report& report) {
  judged_ = report.snapshot;
  changes_.add(report);
  prior_changes_.add_to(report, changes_);
  routing_.direct(report, [this](const std::string& receiver, uint64_t id) {
    return notifier_.hearing(receiver, id);
  });
  decide_who_tells(report);
  keeper_.keep(engine, report, notifier_, routing_.director());
  for (std::string& text : routing_.kept(keeper_.problem(), report.at.wall))
    changes_.note(report.at.wall, {}, std::move(text));
  if (recorder_) recorder_->take(report.snapshot, report.at);
}

void Agent::Impl::decide_who_tells(Report& report) {
  const auto told = [this](uint64_t id) {
    return std::ranges::any_of(notifier_.stats(), [&](const notify::ReceiverStats& receiver) {
      return notifier_.hearing(receiver.name, id) != Hearing::nothing;
    });
  };
  for (const Incident& incident : replicas_.decide(report, told))
    notifier_.heard_elsewhere(incident);
  const std::string group = replicas_.stranger(report.at.steady);
  if (!group.empty())
    log_.on_change("stranger/" + group, "yes", LogLevel::warning,
                   "no member of the group is of this pod: every replica's agent notifies; set "
                   "'member' of the scope",
                   {{"group", group}});
}

rules::RuleSet Agent::Impl::look_at(const Config& config, rules::RuleSet rules) {
  for (const Diagnostic& warning : warnings_of(config, rules))
    log_.warning("a setting has no effect", {{"where", warning.text()}});
  judged_rows_.replace_rules(rules_of_user(rules, catalogue_with(config.measures)));
  return rules;
}

notify::Surroundings Agent::Impl::surroundings() const {
  return {external_url_, std::string(kSelfCluster), {}, config_.is_sidecar()};
}

WebContext Agent::Impl::web_context() {
  return {.clock = clock_,
          .metrics = metrics_,
          .self_metrics = self_metrics_,
          .runbooks = runbooks_,
          .history = history_,
          .changes = changes_,
          .deliveries = notifier_.deliveries(),
          .report = [this] { return pipeline_.latest(); },
          .heartbeat_age = [this] { return pipeline_.heartbeat_age(); },
          .first_round_done = [this] { return pipeline_.missing().empty(); },
          .heartbeat_limit = kHeartbeatLimit,
          .bootstrap = [this](const std::string& cluster) { return access_of(cluster).bootstrap; },
          .remedies = [this](const Report& report,
                             const Incident& incident) { return remedy_by(report, incident); },
          .agent_url = external_url_,
          .explain =
              [this](const ExplainQuestion& question) {
                return pipeline_.explain(question, kExplainWithin);
              },
          .receivers = [this] { return notifier_.stats(); }};
}

ToolAccess Agent::Impl::access_of(const std::string& cluster) {
  const std::lock_guard lock(access_mutex_);
  const auto found = access_.find(cluster);
  return found == access_.end() ? ToolAccess{} : found->second;
}

Remedy Agent::Impl::remedy_by(const Report& report, const Incident& incident) {
  return remedy_of(incident, report, access_of(incident.headline.entity.label("cluster").text()));
}

ReportPtr Agent::Impl::newest() const {
  const std::lock_guard lock(newest_mutex_);
  return newest_;
}

std::optional<Incident> Agent::Impl::incident_now(const Incident& incident) const {
  const ReportPtr report = newest();
  const Incident* const found = report == nullptr ? nullptr : open_incident(*report, incident.id);
  if (found == nullptr) return std::nullopt;
  return *found;
}

Remedy Agent::Impl::remedy_now(const Incident& incident) {
  const ReportPtr report = newest();
  return report == nullptr ? Remedy{} : remedy_by(*report, incident);
}

std::string Agent::Impl::acknowledge_link(const Incident& incident) {
  if (!external_url_given_) return {};
  const uint64_t id = shown_id(incident);
  const ReportPtr report = newest();
  const Incident* const open = report == nullptr ? nullptr : open_incident(*report, id);
  if (open != nullptr && open->direction != nullptr && !open->direction->acknowledged.empty())
    return {};
  return ack_url(external_url_, id, routing_.ack_links().token(id, clock_.now().wall));
}

std::string Agent::Impl::state_path() const {
  if (config_.state_path) return *config_.state_path;
  return default_state_path([](const char* name) { return std::getenv(name); }, geteuid() == 0);
}

void Agent::Impl::on_observation(ObservationPtr observation) {
  const std::string& cluster = observation->cluster.text();
  self_metrics_.count_poll(cluster, observation->part, !observation->problems.empty());
  heartbeats_.aliveness().observed(*observation, clock_.now().steady);
  pipeline_.publish(std::move(observation));
}

void Agent::Impl::on_report(const ReportPtr& report) {
  self_metrics_.observe_evaluation(report->took);
  {
    const std::lock_guard lock(newest_mutex_);
    newest_ = report;
  }
  notifier_.publish(report);
  history_.add(*report);
  if (keeper_.problem().empty()) history_file_.keep(report->at.steady);
  traces_.publish(report);
  for (const Transition& transition : report->transitions) log_transition(transition);
}

std::string Agent::Impl::status_page() const {
  if (external_url_given_ || config_.listen.port != 0) return external_url_ + "/";
  return external_url_.substr(0, external_url_.rfind(':')) + fmt::format(":{}/", server_->port());
}

std::string Agent::Impl::listen_text() const {
  return http::ListenAddress{config_.listen.host, static_cast<uint16_t>(server_->port())}.text();
}

Result<std::unique_ptr<Agent>> Agent::create(Config config, const Clock& clock, Log& log,
                                             const OpenFileShares& shares) {
  Diagnostics diagnostics;
  std::optional<Loaded> loaded = load(config, diagnostics);
  const std::optional<WebAccess> access =
      load_web_access(config.web_config, config.listen, clock.now().wall, diagnostics);
  if (!loaded || !access) {
    std::string text;
    for (const Diagnostic& diagnostic : diagnostics)
      text += (text.empty() ? "" : "\n") + diagnostic.text();
    return fail(text);
  }
  http::ServerLimits limits;
  limits.open = shares.server;
  Result<std::unique_ptr<http::Server>> server = http::Server::listen(config.listen, limits);
  if (!server) return tl::unexpected(server.error());
  otlp::TraceSettings traces = otlp::trace_settings(config.traces, otlp::process_environment());
  return std::unique_ptr<Agent>(
      new Agent(std::make_unique<Impl>(std::move(config), std::move(*loaded), *access,
                                       std::move(*server), std::move(traces), shares, clock, log)));
}

Agent::Agent(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Agent::~Agent() = default;
void Agent::start() {
  impl_->start();
}
bool Agent::stop(const std::function<void(const char* part)>& doing) {
  return impl_->stop(doing);
}
std::vector<std::string> Agent::reload() {
  return impl_->reload();
}
int Agent::port() const {
  return impl_->port();
}

}  // namespace highwater::agent
