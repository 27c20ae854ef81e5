// The trace exporter: takes spans from reports and from other exporters, and sends them to an
// OpenTelemetry collector as OTLP over HTTP, in batches.
//
// Made by the agent. publish() is called by the pipeline's thread, the sink by any; neither ever
// waits. A worker thread of its own sends; while the collector is down the oldest spans are dropped
// and counted. stop() is called once, after whatever makes spans has ended.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "agent/core/log.h"
#include "agent/core/queue.h"
#include "agent/core/report.h"
#include "exporters/http/client.h"
#include "exporters/otlp/config.h"
#include "exporters/otlp/select.h"

namespace highwater::otlp {

struct TraceStats {
  uint64_t sent = 0;      // spans the collector took
  uint64_t dropped = 0;   // spans that found no place in the queue, or were given up
  uint64_t rejected = 0;  // spans the collector refused
  uint64_t failed_attempts = 0;
  size_t pending = 0;      // spans in the queue
  std::string last_error;  // of the last attempt, empty when it succeeded
};

struct TraceExporterOptions {
  std::function<Result<http::Response>(const http::Request&)>
      transport;                                     // empty: a client of its own
  std::function<double()> chance;                    // uniform in [0, 1); empty: random
  Duration first_backoff = std::chrono::seconds(1);  // doubles with each attempt
};

constexpr int kMaxAttempts = 5;  // to send a batch

class TraceExporter {
 public:
  // `config` as trace_settings() made it. `clock` and `log` must outlive it. Without an endpoint
  // everything is accepted and nothing happens.
  TraceExporter(TraceConfig config, const Clock& clock, Log& log,
                TraceExporterOptions options = {});
  ~TraceExporter();
  TraceExporter(const TraceExporter&) = delete;
  TraceExporter& operator=(const TraceExporter&) = delete;

  // The pipeline's thread.
  void publish(const ReportPtr& report);
  // For spans that others make. Any thread; valid as long as the exporter.
  [[nodiscard]] std::function<void(Span)> sink();

  // Sends what waits, and ends within about `limit`; what is left then is dropped and counted.
  void stop(Duration limit);

  [[nodiscard]] bool enabled() const { return !config_.endpoint.empty(); }
  [[nodiscard]] TraceStats stats() const;  // any thread

 private:
  struct Attempt {
    bool delivered = false;
    bool again = false;
    std::optional<Duration> retry_after;
  };

  void run();
  std::vector<Span> next_batch();
  void send(const std::vector<Span>& batch);
  Attempt attempt(const std::string& body, size_t spans, SteadyTime give_up_at);
  // False: there is no time left for another attempt.
  bool wait_to_retry(int attempts, const Attempt& last, SteadyTime give_up_at);
  void note_failure(const std::string& fault, const std::string& error);
  void note_success(size_t spans, const http::Response& response);

  const TraceConfig config_;
  const Clock& clock_;
  Log& log_;
  TraceExporterOptions options_;
  TraceSelector selector_;  // the pipeline's thread
  BoundedQueue<Span> queue_;
  std::stop_source cancel_;  // ends a request that is under way
  std::string fault_;        // the worker's thread: what was said last, empty when all is well

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  TraceStats stats_;       // under mutex_; without what the queue knows
  bool stopping_ = false;  // under mutex_
  bool ended_ = false;     // under mutex_
  std::thread thread_;
};

}  // namespace highwater::otlp
