#include "exporters/notify/outbox.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <stop_token>
#include <string_view>
#include <thread>

#include "exporters/notify/delivery_span.h"

namespace highwater::notify {
namespace {

constexpr size_t kMaxUndeliveredLines = 100;

double random_chance() {
  thread_local std::mt19937_64 engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

std::string_view status_of(const Notice& notice) {
  return notice.transition.kind == TransitionKind::resolved ? "resolved" : "firing";
}

NoticePtr notice_of(const Transition& transition, WallTime at) {
  auto notice = std::make_shared<Notice>(Notice{transition, at});
  notice->transition.revealed_by = nullptr;
  return notice;
}

// Stands for what a receiver heard of an incident before a restart.
NoticePtr told_notice(const Incident& incident) {
  Transition transition;
  transition.kind = TransitionKind::updated;
  transition.incident = incident;
  return std::make_shared<Notice>(Notice{std::move(transition), incident.updated});
}

// For a receiver that came with the restart. Its sequence is one that no transition to come can
// have: each incident has had a transition of its own.
NoticePtr opened_notice(const Incident& incident) {
  Transition transition;
  transition.kind = TransitionKind::opened;
  transition.incident = incident;
  transition.sequence = incident.id;
  return std::make_shared<Notice>(Notice{std::move(transition), incident.updated});
}

}  // namespace

// A thin shell around ReceiverQueue: waits, sends, tells. Everything mutable is behind mutex_; no
// request, log line or span is made while it is held.
class Notifier::Worker {
 public:
  Worker(NamedReceiver receiver, const NotifierOptions& options, const Clock& clock, Log& log,
         SpanSink spans)
      : receiver_(std::move(receiver)),
        clock_(clock),
        log_(log),
        spans_(std::move(spans)),
        queue_(receiver_.policy, options.chance) {
    stats_.name = receiver_.name;
    thread_ = std::thread([this] { run(); });
  }

  void push(const NoticePtr& notice, SteadyTime now) {
    std::vector<NoticePtr> lost;
    {
      const std::lock_guard lock(mutex_);
      lost = queue_.push(notice, now);
      stats_.given_up += lost.size();
    }
    changed_.notify_all();
    for (const NoticePtr& one : lost)
      log_undelivered(*one, "notification given up: too many wait for this receiver");
  }

  void restore(const NoticePtr& told, const std::vector<NoticePtr>& undelivered, SteadyTime now,
               const std::string& handle) {
    {
      const std::lock_guard lock(mutex_);
      queue_.restore(told, undelivered, now, handle);
    }
    changed_.notify_all();
  }

  [[nodiscard]] const std::string& name() const { return receiver_.name; }
  void add_undelivered(std::vector<Undelivered>& all) const {
    const std::lock_guard lock(mutex_);
    for (NoticePtr& notice : queue_.undelivered()) {
      const bool told = queue_.was_told(notice->transition.incident.id);
      all.push_back({receiver_.name, std::move(notice), told});
    }
  }
  void add_handles(std::vector<KeptHandle>& all) const {
    const std::lock_guard lock(mutex_);
    for (auto& [incident, text] : queue_.handles())
      all.push_back({receiver_.name, incident, std::move(text)});
  }
  [[nodiscard]] bool was_told(uint64_t incident) const {
    const std::lock_guard lock(mutex_);
    return queue_.was_told(incident);
  }
  [[nodiscard]] uint64_t settled() const {
    const std::lock_guard lock(mutex_);
    return stats_.sent + stats_.rejected + stats_.given_up;
  }

  void begin_stop(SteadyTime now, SteadyTime deadline) {
    {
      const std::lock_guard lock(mutex_);
      if (drain_until_) return;
      drain_until_ = deadline;
      queue_.begin_drain(now);
    }
    changed_.notify_all();
  }

  // After begin_stop, in this order. Together they return soon after its deadline at the latest.
  void await_end() {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, *drain_until_, [this] { return ended_; });
  }
  void cancel() { stop_.request_stop(); }  // ends a request that is still under way
  void join() {
    if (!thread_.joinable()) return;
    thread_.join();
    const std::vector<NoticePtr> left = queue_.undelivered();
    for (size_t i = 0; i < std::min(left.size(), kMaxUndeliveredLines); ++i)
      log_undelivered(*left[i], "notification not delivered before the agent stopped");
    if (left.size() > kMaxUndeliveredLines) {
      log_.error("more notifications not delivered before the agent stopped",
                 {{"receiver", receiver_.name}, {"count", left.size() - kMaxUndeliveredLines}});
    }
  }

