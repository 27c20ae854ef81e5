#include "agent/watchers.h"

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "agent/ask_http.h"
#include "agent/source_transfer.h"
#include "collectors/canary/collector.h"
#include "collectors/cluster/node_log_dirs.h"
#include "collectors/kafka_collector.h"
#include "collectors/node_collector.h"
#include "collectors/sources/collector.h"

namespace highwater::agent {
namespace {

// The program of the canary's probe, installed beside ours.
constexpr const char* kProbe = "highwater-canary";
constexpr const char* kSources = "sources";
constexpr const char* kNodeLogDirs = "node_log_dirs";

std::string probe_path() {
  std::error_code ignored;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  return (self.parent_path() / kProbe).string();
}

std::string written_of(const Config& config, const std::string& part) {
  const auto found = config.written.find(part);
  return found == config.written.end() ? std::string() : found->second;
}

}  // namespace

std::vector<Symbol> clusters_of(const Config& config) {
  std::vector<Symbol> symbols;
  for (const auto& cluster : config.clusters) symbols.emplace_back(cluster.name);
  return symbols;
}

// Once it is closed, nothing that a collector sees is published any more, however late it ends.
class Watchers::Gate {
 public:
  explicit Gate(Publish publish) : publish_(std::move(publish)) {}
  void pass(ObservationPtr observation) {
    const std::lock_guard lock(mutex_);
    if (open_) publish_(std::move(observation));
  }
  void close() {
    const std::lock_guard lock(mutex_);
    open_ = false;
  }

 private:
  std::mutex mutex_;
  bool open_ = true;  // under mutex_
  const Publish publish_;
};

struct Watchers::Watcher {
  std::string written;
  std::shared_ptr<Gate> gate;
  // Of a cluster the first or the second, or both, and perhaps the third; else one of the others.
  std::unique_ptr<collectors::KafkaCollector> kafka;
  std::unique_ptr<collectors::NodeCollector> node;
  std::unique_ptr<canary::CanaryCollector> canary;
  std::unique_ptr<sources::SourcesCollector> sources;
  std::unique_ptr<collectors::NodeLogDirs> log_dirs;

