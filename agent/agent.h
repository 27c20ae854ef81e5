// Agent: everything that runs, wired together from a configuration. Made, started and stopped by
// main's thread.
//
// Start: HTTP, exporters, pipeline, collectors. Stop: the reverse, each step bounded, so that the
// whole ends within five seconds with what is queued delivered or logged. Collectors are told to
// stop first and waited for last: what they hang on (a name service, a disk) delays no page.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/catalogue.h"
#include "agent/config/config.h"
#include "agent/core/log.h"
#include "agent/core/result.h"
#include "agent/resources.h"

namespace highwater::agent {

class Agent {
 public:
  // Does everything that can fail: loads runbooks and rules, binds the port. `clock` and `log` must
  // outlive the agent.
  static Result<std::unique_ptr<Agent>> create(Config config, const Clock& clock, Log& log,
                                               const OpenFileShares& shares = {});
  ~Agent();

  void start();
  // False: a collector still runs, so that the process must end without destroying the agent.
  // `doing` is called with each part that is stopped.
  bool stop(const std::function<void(const char* part)>& doing = {});

  // Takes over the configuration file as it is now, but for what is read at the start alone, which
  // the log names. What is written as before keeps its connections, queues and memory. Returns the
  // mistakes; with any nothing changes. Any thread, after start().
  std::vector<std::string> reload();

  [[nodiscard]] int port() const;

 private:
  class Impl;
  explicit Agent(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace highwater::agent
