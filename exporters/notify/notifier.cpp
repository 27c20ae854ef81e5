#include "exporters/notify/notifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/core/incident_group.h"
#include "exporters/incident_text.h"
#include "exporters/notify/worker.h"

namespace highwater::notify {
namespace {

NoticePtr notice_of(const Transition& transition, WallTime at) {
  auto notice = std::make_shared<Notice>(Notice{transition, at});
  notice->transition.revealed_by = nullptr;
  notice->transition.incident.direction = nullptr;
  return notice;
}

// Stands for what a receiver heard of an incident before a restart.
NoticePtr told_notice(const Incident& incident) {
  Transition transition;
  transition.kind = TransitionKind::updated;
  transition.incident = incident;
  return notice_of(transition, incident.updated);
}

// For a receiver that has not heard of an incident that is open. Its sequence is one that no
// transition to come can have: each incident has had a transition of its own.
NoticePtr opened_notice(const Incident& incident, WallTime at, std::string because,
                        std::string affected) {
  Transition transition;
  transition.kind = TransitionKind::opened;
  transition.incident = incident;
  transition.sequence = incident.id;
  transition.because = std::move(because);
  transition.affected = std::move(affected);
  return notice_of(transition, at);
}

NoticePtr with_affected(const Notice& notice, std::string affected) {
  auto made = std::make_shared<Notice>(notice);
  made->transition.affected = std::move(affected);
  return made;
}

// Stands for whatever hid an incident before a restart.
DirectionPtr hidden_before() {
  Direction direction;
  direction.silenced_by = {"before the restart"};
  return std::make_shared<const Direction>(std::move(direction));
}

// How a receiver stands to an incident. Of one that it hears of in a group it hears nothing else.
struct Standing {
  bool hears = true;
  bool hidden = false;
  std::optional<Duration> repeat;     // nothing: as it has it itself; 0: never
  std::optional<Duration> escalated;  // it hears because nobody acknowledged it for so long
  const Hearer* affected = nullptr;   // set: it hears because of what is affected
};

std::string because(const Standing& standing) {
  if (!standing.escalated) return {};
  return "nobody has acknowledged it for " + describe_duration(*standing.escalated);
}

// "your topic orders and topic audit are affected by incident 17 (Broker 2 (prod) crashed)"
std::string affected(const Standing& standing, const Incident& incident) {
  if (standing.affected == nullptr) return {};
  const std::vector<std::string>& names = standing.affected->affected;
  const size_t count = standing.affected->affected_count;
  std::string all;
  for (size_t i = 0; i < names.size(); ++i)
    all += (i == 0 ? "" : i + 1 == count ? " and " : ", ") + names[i];
  if (count > names.size()) all += fmt::format(" and {} more", count - names.size());
  return fmt::format("your {} {} affected by incident {} ({})", all, count == 1 ? "is" : "are",
                     incident.id, incident_title(incident));
}

bool is_hidden(const DirectionPtr& direction) {
  return direction != nullptr && !direction->silenced_by.empty();
}

Standing standing_of(const DirectionPtr& direction, const std::string& receiver) {
  Standing standing;
  if (direction == nullptr) return standing;
  if (!direction->everyone) {
    const auto found = std::ranges::find(direction->hearers, receiver, &Hearer::receiver);
    standing.hears = found != direction->hearers.end() && !found->group;
    if (standing.hears) {
      standing.repeat = found->repeat_interval;
      standing.escalated = found->escalated;
      if (found->affected_count > 0) standing.affected = &*found;
    }
  }
  standing.hidden = is_hidden(direction);
  if (standing.hidden || !standing.hears || !direction->acknowledged.empty())
    standing.repeat = Duration::zero();
  return standing;
}

}  // namespace

Notifier::Notifier(std::vector<NamedReceiver> receivers, NotifierOptions options,
                   const Clock& clock, Log& log, SpanSink spans)
    : options_(std::move(options)), clock_(clock), log_(log), spans_(std::move(spans)) {
  for (NamedReceiver& receiver : receivers) workers_.push_back(make_worker(std::move(receiver)));
}

std::shared_ptr<Worker> Notifier::make_worker(NamedReceiver receiver) {
  return std::make_shared<Worker>(std::move(receiver), options_, *deliveries_, clock_, log_,
                                  spans_);
}

Notifier::Workers Notifier::workers() const {
  const std::lock_guard lock(mutex_);
  return workers_;
}

void Notifier::replace(const std::set<std::string>& kept, std::vector<NamedReceiver> made) {
  const SteadyTime now = clock_.now().steady;
  const Workers before = workers();
  Workers after;
  for (const auto& worker : before) {
    if (kept.contains(worker->name())) after.push_back(worker);
  }
  for (NamedReceiver& receiver : made) {
    const std::string name = receiver.name;
    const auto former = std::ranges::find(before, name, &Worker::name);
    std::optional<Worker::Legacy> legacy;
    if (former != before.end()) legacy.emplace((*former)->retire());
    after.push_back(make_worker(std::move(receiver)));
    if (legacy) after.back()->take_over(std::move(*legacy), now);
    newcomers_.insert(after.back().get());
  }
  for (const auto& worker : before) {
    if (std::ranges::find(after, worker->name(), &Worker::name) == after.end())
      worker->log_left(worker->retire());
    if (std::ranges::find(after, worker) == after.end()) newcomers_.erase(worker.get());
  }
  const std::lock_guard lock(mutex_);
  workers_ = std::move(after);
}

Notifier::~Notifier() {
  stop(Duration::zero());
}

// What the report's transitions and directions mean for each receiver, in order.
std::vector<Notifier::Order> Notifier::orders_of(const Report& report) const {
  std::vector<Order> orders;
  std::set<std::pair<const Worker*, uint64_t>> informed;  // in this report
  for (const Transition& transition : report.transitions) {
    const NoticePtr notice = notice_of(transition, report.at.wall);
    const uint64_t id = transition.incident.id;
    const bool resolved = transition.kind == TransitionKind::resolved;
    for (const auto& worker : workers_) {
      // Whoever heard of it hears of its end, whatever the routes and silences say now.
      const Standing standing = standing_of(transition.incident.direction, worker->name());
      const bool known = informed.contains({worker.get(), id}) || worker->knows(id);
      if (!resolved && (standing.hidden || !(standing.hears || known))) continue;
      orders.push_back({worker.get(),
                        known || standing.affected == nullptr || resolved
                            ? notice
                            : with_affected(*notice, affected(standing, transition.incident)),
                        false});
      informed.insert({worker.get(), id});
    }
  }
  for (const Incident& incident : report.incidents) {
    const auto before = directions_.find(incident.id);
    const bool same = before != directions_.end() && before->second == incident.direction;
    if (same && newcomers_.empty()) continue;
    const bool was_hidden = before != directions_.end() && is_hidden(before->second);
    if (is_hidden(incident.direction)) continue;
    for (const auto& worker : workers_) {
      if (same && !newcomers_.contains(worker.get())) continue;
      const Standing standing = standing_of(incident.direction, worker->name());
      if (!standing.hears) continue;
      if (informed.contains({worker.get(), incident.id})) continue;
      const bool known = worker->knows(incident.id);
      const bool newly_escalated = standing.escalated && before != directions_.end() &&
                                   !standing_of(before->second, worker->name()).hears;
      if (known && !was_hidden && !newly_escalated) continue;
      orders.push_back(
          {worker.get(),
           opened_notice(incident, report.at.wall, because(standing), affected(standing, incident)),
           known});
    }
  }
  for (const GroupNotice& group : report.groups) {
    const auto worker = std::ranges::find(workers_, group.receiver, &Worker::name);
    if (worker == workers_.end()) continue;
    orders.push_back({worker->get(), notice_of(group.transition, report.at.wall), group.again});
  }
  return orders;
}

void Notifier::publish(const ReportPtr& report) {
  if (workers_.empty()) return;
  const SteadyTime now = clock_.now().steady;
  if (std::exchange(foreseen_of_, nullptr) != report.get()) foreseen_ = orders_of(*report);
  const std::vector<Order> orders = std::move(foreseen_);
  for (const Order& order : orders) {
    if (order.again) {
      order.worker->tell_again(order.notice);
      continue;
    }
    order.worker->push(order.notice, now);
    // It is decided with the group when that is told again.
    const uint64_t id = order.notice->transition.incident.id;
    if (is_group(id)) order.worker->repeat_every(id, Duration::zero());
  }
  std::map<uint64_t, DirectionPtr> directions;
  for (const Incident& incident : report->incidents) {
    const auto before = directions_.find(incident.id);
    const bool same = before != directions_.end() ? before->second == incident.direction
                                                  : incident.direction == nullptr;
    for (const auto& worker : workers_) {
      if (same && !newcomers_.contains(worker.get())) continue;
      worker->repeat_every(incident.id, standing_of(incident.direction, worker->name()).repeat);
    }
    directions.emplace(incident.id, incident.direction);
  }
  directions_ = std::move(directions);
  newcomers_.clear();
}

void Notifier::restore(const std::vector<Incident>& open,
                       const std::vector<Undelivered>& undelivered, const Heard& heard,
                       const std::vector<KeptHandle>& handles) {
  struct Left {
    NoticePtr told;
    std::vector<NoticePtr> notices;
    std::string handle;
  };
  const SteadyTime now = clock_.now().steady;
  for (const auto& worker : workers_) {
    std::map<uint64_t, Left> left;  // by incident
    for (const Incident& incident : open) {
      const bool others = incident.group != nullptr && incident.group->receiver != worker->name();
      if (!others && heard.was_told(worker->name(), incident.id))
        left[incident.id].told = told_notice(incident);
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
      std::ranges::sort(entry.notices, {}, [](const NoticePtr& notice) {
        const Transition& transition = notice->transition;
        return std::pair(transition.kind == TransitionKind::resolved, transition.sequence);
      });
      worker->restore(entry.told, entry.notices, now, entry.handle);
      if (is_group(id)) worker->repeat_every(id, Duration::zero());
    }
  }
  for (const uint64_t incident : heard.hidden) directions_[incident] = hidden_before();
}

void Notifier::heard_elsewhere(const Incident& incident) {
  const SteadyTime now = clock_.now().steady;
  for (const auto& worker : workers_) {
    const Standing standing = standing_of(incident.direction, worker->name());
    if (standing.hears && !worker->knows(incident.id))
      worker->restore(told_notice(incident), {}, now, "");
  }
}

bool Heard::was_told(const std::string& receiver, uint64_t incident) const {
  const auto found = told.find(receiver);
  if (found != told.end()) return found->second.contains(incident);
  return !receivers || receivers->contains(receiver);
}

Heard Notifier::heard() const {
  Heard heard;
  std::set<std::string>& names = heard.receivers.emplace();
  for (const auto& worker : workers_) {
    names.insert(worker->name());
    heard.told[worker->name()] = worker->told();
  }
  for (const auto& [incident, direction] : directions_) {
    if (is_hidden(direction)) heard.hidden.insert(incident);
  }
  return heard;
}

std::vector<Undelivered> Notifier::undelivered() const {
  std::vector<Undelivered> all;
  for (const auto& worker : workers()) worker->add_undelivered(all);
  return all;
}

std::vector<KeptHandle> Notifier::handles() const {
  std::vector<KeptHandle> all;
  for (const auto& worker : workers()) worker->add_handles(all);
  return all;
}

std::vector<Undelivered> Notifier::foresee(const Report& report) {
  std::vector<Undelivered> added;
  foreseen_ = orders_of(report);
  foreseen_of_ = &report;
  for (const Order& order : foreseen_) {
    if (order.again) continue;  // it was delivered before
    added.push_back({order.worker->name(), order.notice,
                     order.worker->was_told(order.notice->transition.incident.id)});
  }
  return added;
}

Hearing Notifier::hearing(const std::string& receiver, uint64_t id) const {
  for (const auto& worker : workers()) {
    if (worker->name() == receiver) return worker->hearing(id);
  }
  return Hearing::nothing;
}

uint64_t Notifier::settled() const {
  uint64_t settled = 0;
  for (const auto& worker : workers()) settled += worker->settled();
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
  for (const auto& worker : workers()) stats.push_back(worker->stats());
  return stats;
}

}  // namespace highwater::notify