  [[nodiscard]] ReceiverStats stats() const {
    const std::lock_guard lock(mutex_);
    ReceiverStats stats = stats_;
    stats.pending = queue_.pending();
    return stats;
  }

 private:
  void run() {
    while (const std::optional<Delivery> delivery = wait_for_next()) attempt(*delivery);
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
  }

  // Nothing: the agent stops, and there is nothing left or no time for it.
  std::optional<Delivery> wait_for_next() {
    std::unique_lock lock(mutex_);
    while (true) {
      const SteadyTime now = clock_.now().steady;
      if (drain_until_ && (now >= *drain_until_ || queue_.pending() == 0)) return std::nullopt;
      ReceiverQueue::Action action = queue_.next_action(now);
      if (action.send) return std::move(action.send);
      if (drain_until_ && action.until.value_or(*drain_until_) >= *drain_until_)
        return std::nullopt;
      if (action.until) {
        changed_.wait_until(lock, *action.until);
      } else {
        changed_.wait(lock);
      }
    }
  }

  void attempt(const Delivery& delivery) {
    const SpanId span_id = SpanId::random();
    const Now start = clock_.now();
    const Answer answer = receiver_.receiver->deliver(delivery, {.limit = receiver_.timeout,
                                                                 .stop = stop_.get_token(),
                                                                 .now = start.wall,
                                                                 .span = span_id});
    const Now end = clock_.now();
    {
      const std::lock_guard lock(mutex_);
      queue_.on_answer(answer, end.steady);
      count(answer, end.wall);
    }
    report(delivery, answer);
    if (!spans_) return;
    Span span = delivery_span(receiver_.name, delivery, answer, span_id);
    span.start = start.wall;
    span.duration = end.steady - start.steady;
    spans_(std::move(span));
  }

  void count(const Answer& answer, WallTime now) {
    stats_.last_error = answer.outcome == Outcome::delivered ? std::string() : answer.text;
    stats_.misconfigured = answer.outcome == Outcome::refused;
    switch (answer.outcome) {
      case Outcome::delivered:
        ++stats_.sent;
        stats_.last_success = now;
        return;
      case Outcome::retry:
        ++stats_.failed_attempts;
        return;
      case Outcome::refused:
        ++stats_.rejected;
        return;
    }
  }

  void report(const Delivery& delivery, const Answer& answer) {
    const std::string fault = std::to_string(answer.status);
    switch (answer.outcome) {
      case Outcome::delivered:
        report_delivered(delivery, answer);
        return;
      case Outcome::retry:
        if (fault_ != fault)
          log_failure(LogLevel::warning, "notification not delivered, it will be tried again",
                      delivery, answer);
        fault_ = fault;
        return;
      case Outcome::refused:
        log_failure(LogLevel::error,
                    "notification refused by the receiver: check its settings", delivery, answer);
        fault_ = fault;
        return;
    }
  }

  void report_delivered(const Delivery& delivery, const Answer& answer) {
    const Incident& incident = delivery.incident();
    if (!fault_.empty())
      log_.info("receiver accepts notifications again", {{"receiver", receiver_.name}});
    fault_.clear();
    if (answer.text != beside_ && !answer.text.empty())
      log_failure(LogLevel::warning, "notification delivered, but not everywhere", delivery, answer);
    beside_ = answer.text;
    // What is told again every minute would fill the log.
    const bool refresh = delivery.repeat && receiver_.policy.resolved_repeated_for;
    log_.write(refresh ? LogLevel::debug : LogLevel::info, "notification delivered",
               {{"incident", incident.id},
                {"correlation_id", incident.correlation.hex()},
                {"receiver", receiver_.name},
                {"alertname", incident.cause.rule},
                {"status", status_of(*delivery.notice)},
                {"attempt", delivery.attempt}});
  }

  void log_failure(LogLevel level, std::string_view message, const Delivery& delivery,
                   const Answer& answer) {
    const Incident& incident = delivery.incident();
    log_.write(level, message, {{"incident", incident.id},
                                {"correlation_id", incident.correlation.hex()},
                                {"receiver", receiver_.name},
                                {"error", answer.text}});
  }

