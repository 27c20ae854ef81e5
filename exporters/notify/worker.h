// Worker: the thread of one receiver, a thin shell around its ReceiverQueue: waits, sends, reports.
// Made and owned by the Notifier; every function but run() may be called on any thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "agent/core/log.h"
#include "exporters/notify/notifier.h"
#include "exporters/notify/receiver.h"
#include "exporters/notify/receiver_queue.h"

namespace highwater::notify {

// Everything mutable is behind mutex_; no request, log line or span is made while it is held.
class Worker {
 public:
  // `deliveries`, `clock` and `log` must outlive it.
  Worker(NamedReceiver receiver, const NotifierOptions& options, DeliveryLog& deliveries,
         const Clock& clock, Log& log, SpanSink spans);

  void push(const NoticePtr& notice, SteadyTime now);
  // Tells again what the receiver has heard of before, in this form.
  void tell_again(const NoticePtr& notice);
  // How often the incident is told again from now on; nothing: as the receiver has it; 0: never.
  void repeat_every(uint64_t incident, std::optional<Duration> interval);
  void restore(const NoticePtr& told, const std::vector<NoticePtr>& undelivered, SteadyTime now,
               const std::string& handle);

  [[nodiscard]] const std::string& name() const { return receiver_.name; }
  void add_undelivered(std::vector<Undelivered>& all) const;
  void add_handles(std::vector<KeptHandle>& all) const;
  // The incidents that the receiver has heard of.
  [[nodiscard]] std::set<uint64_t> told() const;
  [[nodiscard]] bool was_told(uint64_t incident) const;
  // Whether it was told, or will be.
  [[nodiscard]] bool knows(uint64_t incident) const;
  [[nodiscard]] Hearing hearing(uint64_t incident) const;
  [[nodiscard]] uint64_t settled() const;

  // Ends it at once, without another attempt, and hands on what it knows; the worker is of no use
  // afterwards.
  struct Legacy {
    ReceiverQueue queue;
    ReceiverStats stats;
  };
  [[nodiscard]] Legacy retire();
  // Before any push: goes on where one of the same name was.
  void take_over(Legacy former, SteadyTime now);
  // The receiver is not in the configuration any more: says what it was not told.
  void log_left(const Legacy& left);

  void begin_stop(SteadyTime now, SteadyTime deadline);
  // After begin_stop, in this order. Together they return soon after its deadline at the latest.
  void await_end();
  void cancel() { stop_.request_stop(); }  // ends a request that is still under way
  void join();

  [[nodiscard]] ReceiverStats stats() const;

 private:
  void run();
  // Nothing: the agent stops, and there is nothing left or no time for it.
  [[nodiscard]] std::optional<Delivery> wait_for_next();
  void attempt(const Delivery& next);
  // With what helps now: hours may have passed since the notice was made. And with who tells,
  // and whether a restart would forget it.
  [[nodiscard]] Delivery with_present(Delivery delivery, WallTime now) const;
  // Whether it only keeps up what a receiver would forget.
  [[nodiscard]] bool is_refresh(const Delivery& delivery) const {
    return delivery.repeat && receiver_.policy.resolved_repeated_for;
  }
  void count(const Answer& answer, WallTime now);
  void report(const Delivery& delivery, const Answer& answer);
  void report_delivered(const Delivery& delivery, const Answer& answer);
  void log_failure(LogLevel level, std::string_view message, const Delivery& delivery,
                   const Answer& answer);
  void log_undelivered(const Notice& notice, std::string_view message);
  void log_all_undelivered(const ReceiverQueue& queue, std::string_view message);

  const NamedReceiver receiver_;
  DeliveryLog& deliveries_;
  const Clock& clock_;
  Log& log_;
  const SpanSink spans_;
  const std::function<void(const std::string&, Duration)> on_delivered_;
  const std::function<std::optional<Incident>(const Incident&)> incident_now_;
  const std::function<Remedy(const Incident&)> remedy_now_;
  const std::function<std::string(const Incident&)> acknowledge_link_;
  const std::shared_ptr<const Identity> identity_;
  const std::function<std::string()> state_problem_;
  std::stop_source stop_;
  // The worker's thread: the status of the last failure, empty when all is well; and what went
  // wrong beside the last delivery.
  std::string fault_;
  std::string beside_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  ReceiverQueue queue_;                    // under mutex_, until the thread has ended
  ReceiverStats stats_;                    // under mutex_; without `pending`
  std::optional<SteadyTime> drain_until_;  // under mutex_
  bool ended_ = false;                     // under mutex_
  std::thread thread_;
};

}  // namespace highwater::notify
