#include "exporters/notify/worker.h"

#include <algorithm>
#include <random>
#include <utility>

#include "agent/core/incident_group.h"
#include "exporters/notify/delivery_span.h"

namespace highwater::notify {
namespace {

constexpr size_t kMaxUndeliveredLines = 100;
constexpr Duration kStillNew = std::chrono::seconds(5);

double random_chance() {
  thread_local std::mt19937_64 engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

std::string_view status_of(const Notice& notice) {
  return notice.transition.kind == TransitionKind::resolved ? "resolved" : "firing";
}

LogField numbered(uint64_t id) {
  return is_group(id) ? LogField("group", group_number(id)) : LogField("incident", id);
}

}  // namespace

Worker::Worker(NamedReceiver receiver, const NotifierOptions& options, DeliveryLog& deliveries,
               const Clock& clock, Log& log, SpanSink spans)
    : receiver_(std::move(receiver)),
      deliveries_(deliveries),
      clock_(clock),
      log_(log),
      spans_(std::move(spans)),
      on_delivered_(options.on_delivered),
      incident_now_(options.incident_now),
      remedy_now_(options.remedy_now),
      acknowledge_link_(options.acknowledge_link),
      identity_(options.identity),
      state_problem_(options.state_problem),
      queue_(receiver_.policy, options.chance ? options.chance : random_chance) {
  stats_.name = receiver_.name;
  thread_ = std::thread([this] { run(); });
}

void Worker::push(const NoticePtr& notice, SteadyTime now) {
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

void Worker::tell_again(const NoticePtr& notice) {
  {
    const std::lock_guard lock(mutex_);
    queue_.tell_again(notice);
  }
  changed_.notify_all();
}

void Worker::repeat_every(uint64_t incident, std::optional<Duration> interval) {
  {
    const std::lock_guard lock(mutex_);
    queue_.repeat_every(incident, interval);
  }
  changed_.notify_all();
}

void Worker::restore(const NoticePtr& told, const std::vector<NoticePtr>& undelivered,
                     SteadyTime now, const std::string& handle) {
  {
    const std::lock_guard lock(mutex_);
    queue_.restore(told, undelivered, now, handle);
  }
  changed_.notify_all();
}

void Worker::add_undelivered(std::vector<Undelivered>& all) const {
  const std::lock_guard lock(mutex_);
  for (NoticePtr& notice : queue_.undelivered()) {
    const bool told = queue_.was_told(notice->transition.incident.id);
    all.push_back({receiver_.name, std::move(notice), told});
  }
}

void Worker::add_handles(std::vector<KeptHandle>& all) const {
  const std::lock_guard lock(mutex_);
  for (auto& [incident, text] : queue_.handles())
    all.push_back({receiver_.name, incident, std::move(text)});
}

std::set<uint64_t> Worker::told() const {
  const std::lock_guard lock(mutex_);
  return queue_.told();
}

bool Worker::was_told(uint64_t incident) const {
  const std::lock_guard lock(mutex_);
  return queue_.was_told(incident);
}

bool Worker::knows(uint64_t incident) const {
  const std::lock_guard lock(mutex_);
  return queue_.knows(incident);
}

Hearing Worker::hearing(uint64_t incident) const {
  const std::lock_guard lock(mutex_);
  return queue_.hearing(incident);
}

uint64_t Worker::settled() const {
  const std::lock_guard lock(mutex_);
  return stats_.sent + stats_.rejected + stats_.given_up;
}

void Worker::begin_stop(SteadyTime now, SteadyTime deadline) {
  {
    const std::lock_guard lock(mutex_);
    if (drain_until_) return;
    drain_until_ = deadline;
    queue_.begin_drain(now);
  }
  changed_.notify_all();
}

void Worker::await_end() {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, *drain_until_, [this] { return ended_; });
}

void Worker::join() {
  if (!thread_.joinable()) return;
  thread_.join();
  log_all_undelivered(queue_, "notification not delivered before the agent stopped");
}

Worker::Legacy Worker::retire() {
  {
    const std::lock_guard lock(mutex_);
    drain_until_ = SteadyTime::min();
  }
  changed_.notify_all();
  cancel();
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(mutex_);
  return {std::move(queue_), stats_};
}

void Worker::take_over(Legacy former, SteadyTime now) {
  {
    const std::lock_guard lock(mutex_);
    queue_.take_over(std::move(former.queue), now);
    stats_ = std::move(former.stats);
    stats_.misconfigured = false;
    stats_.last_error.clear();
  }
  changed_.notify_all();
}

void Worker::log_left(const Legacy& left) {
  log_all_undelivered(left.queue, "notification not delivered: its receiver was removed");
}

ReceiverStats Worker::stats() const {
  const std::lock_guard lock(mutex_);
  ReceiverStats stats = stats_;
  stats.pending = queue_.pending();
  return stats;
}

void Worker::run() {
  while (const std::optional<Delivery> delivery = wait_for_next()) attempt(*delivery);
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
}

std::optional<Delivery> Worker::wait_for_next() {
  std::unique_lock lock(mutex_);
  while (true) {
    const SteadyTime now = clock_.now().steady;
    if (drain_until_ && (now >= *drain_until_ || queue_.pending() == 0)) return std::nullopt;
    ReceiverQueue::Action action = queue_.next_action(now);
    if (action.send) return std::move(action.send);
    if (drain_until_ && action.until.value_or(*drain_until_) >= *drain_until_) return std::nullopt;
    if (action.until) {
      changed_.wait_until(lock, *action.until);
    } else {
      changed_.wait(lock);
    }
  }
}

void Worker::attempt(const Delivery& next) {
  const SpanId span_id = SpanId::random();
  const Now start = clock_.now();
  const Delivery delivery = with_present(next, start.wall);
  const Answer answer = receiver_.receiver->deliver(
      delivery,
      {.limit = receiver_.timeout, .stop = stop_.get_token(), .now = start.wall, .span = span_id});
  const Now end = clock_.now();
  {
    const std::lock_guard lock(mutex_);
    queue_.on_answer(answer, end.steady);
    count(answer, end.wall);
  }
  if (answer.outcome != Outcome::delivered || !is_refresh(delivery))
    deliveries_.add(receiver_.name, delivery, answer, start.wall, end.wall);
  report(delivery, answer);
  if (answer.outcome == Outcome::delivered && !delivery.repeat && on_delivered_)
    on_delivered_(receiver_.name,
                  std::max<Duration>(end.wall - delivery.notice->at, Duration::zero()));
  if (!spans_) return;
  Span span = delivery_span(receiver_.name, delivery, answer, span_id);
  span.start = start.wall;
  span.duration = end.steady - start.steady;
  spans_(std::move(span));
}

Delivery Worker::with_present(Delivery delivery, WallTime now) const {
  const bool open =
      !delivery.resolved() && !delivery.notice->test && !is_several(delivery.incident());
  std::string problem = state_problem_ ? state_problem_() : std::string();
  if (!open && identity_ == nullptr && problem.empty()) return delivery;
  auto notice = std::make_shared<Notice>(*delivery.notice);
  if (open && incident_now_ && now - notice->at > kStillNew) {
    if (std::optional<Incident> incident = incident_now_(delivery.incident()))
      notice->transition.incident = std::move(*incident);
  }
  if (open && remedy_now_) notice->remedy = remedy_now_(notice->transition.incident);
  if (open && acknowledge_link_)
    notice->acknowledge = acknowledge_link_(notice->transition.incident);
  notice->identity = identity_;
  notice->state_problem = std::move(problem);
  delivery.notice = std::move(notice);
  return delivery;
}

void Worker::count(const Answer& answer, WallTime now) {
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

void Worker::report(const Delivery& delivery, const Answer& answer) {
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
      log_failure(LogLevel::error, "notification refused by the receiver: check its settings",
                  delivery, answer);
      fault_ = fault;
      return;
  }
}

void Worker::report_delivered(const Delivery& delivery, const Answer& answer) {
  const Incident& incident = delivery.incident();
  if (!fault_.empty())
    log_.info("receiver accepts notifications again", {{"receiver", receiver_.name}});
  fault_.clear();
  if (answer.text != beside_ && !answer.text.empty())
    log_failure(LogLevel::warning, "notification delivered, but not everywhere", delivery, answer);
  beside_ = answer.text;
  // What is told again every minute would fill the log.
  log_.write(is_refresh(delivery) ? LogLevel::debug : LogLevel::info, "notification delivered",
             {numbered(incident.id),
              {"correlation_id", incident.correlation.hex()},
              {"receiver", receiver_.name},
              {"alertname", incident.cause.rule},
              {"status", status_of(*delivery.notice)},
              {"attempt", delivery.attempt}});
}

void Worker::log_failure(LogLevel level, std::string_view message, const Delivery& delivery,
                         const Answer& answer) {
  const Incident& incident = delivery.incident();
  log_.write(level, message,
             {numbered(incident.id),
              {"correlation_id", incident.correlation.hex()},
              {"receiver", receiver_.name},
              {"error", answer.text}});
}

void Worker::log_all_undelivered(const ReceiverQueue& queue, std::string_view message) {
  const std::vector<NoticePtr> left = queue.undelivered();
  for (size_t i = 0; i < std::min(left.size(), kMaxUndeliveredLines); ++i)
    log_undelivered(*left[i], message);
  if (left.size() > kMaxUndeliveredLines) {
    log_.error("more notifications were not delivered",
               {{"receiver", receiver_.name}, {"count", left.size() - kMaxUndeliveredLines}});
  }
}

void Worker::log_undelivered(const Notice& notice, std::string_view message) {
  const Incident& incident = notice.transition.incident;
  log_.error(message, {numbered(incident.id),
                       {"correlation_id", incident.correlation.hex()},
                       {"receiver", receiver_.name},
                       {"alertname", incident.cause.rule},
                       {"status", status_of(notice)}});
}

}  // namespace highwater::notify
