// Agent: everything that runs, wired together from a configuration. Made, started and stopped by
// main's thread.
//
// Start: HTTP, exporters, pipeline, collectors. Stop: the reverse, each step bounded, so that the
// whole ends within five seconds with what is queued delivered or logged.
#pragma once

#include <memory>
#include <string>

#include "agent/catalogue.h"
#include "agent/config/config.h"
#include "agent/core/log.h"
#include "agent/core/result.h"

namespace highwater::agent {

class Agent {
 public:
  // Does everything that can fail: loads runbooks and rules, binds the port. `clock` and `log` must
  // outlive the agent.
  static Result<std::unique_ptr<Agent>> create(Config config, const Clock& clock, Log& log);
  ~Agent();

  void start();
  void stop();

  // Takes over what can change without a restart (the rules) from the configuration file. On any
  // mistake nothing changes.
  bool reload();

  [[nodiscard]] int port() const;

 private:
  class Impl;
  explicit Agent(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace highwater::agent
