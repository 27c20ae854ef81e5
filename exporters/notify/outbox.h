// The notifier: takes what each report says people must be told, and delivers it to every receiver.
//
// Made by the agent. publish() is called by the pipeline thread and never waits for a receiver;
// each receiver has a worker thread and a queue of its own, so a slow one delays no other. stop()
// is called once, after the pipeline has ended. stats() may be called on any thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/core/log.h"
#include "agent/core/report.h"
#include "exporters/notify/receiver.h"
#include "exporters/notify/receiver_queue.h"

namespace highwater::notify {

using SpanSink = std::function<void(Span)>;  // any thread; must not block

struct NotifierOptions {
  ReceiverQueue::Chance chance;  // for tests; empty: random
};

struct ReceiverStats {
  std::string name;
  uint64_t sent = 0;             // delivered: the receiver said so
  uint64_t failed_attempts = 0;  // will be, or were, tried again
  uint64_t rejected = 0;         // refused for good: the configuration is wrong
  uint64_t given_up = 0;         // too much had ended untold
  size_t pending = 0;            // transitions not yet delivered
  bool misconfigured = false;    // the last answer was a refusal for good
  std::string last_error;        // of the last attempt, empty when it succeeded
  std::optional<WallTime> last_success;
};

// What one receiver has still to be told.
struct Undelivered {
  std::string receiver;
  NoticePtr notice;
  bool told = false;  // it has heard of the incident
};

// What a receiver asked to be kept of an incident: where its message stands.
struct KeptHandle {
  std::string receiver;
  uint64_t incident = 0;
  std::string text;
};

class Notifier {
 public:
  // `clock` and `log` must outlive it. `spans` gets one span per attempt, in the incident's trace;
  // may be empty.
  Notifier(std::vector<NamedReceiver> receivers, NotifierOptions options, const Clock& clock,
           Log& log, SpanSink spans);
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // The pipeline's thread.
  void publish(const ReportPtr& report);

  // After a restart, before the first publish: the incidents that are open, of which those who were
  // `receivers` before it heard but for what is undelivered. Others are told of them now; without
  // `receivers` nobody is new.
  void restore(const std::vector<Incident>& open, const std::vector<Undelivered>& undelivered,
               const std::optional<std::set<std::string>>& receivers = std::nullopt,
               const std::vector<KeptHandle>& handles = {});
  [[nodiscard]] std::set<std::string> receivers() const;
  // Any thread; in the order in which things are to be told.
  [[nodiscard]] std::vector<Undelivered> undelivered() const;
  // Any thread.
  [[nodiscard]] std::vector<KeptHandle> handles() const;
  // What publishing this report would add to it.
  void foresee(const Report& report, std::vector<Undelivered>& undelivered) const;
  // Grows whenever something was delivered, refused or given up. Any thread.
  [[nodiscard]] uint64_t settled() const;

  // Tries once more at once what is pending, and ends within about `limit`. What could not be
  // delivered is logged with its incident, receiver and correlation id.
  void stop(Duration limit);

  [[nodiscard]] std::vector<ReceiverStats> stats() const;

 private:
  class Worker;

  const Clock& clock_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace highwater::notify
