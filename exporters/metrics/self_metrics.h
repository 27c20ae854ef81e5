// The agent's telemetry about itself, kept in a prometheus-cpp registry and written beside the
// measures. Main owns it; whoever does something countable is given a reference or a callback. Any
// thread; each call takes a short lock.
//
// Labels are few and bounded: clusters, collectors, receivers and routes come from the
// configuration and the program, never from what is read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "agent/core/time.h"
#include "exporters/metrics/exposition.h"

namespace highwater {

// Of one receiver, since start.
struct NotificationTotals {
  uint64_t delivered = 0;
  uint64_t failed = 0;    // attempts after which another follows
  uint64_t rejected = 0;  // refused for good
  uint64_t given_up = 0;  // never told, because too much had ended untold
};

class SelfMetrics {
 public:
  SelfMetrics();
  ~SelfMetrics();
  SelfMetrics(const SelfMetrics&) = delete;
  SelfMetrics& operator=(const SelfMetrics&) = delete;

  void count_poll(std::string_view cluster, std::string_view collector, bool with_problems);
  void observe_evaluation(Duration took);
  void count_http_request(std::string_view route, int status, Duration took);

  void observe_delivery(std::string_view receiver, Duration delay);

  // Totals since start, as their owners count them.
  void set_notifications(std::string_view receiver, const NotificationTotals& totals,
                         size_t queued);
  void set_heartbeats(std::string_view heartbeat, uint64_t sent, uint64_t failed, uint64_t held);
  void set_spans(uint64_t exported, uint64_t dropped);
  void set_log_lines_lost(uint64_t total);

  // All of it and the process's own figures.
  void write(Exposition& out) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace highwater