  void log_undelivered(const Notice& notice, std::string_view message) {
    const Incident& incident = notice.transition.incident;
    log_.error(message, {{"incident", incident.id},
                         {"correlation_id", incident.correlation.hex()},
                         {"receiver", receiver_.name},
                         {"alertname", incident.cause.rule},
                         {"status", status_of(notice)}});
  }

  const NamedReceiver receiver_;
  const Clock& clock_;
  Log& log_;
  const SpanSink spans_;
  std::stop_source stop_;
  // The worker's thread: the status of the last failure, empty when all is well; and what went wrong
  // beside the last delivery.
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

Notifier::Notifier(std::vector<NamedReceiver> receivers, NotifierOptions options,
                   const Clock& clock, Log& log, SpanSink spans)
    : clock_(clock) {
  if (!options.chance) options.chance = random_chance;
  for (NamedReceiver& receiver : receivers)
    workers_.push_back(std::make_unique<Worker>(std::move(receiver), options, clock, log, spans));
}

Notifier::~Notifier() {
  stop(Duration::zero());
}

void Notifier::publish(const ReportPtr& report) {
  if (workers_.empty() || report->transitions.empty()) return;
  const SteadyTime now = clock_.now().steady;
  for (const Transition& transition : report->transitions) {
    const NoticePtr notice = notice_of(transition, report->at.wall);
    for (const auto& worker : workers_) worker->push(notice, now);
  }
}

void Notifier::restore(const std::vector<Incident>& open,
                       const std::vector<Undelivered>& undelivered,
                       const std::optional<std::set<std::string>>& receivers,
                       const std::vector<KeptHandle>& handles) {
  struct Left {
    NoticePtr told;
    std::vector<NoticePtr> notices;
    std::string handle;
  };
  const SteadyTime now = clock_.now().steady;
  for (const auto& worker : workers_) {
    std::map<uint64_t, Left> left;  // by incident
    const bool is_new = receivers && !receivers->contains(worker->name());
    for (const Incident& incident : open) {
      if (is_new) {
        left[incident.id].notices = {opened_notice(incident)};
      } else {
        left[incident.id].told = told_notice(incident);
      }
    }
    for (const Undelivered& one : undelivered) {
      if (one.receiver != worker->name()) continue;
      const Incident& incident = one.notice->transition.incident;
      Left& entry = left[incident.id];
      entry.told = one.told ? told_notice(incident) : nullptr;
      entry.notices.push_back(one.notice);
    }
    for (const KeptHandle& handle : handles) {
      if (handle.receiver == worker->name() && left.contains(handle.incident))
        left[handle.incident].handle = handle.text;
    }
    for (auto& [id, entry] : left) {
      std::ranges::sort(entry.notices, {},
                        [](const NoticePtr& notice) { return notice->transition.sequence; });
      worker->restore(entry.told, entry.notices, now, entry.handle);
    }
  }
}

std::set<std::string> Notifier::receivers() const {
  std::set<std::string> names;
  for (const auto& worker : workers_) names.insert(worker->name());
  return names;
}

std::vector<Undelivered> Notifier::undelivered() const {
  std::vector<Undelivered> all;
  for (const auto& worker : workers_) worker->add_undelivered(all);
  return all;
}

std::vector<KeptHandle> Notifier::handles() const {
  std::vector<KeptHandle> all;
  for (const auto& worker : workers_) worker->add_handles(all);
  return all;
}

void Notifier::foresee(const Report& report, std::vector<Undelivered>& undelivered) const {
  for (const Transition& transition : report.transitions) {
    const NoticePtr notice = notice_of(transition, report.at.wall);
    for (const auto& worker : workers_)
      undelivered.push_back({worker->name(), notice, worker->was_told(transition.incident.id)});
  }
}

uint64_t Notifier::settled() const {
  uint64_t settled = 0;
  for (const auto& worker : workers_) settled += worker->settled();
  return settled;
}

void Notifier::stop(Duration limit) {
  const SteadyTime now = clock_.now().steady;
  for (const auto& worker : workers_) worker->begin_stop(now, now + limit);
  for (const auto& worker : workers_) worker->await_end();
  for (const auto& worker : workers_) worker->cancel();
  for (const auto& worker : workers_) worker->join();
}

std::vector<ReceiverStats> Notifier::stats() const {
  std::vector<ReceiverStats> stats;
  for (const auto& worker : workers_) stats.push_back(worker->stats());
  return stats;
}

}  // namespace highwater::notify