  void start() const {
    if (kafka) kafka->start();
    if (node) node->start();
    if (canary) canary->start();
    if (sources) sources->start();
    if (log_dirs) log_dirs->start();
  }
  void stop() const {
    if (log_dirs) log_dirs->stop();
    if (node) node->stop();
    if (canary) canary->stop();
    if (sources) sources->stop();
    if (kafka) kafka->stop();
  }
};

Watchers::Watchers(const Config& config, const OpenFileShares& shares, const Clock& clock, Log& log,
                   Publish publish)
    : shares_(shares), clock_(clock), log_(log), publish_(std::move(publish)) {
  entries_ = entries_of(config);
}

Watchers::~Watchers() = default;

Watchers::Entry Watchers::make_cluster(const Config& config,
                                       const kafka::ClusterSettings& written) {
  auto entry = std::make_shared<Watcher>();
  entry->gate = std::make_shared<Gate>(publish_);
  const auto publish = [gate = entry->gate](ObservationPtr observation) {
    gate->pass(std::move(observation));
  };
  kafka::ClusterSettings settings = written;
  settings.most_connections = shares_.brokers;
  settings.memory = memory_of_cluster(most_memory(config), config.clusters.size());
  if (settings.security.sasl) settings.ask_http = make_ask_http();
  const std::string name = settings.name;
  if (const auto& node = config.node) {
    entry->node = std::make_unique<collectors::NodeCollector>(
        kafka::NodeProbeSettings{settings, node->every}, Symbol(node->name), node->judges_cluster,
        log_, publish);
  }
  if (!config.node || config.node->judges_cluster)
    entry->kafka = std::make_unique<collectors::KafkaCollector>(std::move(settings), log_, publish);
  const auto canary = std::ranges::find(config.canaries, name, &CanaryConfig::cluster);
  if (canary != config.canaries.end()) {
    entry->canary = std::make_unique<canary::CanaryCollector>(
        Symbol(name), canary->probe, std::vector<std::string>{probe_path()}, log_, publish);
  }
  return entry;
}

Watchers::Entry Watchers::make_sources(const Config& config) {
  auto entry = std::make_shared<Watcher>();
  entry->gate = std::make_shared<Gate>(publish_);
  entry->sources = std::make_unique<sources::SourcesCollector>(
      config.sources, clusters_of(config), make_source_transfer(), clock_, log_,
      [gate = entry->gate](ObservationPtr observation) { gate->pass(std::move(observation)); });
  return entry;
}

Watchers::Entry Watchers::make_log_dirs(const Config& config) {
  auto entry = std::make_shared<Watcher>();
  entry->gate = std::make_shared<Gate>(publish_);
  entry->log_dirs = std::make_unique<collectors::NodeLogDirs>(
      Symbol(config.node->cluster), Symbol(config.node->name), config.node->log_dirs, log_,
      [gate = entry->gate](ObservationPtr observation) { gate->pass(std::move(observation)); });
  return entry;
}

// What is there already and written as before is taken from it.
std::map<std::string, Watchers::Entry> Watchers::entries_of(const Config& config) {
  std::map<std::string, Entry> entries;
  const auto add = [&](const std::string& part, const std::string& written, const auto& make) {
    const auto found = entries_.find(part);
    if (found != entries_.end() && found->second->written == written) {
      entries[part] = found->second;
      return;
    }
    Entry entry = make();
    entry->written = written;
    waiting_.push_back(entry);
    entries[part] = std::move(entry);
  };
  const std::string node = written_of(config, "node");
  std::string clusters;
  for (const kafka::ClusterSettings& cluster : config.clusters) {
    const std::string part = part_name("clusters", cluster.name);
    add(part, written_of(config, part) + node, [&] { return make_cluster(config, cluster); });
    clusters += part + "\n";
  }
  // Sources say to which cluster their rows belong, also by default.
  add(kSources, written_of(config, "sources") + written_of(config, "measures") + clusters,
      [&] { return make_sources(config); });
  if (config.node && !config.node->log_dirs.empty())
    add(kNodeLogDirs, node + clusters, [&] { return make_log_dirs(config); });
  return entries;
}

void Watchers::begin() {
  for (const Entry& entry : waiting_) entry->start();
  waiting_.clear();
}

std::vector<Symbol> Watchers::replace(const Config& config) {
  std::map<std::string, Entry> after = entries_of(config);
  std::vector<Symbol> gone;
  for (const auto& [part, entry] : entries_) {
    const auto found = after.find(part);
    if (found != after.end() && found->second == entry) continue;
    entry->gate->close();
    const size_t slash = part.find('/');
    if (found == after.end() && slash != std::string::npos)
      gone.emplace_back(part.substr(slash + 1));
    let_go(entry);
  }
  entries_ = std::move(after);
  std::erase_if(ending_, [](const std::future<void>& end) {
    return end.wait_for(Duration::zero()) == std::future_status::ready;
  });
  return gone;
}

// What it hangs on (a name service, a disk) holds up nobody.
void Watchers::let_go(Entry entry) {
  std::packaged_task<void()> task([entry = std::move(entry)]() mutable {
    entry->stop();
    entry.reset();
  });
  ending_.push_back(task.get_future());
  std::thread(std::move(task)).detach();
}

void Watchers::stop() {
  waiting_.clear();
  for (auto& [part, entry] : entries_) {
    entry->gate->close();
    let_go(std::move(entry));
  }
  entries_.clear();
}

bool Watchers::await(Duration patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  return std::ranges::all_of(ending_, [&](const std::future<void>& end) {
    return end.wait_until(until) == std::future_status::ready;
  });
}

}  // namespace highwater::agent
