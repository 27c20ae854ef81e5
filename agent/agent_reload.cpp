// The agent takes over another configuration while it runs.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/agent_impl.h"
#include "agent/catalogue.h"
#include "agent/routing/alert_labels.h"
#include "agent/sidecar.h"

namespace highwater::agent {
namespace {

constexpr auto kTakeOverWithin = std::chrono::seconds(5);
// Parts of the configuration that a reload leaves as they were at the start.
constexpr const char* kReadAtStart[] = {"listen",   "external_url", "allowed_hosts", "web_config",
                                        "memory",   "state",        "traces",        "metrics",
                                        "runbooks", "watch_config", "node",          "identity"};

// The first mistake, and how many there are.
std::string problem_of(const std::vector<std::string>& mistakes) {
  if (mistakes.size() == 1) return mistakes.front();
  return fmt::format("{} (and {} more)", mistakes.front(), mistakes.size() - 1);
}

// What an agent of a node sees has no rows elsewhere that could take its place.
void keep_node(const Config& before, Config& after) {
  after.node = before.node;
  after.written.erase("node");
  const auto written = before.written.find("node");
  if (written != before.written.end()) after.written.insert(*written);
}

}  // namespace

std::vector<std::string> Agent::Impl::reload() {
  const std::lock_guard lock(reloading_);
  if (stopping_) return {"the agent stops"};
  Diagnostics diagnostics;
  std::optional<Config> config = read_config(file_, diagnostics);
  std::optional<Loaded> loaded;
  if (config) loaded = load(*config, diagnostics);
  const std::optional<WebAccess> access =
      load_web_access(config_.web_config, config_.listen, clock_.now().wall, diagnostics);
  if (!loaded || !access) return refuse(diagnostics);
  set_reload_problem("");
  use_access(*access);
  say_what_waits(*config);
  take_over(std::move(*config), std::move(loaded->rules));
  return {};
}

std::vector<std::string> Agent::Impl::refuse(const Diagnostics& diagnostics) {
  std::vector<std::string> mistakes;
  for (const Diagnostic& diagnostic : diagnostics) {
    mistakes.push_back(diagnostic.text());
    log_.error("reload failed: the configuration has mistakes, nothing was changed",
               {{"where", diagnostic.text()}});
  }
  if (mistakes.empty()) mistakes.emplace_back("it cannot be read");
  set_reload_problem(problem_of(mistakes));
  return mistakes;
}

void Agent::Impl::say_what_waits(const Config& config) {
  const auto say = [this](const char* part) {
    log_.warning("a part of the configuration changed that is read at the next start",
                 {{"part", part}});
  };
  for (const char* const part : kReadAtStart) {
    if (!same_part(config_.written, config.written, part)) say(part);
  }
  if (config.log_form != config_.log_form) say("log.format");
}

void Agent::Impl::take_over(Config config, rules::RuleSet rules) {
  keep_node(config_, config);
  const auto receivers = std::make_shared<NewReceivers>(new_receivers(config));
  const std::vector<std::string> labels = alert_labels(config, rules);
  const auto judged = std::make_shared<rules::RuleSet>(look_at(config, std::move(rules)));
  const auto recorder =
      same_part(config_.written, config.written, "record")
          ? nullptr
          : std::make_shared<std::unique_ptr<Recorder>>(make_recorder(config, log_));
  const size_t rule_count = judged->alerts.size();
  const std::vector<Symbol> gone = watchers_.replace(config);
  metrics_.replace(catalogue_with(config.measures));
  judged_rows_.replace_world(config.sources, clusters_of(config));
  heartbeats_.aliveness().expect_anew();
  const std::future<void> done =
      pipeline_.submit([this, receivers, judged, recorder, clusters = clusters_of(config),
                        measures = measures_of_sources(config.sources), routing = config.routing,
                        labels, whole = std::make_shared<const Config>(config)](Now) {
        pipeline_.watch(clusters, measures);
        pipeline_.engine().replace_rules(std::move(*judged));
        notifier_.replace(receivers->kept, std::move(receivers->made));
        routing_.replace(routing, labels);
        replicas_.replace(*whole);
        pipeline_.engine().correlate(correlate_of(*whole));
        if (recorder == nullptr) return;
        if (recorder_) recorder_->stop(kRecordWithin);
        recorder_ = std::move(*recorder);
      });
  if (done.wait_for(kTakeOverWithin) != std::future_status::ready)
    log_.warning("the reload is taken over late: the rules are busy");
  watchers_.begin();
  heartbeats_.replace(config);
  {
    const std::lock_guard lock(access_mutex_);
    access_ = tool_access_of(config);
  }
  config.web_config = config_.web_config;  // read at the start
  log_.set_lowest(config.log_level);
  changes_.note(clock_.now().wall, {}, "configuration reloaded");
  log_.info("configuration reloaded", {{"rules", rule_count},
                                       {"clusters", config.clusters.size()},
                                       {"clusters_left_out", gone.size()},
                                       {"sources", config.sources.sources.size()},
                                       {"receivers", config.receivers.size()}});
  config_ = std::move(config);
}

Agent::Impl::NewReceivers Agent::Impl::new_receivers(const Config& config) {
  NewReceivers receivers;
  std::vector<notify::ReceiverConfig> changed;
  for (const notify::ReceiverConfig& receiver : config.receivers) {
    if (same_part(config_.written, config.written, part_name("receivers", receiver.name)))
      receivers.kept.insert(receiver.name);
    else
      changed.push_back(receiver);
  }
  receivers.made = notify::make_receivers(changed, surroundings(), log_);
  for (const notify::ReceiverConfig& receiver : config_.receivers) {
    if (std::ranges::find(config.receivers, receiver.name, &notify::ReceiverConfig::name) ==
        config.receivers.end())
      self_metrics_.set_notifications(receiver.name, {}, 0);
  }
  return receivers;
}

void Agent::Impl::use_access(const WebAccess& access) {
  server_->set_access(access.policy);
  for (const Diagnostic& warning : access.warnings)
    log_.warning("web_config has a warning", {{"where", warning.text()}});
  const std::lock_guard lock(reload_mutex_);
  access_problem_.clear();
  certificate_expiry_ = access.certificate_expiry();
}

void Agent::Impl::reload_access() {
  const std::lock_guard lock(reloading_);
  if (stopping_) return;
  Diagnostics diagnostics;
  const auto access =
      load_web_access(config_.web_config, config_.listen, clock_.now().wall, diagnostics);
  if (access) {
    use_access(*access);
    log_.info("the files of web_config were read again", {{"web_config", config_.web_config}});
    return;
  }
  for (const Diagnostic& diagnostic : diagnostics)
    log_.error("the files of web_config have mistakes, nothing was changed",
               {{"where", diagnostic.text()}});
  const std::lock_guard problem_lock(reload_mutex_);
  access_problem_ = diagnostics.front().text();
}

void Agent::Impl::watch_files() {
  if (!config_.web_config.empty())
    access_watch_.emplace([file = config_.web_config] { return digest_of_web_files(file); },
                          [this] { reload_access(); });
  if (!config_.watch_config) return;
  config_watch_.emplace(
      [this] {
        const std::lock_guard lock(reloading_);
        return digest_of_files(file_, config_.rules, config_.calendars);
      },
      [this] {
        log_.info("the configuration changed on the disk", {{"config", file_}});
        std::ignore = reload();
      });
}

void Agent::Impl::set_reload_problem(std::string problem) {
  const std::lock_guard lock(reload_mutex_);
  reload_problem_ = std::move(problem);
}

}  // namespace highwater::agent
