// Part "node_log_dirs": how much room is left in the folders of this node that a broker keeps its
// logs in, by what the file system says. For brokers that do not say it themselves (before Kafka
// 3.3), and for inodes, of which Kafka never speaks.
//
// NodeLogDirs reads them on a thread of its own: a disk that hangs holds it up, what it said
// becomes stale, and nothing else waits.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "agent/core/log.h"
#include "agent/core/observation.h"
#include "collectors/tables/key_tracker.h"

namespace highwater::collectors {

struct DiskSpace {
  std::string path;
  Unknown reason = Unknown::known;  // not known: `why` says why, and the rest means nothing
  std::string why;
  double total_bytes = 0;
  double usable_bytes = 0;  // by who is not root
  double inodes = 0;        // 0: the file system has no fixed number
  double free_inodes = 0;
};

class NodeLogDirsInterpreter {
 public:
  NodeLogDirsInterpreter(Symbol cluster, Symbol node);

  [[nodiscard]] static std::span<const Measure* const> measures();

  [[nodiscard]] Observation interpret(const std::vector<DiskSpace>& disks, Now now,
                                      Duration cadence);

 private:
  const Symbol cluster_;
  const Symbol node_;
  KeyTracker keys_{{"cluster", "node", "log_dir"}};
};

class NodeLogDirs {
 public:
  using Publish = std::function<void(ObservationPtr)>;  // its own thread; must not block

  // A folder that this node does not have has no row: not on each node runs a broker. `log` must
  // outlive it.
  NodeLogDirs(Symbol cluster, Symbol node, std::vector<std::string> paths, Log& log,
              Publish publish);
  ~NodeLogDirs();

  void start();
  void stop();  // waits for a disk that hangs; no publish afterwards

 private:
  void run();
  [[nodiscard]] std::vector<DiskSpace> read_all();

  const std::vector<std::string> paths_;
  Log& log_;
  const Publish publish_;
  NodeLogDirsInterpreter interpreter_;  // the thread's
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // under mutex_
  std::thread thread_;
};

}  // namespace highwater::collectors
