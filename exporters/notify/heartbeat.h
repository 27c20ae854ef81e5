// Heartbeat: tells a service outside, each period, that the agent watches, judges and delivers. Its
// silence says that somebody must look: a dead man's switch. Made by the agent; start() and stop()
// are called by main's thread, totals() by any. It has a thread of its own.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "agent/core/log.h"
#include "agent/core/result.h"
#include "agent/core/secret.h"
#include "agent/core/time.h"
#include "exporters/http/client.h"
#include "exporters/notify/receivers/registry.h"

namespace highwater::notify {

// One entry of `heartbeat:`.
struct HeartbeatConfig {
  std::string name;      // in log lines and metrics
  Secret url;            // asked with GET; not used with `receiver`
  std::string receiver;  // of a kind with a rhythm: it gets an alert that always fires
  SecretHeaders headers{};
  http::TlsOptions tls{};
  Duration every = std::chrono::minutes(1);
};

struct HeartbeatTotals {
  uint64_t sent = 0;
  uint64_t failed = 0;  // the other side did not take it
  uint64_t held = 0;    // something of the agent did not work, so that nothing was sent
};

class Heartbeat {
 public:
  // One beat; fails when the other side did not take it. Blocks as long as it has to, within
  // seconds.
  using Beat = std::function<Result<void>(const std::stop_token&)>;
  // What does not work; empty: all does. Must not block.
  using Problem = std::function<std::string()>;

  // How soon it looks again after a period in which something did not work.
  static constexpr Duration kLookAgain = std::chrono::seconds(5);

  // `log` must outlive it.
  Heartbeat(std::string name, Duration every, Beat beat, Problem problem, Log& log);
  ~Heartbeat() { stop(); }
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  void start();
  void stop();  // ends a beat that is under way

  // One period's work, and after what time the next is due.
  Duration once(const std::stop_token& stop);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] HeartbeatTotals totals() const;

 private:
  void run();
  void count(uint64_t HeartbeatTotals::*which);

  const std::string name_;
  const Duration every_;
  const Beat beat_;
  const Problem problem_;
  Log& log_;
  std::stop_source stop_;
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  HeartbeatTotals totals_;  // under mutex_
  std::thread thread_;
};

// How that one is sent. `receivers` are those of the configuration; the client is shared by all
// beats that it is given to.
[[nodiscard]] Heartbeat::Beat make_beat(const HeartbeatConfig& config,
                                        const std::vector<ReceiverConfig>& receivers,
                                        const Surroundings& surroundings, const Clock& clock,
                                        Log& log);

}  // namespace highwater::notify
