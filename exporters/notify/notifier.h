// The notifier: takes the notifications of each report, and delivers them to every receiver.
//
// Made by the agent. publish() is called by the pipeline thread and never waits for a receiver;
// each receiver has its own worker thread and queue, so a slow one does not delay others. stop()
// is called once, after the pipeline has ended. stats() may be called on any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/core/log.h"
#include "agent/core/report.h"
#include "exporters/notify/delivery_log.h"
#include "exporters/notify/receiver.h"
#include "exporters/notify/receiver_queue.h"

namespace highwater::notify {

using SpanSink = std::function<void(Span)>;  // any thread; must not block

struct NotifierOptions {
  ReceiverQueue::Chance chance{};  // for tests; empty: random
  // Something new was delivered, so long after it was concluded. Any thread; may be empty.
  std::function<void(const std::string& receiver, Duration delay)> on_delivered{};
  // The incident as it is now, or nothing when it is over: what waited for its receiver, or is
  // repeated, says what is true when it is sent. On the thread of the receiver; may be empty.
  std::function<std::optional<Incident>(const Incident&)> incident_now{};
  // What helps with an open incident now. Called before each attempt on the thread of the receiver;
  // may be empty.
  std::function<Remedy(const Incident&)> remedy_now{};
  // The address at which an open incident is acknowledged, or empty. Likewise.
  std::function<std::string(const Incident&)> acknowledge_link{};
  std::shared_ptr<const Identity> identity{};  // may be null
  // Why the state cannot be written, or empty. Likewise.
  std::function<std::string()> state_problem{};
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

// What receivers had heard before a restart.
struct Heard {
  // Who there was to be told; nothing: it is not known, and everybody is taken to have heard.
  std::optional<std::set<std::string>> receivers;
  // The open incidents that each has heard of. Without an entry it heard of all.
  std::map<std::string, std::set<uint64_t>> told;
  std::set<uint64_t> hidden;  // the incidents that were silenced

  [[nodiscard]] bool was_told(const std::string& receiver, uint64_t incident) const;
};

class Worker;

class Notifier {
 public:
  // `clock` and `log` must outlive it. `spans` gets one span per attempt, in the incident's trace;
  // may be empty.
  Notifier(std::vector<NamedReceiver> receivers, NotifierOptions options, const Clock& clock,
           Log& log, SpanSink spans);
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // The pipeline's thread. Each receiver that the incidents' directions name and that has not heard
  // of one that is open is told of it, unless it is silenced; whoever has heard of it hears of what
  // changes and of its end.
  void publish(const ReportPtr& report);

  // After a restart, before the first publish: the incidents and groups that are open, and what
  // receivers had heard of them but for what is undelivered. The others are told by the first
  // publish.
  void restore(const std::vector<Incident>& open, const std::vector<Undelivered>& undelivered,
               const Heard& heard = {}, const std::vector<KeptHandle>& handles = {});
  // The pipeline's thread, or after it has ended.
  [[nodiscard]] Heard heard() const;
  // Receivers have heard of its beginning from another agent: they are told of its end from here,
  // and meanwhile what they would forget. The pipeline's thread, before the publish.
  void heard_elsewhere(const Incident& incident);
  // Any thread; in the order in which things are to be told.
  [[nodiscard]] std::vector<Undelivered> undelivered() const;
  // Any thread.
  [[nodiscard]] std::vector<KeptHandle> handles() const;
  // What publishing this report will add to it. The pipeline's thread, just before the publish.
  [[nodiscard]] std::vector<Undelivered> foresee(const Report& report);
  // How much a receiver has heard of an incident, or of a group, by its id. Any thread.
  [[nodiscard]] Hearing hearing(const std::string& receiver, uint64_t id) const;
  // Grows whenever something was delivered, refused or given up. Any thread.
  [[nodiscard]] uint64_t settled() const;

  // Tries once more at once what is pending, and ends within about `limit`. What could not be
  // delivered is logged with its incident, receiver and correlation id.
  void stop(Duration limit);

  [[nodiscard]] std::vector<ReceiverStats> stats() const;
  // After a reload, on the pipeline's thread: `kept` go on as they are; those that were `made` anew
  // take over from the one of their name; all others end. What was not told to a new one of open
  // incidents is told with the next publish. Ends attempts that are under way.
  void replace(const std::set<std::string>& kept, std::vector<NamedReceiver> made);

  // Any thread.
  [[nodiscard]] DeliveryLog& deliveries() const { return *deliveries_; }

 private:
  struct Order {
    Worker* worker;
    NoticePtr notice;
    bool again;  // it has heard of it before
  };
  [[nodiscard]] std::vector<Order> orders_of(const Report& report) const;

  using Workers = std::vector<std::shared_ptr<Worker>>;
  [[nodiscard]] Workers workers() const;  // any thread
  [[nodiscard]] std::shared_ptr<Worker> make_worker(NamedReceiver receiver);

  const NotifierOptions options_;
  const Clock& clock_;
  Log& log_;
  const SpanSink spans_;
  const std::unique_ptr<DeliveryLog> deliveries_ = std::make_unique<DeliveryLog>();
  mutable std::mutex mutex_;
  Workers workers_;  // under mutex_; changed by the pipeline's thread alone
  // The pipeline's thread.
  std::map<uint64_t, DirectionPtr> directions_;  // of the open incidents, as last published
  std::set<const Worker*> newcomers_;            // that have not been part of a publish yet
  // What the next publish tells, when it is of this report: what was written is what is told.
  const Report* foreseen_of_ = nullptr;
  std::vector<Order> foreseen_;
};

}  // namespace highwater::notify
