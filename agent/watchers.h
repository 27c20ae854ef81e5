// Watchers: the collectors that a configuration asks for: of each cluster one, with its canary, and
// one of all sources; on a node
// (`node:`) one of the brokers that are reached from it, and one of its disks. Made, started, replaced and stopped by one thread at a time.
//
// A reload leaves alone whatever is written as before: its connections and what it remembers go on.
#pragma once

#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/core/log.h"
#include "agent/core/observation.h"
#include "agent/resources.h"

namespace highwater::agent {

class Watchers {
 public:
  using Publish = std::function<void(ObservationPtr)>;  // any thread; must not block

  // `clock` and `log` must outlive it. Nothing starts yet.
  Watchers(const Config& config, const OpenFileShares& shares, const Clock& clock, Log& log,
           Publish publish);
  ~Watchers();
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;

  // Starts what was made and has not begun: everything, at first.
  void begin();
  // After begin(). Nothing is published of what is left out, or was changed, from its begin on;
  // what is new or changed waits for begin(). In between nothing of the parts that are the same is
  // missed. Returns which clusters are not watched any more.
  [[nodiscard]] std::vector<Symbol> replace(const Config& config);

  // Tells all to stop, and waits for them as long as `patience` with await(). False: some still
  // run, and whatever they use must outlive them.
  void stop();
  [[nodiscard]] bool await(Duration patience);

 private:
  class Gate;
  struct Watcher;  // of a cluster, or of the sources
  using Entry = std::shared_ptr<Watcher>;

  [[nodiscard]] std::map<std::string, Entry> entries_of(const Config& config);
  [[nodiscard]] Entry make_cluster(const Config& config, const kafka::ClusterSettings& settings);
  [[nodiscard]] Entry make_sources(const Config& config);
  [[nodiscard]] Entry make_log_dirs(const Config& config);
  void let_go(Entry entry);

  const OpenFileShares shares_;
  const Clock& clock_;
  Log& log_;
  const Publish publish_;
  std::map<std::string, Entry> entries_;  // by the part of the configuration
  std::vector<Entry> waiting_;            // made, not started
  std::vector<std::future<void>> ending_;
};

[[nodiscard]] std::vector<Symbol> clusters_of(const Config& config);

}  // namespace highwater::agent
